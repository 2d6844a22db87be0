//! The errors that an administrator finds in the sign-in log if an answer is not accepted.

/// Why Entra does not accept an answer. The person sees "Something went wrong" in each case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// The status is not 200.
    #[error("1003002 InvalidHTTPStatus: the answer has status {0}")]
    InvalidHttpStatus(u16),
    /// The body has the wrong shape.
    #[error("1003003 InvalidResponseBody: {0}")]
    InvalidResponseBody(String),
    /// The status is 429.
    #[error("1003004 ThrottlingError: the answer has status 429")]
    Throttling,
    /// There was no answer in time, even to the last try.
    #[error("1003005 TimedOut: no answer in time")]
    TimedOut,
    /// `Content-Type` is not JSON.
    #[error("1003006 InvalidResponseContentType: {0}")]
    InvalidResponseContentType(String),
    /// There is no body.
    #[error("1003009 EmptyResponse: the answer has no body")]
    EmptyResponse,
    /// The answer has no action, or more than one.
    #[error("1003010 InvalidNumberOfActions: the answer has {0} actions, not one")]
    InvalidNumberOfActions(usize),
    /// The action is not one of this event.
    #[error("1003012 InvalidActionType: {0}")]
    InvalidActionType(String),
    /// The body is too large.
    #[error("1003024 ResponseSizeExceeded: the answer has {0} bytes")]
    ResponseSizeExceeded(usize),
    /// There was no connection, or it was closed.
    #[error("1003027 ConnectionError: {0}")]
    Connection(String),
}

impl ExtensionError {
    /// The number an administrator sees.
    #[must_use]
    pub fn code(&self) -> u32 {
        match self {
            Self::InvalidHttpStatus(_) => 1_003_002,
            Self::InvalidResponseBody(_) => 1_003_003,
            Self::Throttling => 1_003_004,
            Self::TimedOut => 1_003_005,
            Self::InvalidResponseContentType(_) => 1_003_006,
            Self::EmptyResponse => 1_003_009,
            Self::InvalidNumberOfActions(_) => 1_003_010,
            Self::InvalidActionType(_) => 1_003_012,
            Self::ResponseSizeExceeded(_) => 1_003_024,
            Self::Connection(_) => 1_003_027,
        }
    }
}
