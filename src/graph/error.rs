//! Graph's errors, and the one place that says what they mean.

use std::time::Duration;

use reqwest::StatusCode;

use super::answer::OwnError;
use super::user::is_property;
use crate::credentials::CredentialError;
use crate::outbound::{Answer, Disposition, OutboundError};

/// What was asked of Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reading the audit log.
    ReadAuditLog,
    /// Reading a user.
    ReadUser,
    /// Changing a user.
    UpdateUser,
}

impl Operation {
    fn doing(self) -> &'static str {
        match self {
            Self::ReadAuditLog => "read the audit log",
            Self::ReadUser => "read a user",
            Self::UpdateUser => "change a user",
        }
    }

    /// The status of its success.
    pub(super) fn success(self) -> StatusCode {
        match self {
            Self::ReadAuditLog | Self::ReadUser => StatusCode::OK,
            Self::UpdateUser => StatusCode::NO_CONTENT,
        }
    }

    fn permissions(self) -> &'static str {
        match self {
            Self::ReadAuditLog => "AuditLog.Read.All and Directory.Read.All",
            Self::ReadUser => "User.Read.All",
            Self::UpdateUser => "User.ReadWrite.All",
        }
    }
}

/// What an error answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// No such user: gone, or so new that not every server knows it.
    UserNotFound,
    /// Somebody else has this user principal name.
    UpnTaken,
    /// The window begins before the audit log does.
    RetentionExceeded,
    /// The tenant has no licence for this report.
    LicenceMissing,
    /// The app registration may not do this.
    PermissionMissing,
    /// The token is not accepted, not even a fresh one.
    Unauthorised,
    /// Too much, or broken for the moment.
    Transient,
    /// Anything else.
    Other,
}

/// Why Graph did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// No token.
    #[error("cannot get a token for Microsoft Graph")]
    Token(#[source] CredentialError),
    /// No answer.
    #[error("Microsoft Graph gave no usable answer")]
    NoAnswer(#[source] OutboundError),
    /// An error answer in Graph's own form.
    #[error("cannot {}: Microsoft Graph answers {status} {code}: {}", .operation.doing(), explain(*.kind, *.operation, .properties))]
    Refused {
        /// What was asked.
        operation: Operation,
        /// What it means.
        kind: ErrorKind,
        /// The status.
        status: StatusCode,
        /// Graph's code; may be empty.
        code: String,
        /// The properties that Graph's message names. The message itself is not kept: it may quote values.
        properties: String,
        /// The verdict of the status, with the wait it asks for.
        transport: Disposition,
    },
    /// A next link that leads elsewhere.
    #[error("the audit log's next page is on {host}, not on the Graph host: refusing to send the token there")]
    ForeignNextLink {
        /// The host.
        host: String,
    },
    /// More pages than a run may read.
    #[error("the audit log has more than {limit} pages for one window")]
    TooManyPages {
        /// The limit.
        limit: u32,
    },
    /// Neither the documented success nor an error of Graph's own: what else is there answered in its place.
    #[error("cannot {}: the answer {status} is not Microsoft Graph's: {what}", .operation.doing())]
    Unreadable {
        /// What was asked.
        operation: Operation,
        /// The status.
        status: StatusCode,
        /// What is wrong with it.
        what: &'static str,
        /// How long it asks to wait.
        after: Option<Duration>,
    },
    /// A link to the next page that makes no sense.
    #[error("the audit log cannot be read on: {what}")]
    Unusable {
        /// What is wrong with it.
        what: &'static str,
    },
}

impl GraphError {
    /// What an error answer means; `Other` for all else.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        if let Self::Refused { kind, .. } = self { *kind } else { ErrorKind::Other }
    }

    /// The verdict for the work as a whole. A user that is not there may only be too new.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Token(source) => source.disposition(),
            Self::NoAnswer(source) => source.disposition(),
            Self::Refused { kind: ErrorKind::UserNotFound, .. } | Self::Unusable { .. } => {
                Disposition::Retry { after: None }
            }
            Self::Unreadable { after, .. } => Disposition::Retry { after: *after },
            Self::Refused { transport, .. } => *transport,
            Self::ForeignNextLink { .. } | Self::TooManyPages { .. } => Disposition::GiveUp,
        }
    }

    /// The verdict for repeating the call at once: overload, broken connections, and what Graph did not write.
    pub(super) fn repeat(&self) -> Disposition {
        match self {
            Self::Token(source) => source.disposition(),
            Self::NoAnswer(source) => source.disposition(),
            Self::Unreadable { after, .. } => Disposition::Retry { after: *after },
            Self::Refused { transport, .. } => *transport,
            Self::ForeignNextLink { .. } | Self::TooManyPages { .. } | Self::Unusable { .. } => Disposition::GiveUp,
        }
    }

    /// Whether a person has to repair something (credential, permission, licence): no account is to blame.
    #[must_use]
    pub fn is_setup(&self) -> bool {
        let setup = [ErrorKind::LicenceMissing, ErrorKind::PermissionMissing, ErrorKind::Unauthorised];
        matches!(self, Self::Token(_)) || setup.contains(&self.kind())
    }

    /// An answer that is no success, read and classified.
    pub(super) fn from_answer(operation: Operation, answer: &Answer) -> Self {
        let Some(OwnError { code, message }) = OwnError::of(answer) else {
            return Self::unreadable(operation, answer, "it is neither the success nor an error as documented");
        };
        let kind = classify(operation, answer.status, &code, &message);
        let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || "_.-".contains(*c)).take(80).collect();
        let properties = properties(&message);
        Self::Refused { operation, kind, status: answer.status, code, properties, transport: answer.disposition() }
    }

    /// An answer that cannot be used.
    pub(super) fn unreadable(operation: Operation, answer: &Answer, what: &'static str) -> Self {
        Self::Unreadable { operation, status: answer.status, what, after: answer.retry_after_if_throttled() }
    }
}

