//! Dates on the form: how they are written, which of them pass, and how old a person is.

use std::fmt::Write as _;

use chrono::format::{Item, StrftimeItems};
use chrono::{Datelike, NaiveDate};

/// How dates are written, and which dates pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateCheck {
    /// How it is written, in the notation of `strftime`.
    pub format: String,
    /// The first day that passes.
    pub earliest: Option<Day>,
    /// The last day that passes.
    pub latest: Option<Day>,
    /// The least age in whole years on the day of the sign-up, if it is a date of birth.
    pub min_age: Option<u32>,
}

/// The greatest age that is accepted, in years.
const MAX_AGE: u32 = 150;

impl DateCheck {
    /// How dates are written if nothing else is said: `2026-11-21`.
    pub(crate) const ISO: &'static str = "%Y-%m-%d";

    /// Reads a date. A year has four digits: `20-01-31` is most likely a slip, and not the year 20.
    pub(super) fn read(&self, text: &str) -> Option<NaiveDate> {
        let date = NaiveDate::parse_from_str(text, &self.format).ok()?;
        (1000..=9999).contains(&date.year()).then_some(date)
    }

    /// Whether the text is a date that passes. In years without 29 February, people born on that day are a year older
    /// on 1 March.
    pub(super) fn passes(&self, text: &str, today: NaiveDate) -> bool {
        let Some(date) = self.read(text) else { return false };
        let old_enough = |age| today.years_since(date).is_some_and(|years| (age..=MAX_AGE).contains(&years));
        self.earliest.is_none_or(|first| date >= first.date(today))
            && self.latest.is_none_or(|last| date <= last.date(today))
            && self.min_age.is_none_or(old_enough)
    }
}

/// A day in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// A fixed day.
    Fixed(NaiveDate),
    /// The day of the sign-up, UTC.
    Today,
}

impl Day {
    fn date(self, today: NaiveDate) -> NaiveDate {
        match self {
            Self::Fixed(date) => date,
            Self::Today => today,
        }
    }
}

/// Why a text cannot be used as a date format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidDateFormat {
    /// It has a `%` with an unknown letter.
    #[error("has a % that stands for nothing: write for example %d.%m.%Y")]
    UnknownItem,
    /// A date that is written in this format cannot be read back.
    #[error("does not hold a whole date: it needs the year in full, the month and the day, such as %d.%m.%Y")]
    NotADate,
}

/// Checks that dates can be written and read back in this format.
pub(crate) fn check_date_format(format: &str) -> Result<(), InvalidDateFormat> {
    if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) {
        return Err(InvalidDateFormat::UnknownItem);
    }
    let reads_back = |day: NaiveDate| {
        let mut written = String::new();
        write!(written, "{}", day.format(format)).is_ok() && NaiveDate::parse_from_str(&written, format) == Ok(day)
    };
    // Days that differ in everything that a format could leave out: the century, the year, the month, the day.
    let days = [(1955, 1, 31), (2004, 2, 29), (2026, 11, 7)];
    let mut days = days.into_iter().filter_map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
    if days.all(reads_back) { Ok(()) } else { Err(InvalidDateFormat::NotADate) }
}
