//! The body of a timer's invocation, in every form that was seen or must be expected.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::clock::timestamp;
use crate::shared::new_id;

/// How the times in the body are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerForm {
    /// As captured: `Last` without an offset, the others with `+00:00`, microseconds in `LastUpdated`.
    Captured,
    /// All with `Z` and seven digits of the second's fraction.
    Zulu,
    /// All without an offset, in whole seconds.
    NoOffset,
    /// The first `Last` of newer extensions, which is in year 1, with an offset.
    YearOneWithOffset,
    /// Offsets other than zero.
    OtherOffset,
    /// `ScheduleStatus` is null: monitoring is off.
    NoStatus,
    /// The run that makes up for missed ones.
    PastDue,
}

impl TimerForm {
    /// Every form.
    pub const ALL: [Self; 7] = [
        Self::Captured,
        Self::Zulu,
        Self::NoOffset,
        Self::YearOneWithOffset,
        Self::OtherOffset,
        Self::NoStatus,
        Self::PastDue,
    ];

    /// The body of an invocation at `now`, for the trigger binding of this name.
    #[must_use]
    pub fn body(self, binding: &str, now: DateTime<Utc>) -> Value {
        let times = self.times(now);
        let status = times.map(|[last, next, updated]| json!({ "Last": last, "Next": next, "LastUpdated": updated }));
        json!({
            "Data": { binding: {
                "Schedule": { "AdjustForDST": true },
                "ScheduleStatus": status,
                "IsPastDue": self == Self::PastDue,
            } },
            "Metadata": { "sys": {
                "MethodName": binding,
                "UtcNow": timestamp(now, 6),
                "RandGuid": new_id(),
            } },
        })
    }

    /// `Last`, `Next` and `LastUpdated`.
    fn times(self, now: DateTime<Utc>) -> Option<[String; 3]> {
        let ago = now - TimeDelta::minutes(5);
        let offset = |at: DateTime<Utc>, format| at.to_rfc3339_opts(format, false);
        let (whole, micros) = (SecondsFormat::Secs, SecondsFormat::Micros);
        let year_one = "0001-01-01T00:00:00";
        match self {
            Self::NoStatus => None,
            Self::Captured | Self::PastDue => Some([year_one.to_owned(), offset(now, whole), offset(ago, micros)]),
            Self::Zulu => Some([timestamp(ago, 7), timestamp(now, 7), timestamp(ago, 7)]),
            Self::NoOffset => Some([ago, now, ago].map(|at| at.format("%FT%T").to_string())),
            Self::YearOneWithOffset => Some([format!("{year_one}+00:00"), offset(now, whole), offset(ago, micros)]),
            Self::OtherOffset => Some([ago, now, ago].map(|at| at.format("%FT%T%.3f+02:00").to_string())),
        }
    }
}
