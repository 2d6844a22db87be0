//! Graph's errors. Only this file decides what a status, a code or a message of Graph means.

use std::time::Duration;

use reqwest::StatusCode;

use super::error_body::ErrorBody;
use super::user::is_property;
use crate::credentials::CredentialError;
use crate::outbound::{Answer, Disposition, OutboundError};

/// What was asked of Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
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

    /// The documented status of a success.
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
pub(crate) enum ErrorKind {
    /// No such user: gone, or so new that not every server knows it.
    UserNotFound,
    /// Another user has this user principal name.
    UpnTaken,
    /// The window begins before the audit log does.
    RetentionExceeded,
    /// The tenant has no licence for this report.
    LicenceMissing,
    /// The app registration may not do this.
    PermissionMissing,
    /// The token is not accepted, not even a fresh one.
    Unauthorised,
    /// Throttled, or broken for the moment.
    Transient,
    /// Anything else.
    Other,
}

/// Why Graph did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    /// There is no token.
    #[error("cannot get a token for Microsoft Graph")]
    Token(#[source] CredentialError),
    /// There is no usable answer.
    #[error("Microsoft Graph gave no usable answer")]
    NoAnswer(#[source] OutboundError),
    /// An error answer in Graph's own form.
    #[error("cannot {}: Microsoft Graph answers {status} {}: {}", .operation.doing(), .code.as_deref().unwrap_or("without a code"), explain(*.kind, *.operation, .properties))]
    Refused {
        /// What was asked.
        operation: Operation,
        /// What the error means.
        kind: ErrorKind,
        status: StatusCode,
        /// Graph's code; `None` if what it wrote there does not look like one.
        code: Option<String>,
        /// The properties that Graph's message names. The message itself is not kept: it may quote values.
        properties: String,
        /// Whether to try again, judged by the status alone, with the wait that the answer asks for.
        by_status: Disposition,
    },
    /// A next link that leads to another host.
    #[error("the audit log's next page is on {host}, not on the Graph host: refusing to send the token there")]
    ForeignNextLink { host: String },
    /// More pages than a run may read.
    #[error("the audit log has more than {limit} pages for one window")]
    TooManyPages { limit: u32 },
    /// Neither the documented success nor an error in Graph's own form: something else answered in its place.
    #[error("cannot {}: the answer {status} is not Microsoft Graph's: {what}", .operation.doing())]
    UnexpectedAnswer {
        /// What was asked.
        operation: Operation,
        status: StatusCode,
        /// What is wrong with the answer.
        what: &'static str,
        /// How long the answer asks to wait.
        after: Option<Duration>,
    },
    /// The pages of the audit log do not lead on: a next link that is no address, or one that was followed already.
    #[error("the audit log cannot be read on: {what}")]
    BrokenPaging {
        /// What is wrong with the link.
        what: &'static str,
    },
}

impl GraphError {
    /// What an error answer means; `Other` for every other error.
    #[must_use]
    pub(crate) fn kind(&self) -> ErrorKind {
        if let Self::Refused { kind, .. } = self { *kind } else { ErrorKind::Other }
    }

    /// Whether to try again in a later run. A user that does not exist is tried again: it may only be too new.
    #[must_use]
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Self::Token(source) => source.disposition(),
            Self::NoAnswer(source) => source.disposition(),
            Self::Refused { kind: ErrorKind::UserNotFound, .. } | Self::BrokenPaging { .. } => {
                Disposition::Retry { after: None }
            }
            Self::UnexpectedAnswer { after, .. } => Disposition::Retry { after: *after },
            Self::Refused { by_status, .. } => *by_status,
            Self::ForeignNextLink { .. } | Self::TooManyPages { .. } => Disposition::GiveUp,
        }
    }

    /// Whether to repeat the call within this run: after overload, broken connections, and answers that Graph did not
    /// write.
    pub(super) fn repeat_disposition(&self) -> Disposition {
        match self {
            Self::Token(source) => source.disposition(),
            Self::NoAnswer(source) => source.disposition(),
            Self::UnexpectedAnswer { after, .. } => Disposition::Retry { after: *after },
            Self::Refused { by_status, .. } => *by_status,
            Self::ForeignNextLink { .. } | Self::TooManyPages { .. } | Self::BrokenPaging { .. } => Disposition::GiveUp,
        }
    }

    /// Whether somebody has to repair the set-up (credential, permission, licence), so that no account is to blame.
    #[must_use]
    pub(crate) fn is_setup(&self) -> bool {
        let setup = [ErrorKind::LicenceMissing, ErrorKind::PermissionMissing, ErrorKind::Unauthorised];
        matches!(self, Self::Token(_)) || setup.contains(&self.kind())
    }

    /// The error that an answer other than the documented success stands for.
    pub(super) fn from_answer(operation: Operation, answer: &Answer) -> Self {
        let Some(body) = ErrorBody::of(answer) else {
            return Self::unexpected(operation, answer, "it is neither the success nor an error as documented");
        };
        let kind = classify(operation, answer.status, &body.code, &body.message);
        let code = body.quotable_code().map(str::to_owned);
        let properties = properties(&body.message);
        Self::Refused { operation, kind, status: answer.status, code, properties, by_status: answer.disposition() }
    }

    /// An answer that Graph did not write, or that is not as documented.
    pub(super) fn unexpected(operation: Operation, answer: &Answer, what: &'static str) -> Self {
        Self::UnexpectedAnswer { operation, status: answer.status, what, after: answer.retry_after_if_throttled() }
    }
}

/// What Graph's statuses, codes and messages mean; nothing else matches on them.
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

/// What the error means for whoever runs the tenant, and what to do about it.
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

/// The properties that a message names. Everything else in a message may be personal: it quotes values.
fn properties(message: &str) -> String {
    let words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut named: Vec<&str> = words.filter(|word| is_property(word)).collect();
    named.dedup();
    if named.is_empty() { "it does not say which property is wrong".to_owned() } else { named.join(", ") }
}

#[cfg(test)]
mod tests;
