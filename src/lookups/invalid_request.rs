//! Why the address or the body of a look-up cannot be used.

use url::ParseError;

use crate::expressions::TemplateError;

/// Why an address or a body cannot be used. It quotes no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRequest {
    /// The template cannot be compiled or rendered.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A member that does not exist.
    #[error("{path} does not exist{}", near.as_ref().map(|near| format!(": did you mean {near}?")).unwrap_or_default())]
    UnknownMember {
        path: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// A table instead of one of its members.
    #[error("{name} is a table: name one of its members, such as {name}.name")]
    WholeTable { name: String },
    /// Scheme, host or port are not there, or not in full, before the first tag.
    #[error("scheme, host and port must be written out, with a / after them: a template may begin there")]
    HostNotLiteral,
    /// The text is no address.
    #[error("the address cannot be read: {0}")]
    NotAnAddress(#[from] ParseError),
    /// Neither https nor loopback.
    #[error("only https may be called, or http on loopback")]
    NotHttps,
    /// A user name or a password in the address.
    #[error("the address has a user name or a password: put them into the header Authorization")]
    Credentials,
    /// A part that begins with `#`.
    #[error("the address has a #, and what follows it is never sent: remove it")]
    Fragment,
    /// `.` or `..` as a part of the path.
    #[error("the path has a part that is . or .., which would lead elsewhere")]
    DotSegment,
    /// The rendering leads to another host.
    #[error("the address leads to another host than the one written out")]
    OtherHost,
    /// A body that is no JSON.
    #[error("the body is not JSON once it is rendered: line {line}, column {column}{}", if *only_without_invitation { WITHOUT_INVITATION_REMEDY } else { "" })]
    NotJson {
        /// Where it went wrong, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
        /// Whether it is JSON for people who have an invitation.
        only_without_invitation: bool,
    },
}

/// What to do about a body that is not JSON for people without an invitation.
const WITHOUT_INVITATION_REMEDY: &str =
    r#", for somebody without an invitation: write {{ invite.name | default("null") }}"#;
