//! Checks the keys of a rule that are about dates.

use chrono::NaiveDate;

use super::keys::{AGES, RuleKeys};
use crate::config::checks;
use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::signup::rules::{DateCheck, Day, check_date_format};

/// Checks these keys. `None`: the rule has none of them.
pub(super) fn date(keys: &RuleKeys, diagnostics: &mut Diagnostics) -> Option<DateCheck> {
    let format = keys.date_format.as_ref().map(|format| {
        if let Err(error) = check_date_format(&format.value) {
            diagnostics.error_at("date_format", &format.origin, error.to_string());
        }
        format.value.clone()
    });
    let earliest = keys.earliest.as_ref().and_then(|written| day(written, "earliest", diagnostics));
    let latest = keys.latest.as_ref().and_then(|written| day(written, "latest", diagnostics));
    if let (Some((Day::Fixed(first), origin)), Some((Day::Fixed(last), _))) = (&earliest, &latest)
        && first > last
    {
        diagnostics.error_at("earliest", origin, "is after latest: nothing can pass");
    }
    let min_age = keys.min_age.as_ref().map(|age| {
        checks::limits("min_age", age, &AGES, " years", diagnostics);
        u32::try_from(age.value).unwrap_or(u32::MAX)
    });
    let has_date_keys = format.is_some() || keys.earliest.is_some() || keys.latest.is_some() || min_age.is_some();
    has_date_keys.then(|| DateCheck {
        format: format.unwrap_or_else(|| DateCheck::ISO.to_owned()),
        earliest: earliest.map(|(day, _)| day),
        latest: latest.map(|(day, _)| day),
        min_age,
    })
}

fn day<'k>(written: &'k Spanned<String>, key: &str, diagnostics: &mut Diagnostics) -> Option<(Day, &'k Origin)> {
    if written.value == "today" {
        return Some((Day::Today, &written.origin));
    }
    let date = NaiveDate::parse_from_str(&written.value, DateCheck::ISO);
    if date.is_err() {
        let message = format!("{:?} is not a date: write it like 2026-01-31, or today", written.value);
        diagnostics.error_at(key, &written.origin, message);
    }
    date.ok().map(|date| (Day::Fixed(date), &written.origin))
}