/// The one place where statuses, codes and messages of Graph are understood.
fn classify(operation: Operation, status: StatusCode, code: &str, message: &str) -> ErrorKind {
    let says = |text: &str| message.to_ascii_lowercase().contains(text);
    let about_a_user = operation != Operation::ReadAuditLog;
    match status.as_u16() {
        400 if says("minimum allowed time for activitydatetime") => ErrorKind::RetentionExceeded,
        400 | 409 if operation == Operation::UpdateUser && says("userprincipalname already exists") => {
            ErrorKind::UpnTaken
        }
        400 | 409 if operation == Operation::UpdateUser && says("conflicting object with one or more") => {
            ErrorKind::UpnTaken
        }
        404 if about_a_user && (code.contains("ResourceNotFound") || code.contains("ObjectNotFound")) => {
            ErrorKind::UserNotFound
        }
        401 => ErrorKind::Unauthorised,
        _ if code == "InvalidAuthenticationToken" => ErrorKind::Unauthorised,
        403 if code.contains("NonPremiumTenant") || says("premium licen") => ErrorKind::LicenceMissing,
        403 => ErrorKind::PermissionMissing,
        408 | 425 | 429 | 500.. => ErrorKind::Transient,
        _ => ErrorKind::Other,
    }
}

/// What a person should know or do.
fn explain(kind: ErrorKind, operation: Operation, properties: &str) -> String {
    match kind {
        ErrorKind::LicenceMissing => "the tenant has no premium licence for audit logs through Graph; add Entra ID P1 \
                                      or P2 to the tenant"
            .to_owned(),
        ErrorKind::PermissionMissing => format!(
            "the app registration lacks a permission; grant the application permission {} and give admin consent",
            operation.permissions()
        ),
        ErrorKind::Unauthorised => "the token is not accepted; check tenant.id and tenant.endpoints.graph".to_owned(),
        ErrorKind::UserNotFound => "there is no such user, or not everywhere yet".to_owned(),
        ErrorKind::UpnTaken => "another user has this userPrincipalName".to_owned(),
        ErrorKind::RetentionExceeded => "the audit log does not reach back that far".to_owned(),
        ErrorKind::Transient => "it cannot for the moment".to_owned(),
        ErrorKind::Other => properties.to_owned(),
    }
}

/// The properties a message names. All else in it may be personal: values stand there with and without quotes.
fn properties(message: &str) -> String {
    let words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut named: Vec<&str> = words.filter(|word| is_property(word)).collect();
    named.dedup();
    if named.is_empty() { "it does not say which property is wrong".to_owned() } else { named.join(", ") }
}

#[cfg(test)]
mod tests;
