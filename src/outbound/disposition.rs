//! Decides whether a failed call is tried again. No other file classifies HTTP statuses in general.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Trying again later can help.
    Retry {
        /// How long the other side asked to wait.
        after: Option<Duration>,
    },
    /// Trying again cannot help; a person has to look at it.
    GiveUp,
    /// The other side will never accept it, and that is no error.
    Skip,
}

/// The verdict on a status that is no success: 408, 425, 429, every 3xx and every 5xx can be tried again, all others
/// cannot. Redirects are not followed. None of the services sends one, so it comes from something in between.
#[must_use]
pub(crate) fn classify_status(status: StatusCode, retry_after: Option<Duration>) -> Disposition {
    let transient = matches!(status.as_u16(), 408 | 425 | 429) || status.is_redirection() || status.is_server_error();
    if transient { Disposition::Retry { after: retry_after } } else { Disposition::GiveUp }
}

/// Reads `Retry-After` in both its forms, whole seconds and an HTTP date. A date in the past is zero.
#[must_use]
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?);
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderValue, RETRY_AFTER};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("7", Some(7))]
    #[case(" 120 ", Some(120))]
    #[case("Sat, 21 Nov 2026 10:00:30 GMT", Some(30))]
    #[case("Sat, 21 Nov 2026 09:00:00 GMT", Some(0))]
    #[case("soon", None)]
    #[case("-5", None)]
    fn reads_both_forms_of_retry_after(#[case] text: &'static str, #[case] seconds: Option<u64>) {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
        assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs));
    }
}
