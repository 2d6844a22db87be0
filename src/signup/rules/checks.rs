//! The checks of a value.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use regex::Regex;

use super::dates::DateCheck;
use crate::signup::facts::choices;
use crate::values::{AttributeType, AttributeValue};

/// Whether a value must be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Required {
    /// It may be missing.
    #[default]
    No,
    /// It must be there, whether the event lists the attribute or not. A box counts as filled in only if its value
    /// means yes.
    Always,
    /// It must be there if the event lists the attribute. A box that is not ticked counts as filled in: its value is
    /// no.
    IfAsked,
}

/// The checks of a value. Only `required` applies to an empty one.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// Whether it must be there.
    pub required: Required,
    /// The pattern that the whole value must match; it has anchors.
    pub pattern: Option<Regex>,
    /// The least number of characters.
    pub min_length: Option<usize>,
    /// The greatest number of characters.
    pub max_length: Option<usize>,
    /// The accepted values, as texts; empty: any.
    pub one_of: Vec<String>,
    /// The least whole number.
    pub min: Option<i64>,
    /// The greatest whole number.
    pub max: Option<i64>,
    /// How a date must be written, and which dates pass; `None`: it need not be a date.
    pub date: Option<DateCheck>,
    /// The least number of different choices.
    pub min_items: Option<usize>,
    /// The greatest number of different choices.
    pub max_items: Option<usize>,
}

impl Checks {
    /// Whether there is nothing to check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { required, pattern, min_length, max_length, one_of, min, max, date, min_items, max_items } = self;
        let lengths = [min_length, max_length, min_items, max_items].into_iter().all(Option::is_none);
        *required == Required::No
            && pattern.is_none()
            && one_of.is_empty()
            && lengths
            && min.or(*max).is_none()
            && date.is_none()
    }

    /// Whether a value counts as not filled in: it has no items, or it belongs to a box that has to be ticked and does
    /// not mean yes. `is_box`: the attribute is a box.
    pub(super) fn is_missing(&self, value: Option<&AttributeValue>, items: &[Cow<'_, str>], is_box: bool) -> bool {
        let is_box = is_box || matches!(value, Some(AttributeValue::Boolean(_)));
        let yes =
            || value.and_then(|value| value.convert(AttributeType::Boolean)) == Some(AttributeValue::Boolean(true));
        items.is_empty() || self.required == Required::Always && is_box && !yes()
    }

    /// Whether a value that is there passes; `today` is the day of the sign-up.
    pub(super) fn passes(&self, items: &[Cow<'_, str>], today: NaiveDate) -> bool {
        self.count_passes(items) && items.iter().all(|item| self.item_passes(item, today))
    }

    /// Whether every item can be read as a date or a number, if it is checked as one.
    pub(super) fn can_read(&self, items: &[Cow<'_, str>]) -> bool {
        let number = self.min.or(self.max).is_some();
        items.iter().all(|item| {
            self.date.as_ref().is_none_or(|date| date.read(item).is_some()) && (!number || item.parse::<i64>().is_ok())
        })
    }

    fn count_passes(&self, items: &[Cow<'_, str>]) -> bool {
        if self.min_items.or(self.max_items).is_none() {
            return true;
        }
        within(items.iter().collect::<BTreeSet<_>>().len(), self.min_items, self.max_items)
    }

    fn item_passes(&self, item: &str, today: NaiveDate) -> bool {
        let length = || item.chars().count();
        let number = || item.parse::<i64>().is_ok_and(|number| within(number, self.min, self.max));
        // The lengths go first: they limit how much the pattern has to look at.
        (self.min_length.or(self.max_length).is_none() || within(length(), self.min_length, self.max_length))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(item))
            && (self.one_of.is_empty() || self.one_of.iter().any(|known| known == item))
            && (self.min.or(self.max).is_none() || number())
            && self.date.as_ref().is_none_or(|date| date.passes(item, today))
    }
}

/// The items that are checked one by one: each choice if the value holds several, else the value itself. An empty value
/// has no items.
pub(super) fn items(value: Option<&AttributeValue>, is_multi_select: bool) -> Vec<Cow<'_, str>> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Vec::new() };
    match value {
        AttributeValue::String(text) if is_multi_select => choices(text).map(Cow::Borrowed).collect(),
        AttributeValue::String(text) => vec![Cow::Borrowed(text)],
        AttributeValue::StringCollection(items) => {
            items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()).map(Cow::Borrowed).collect()
        }
        other => vec![other.as_text()],
    }
}

fn within<T: PartialOrd + Copy>(value: T, min: Option<T>, max: Option<T>) -> bool {
    min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
}
