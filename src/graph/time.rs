//! Times as Microsoft Graph writes them.

use chrono::{DateTime, Utc};

/// A time with or without an offset (then UTC), with any number of fractional digits.
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let with_offset = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    with_offset.or_else(|_| text.parse::<chrono::NaiveDateTime>().map(|time| time.and_utc())).ok()
}
