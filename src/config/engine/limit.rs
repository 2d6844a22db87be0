//! Which values a key accepts beyond its type. A limit is made from the constant that the check uses, so the schema and
//! the check have one declaration.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::duration_pattern::duration_pattern;
use super::text_format::TextFormat;

/// What a key accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Limit {
    /// Whole numbers, from the first to the second.
    Whole(i64, i64),
    /// Durations, from the first to the second.
    Duration(Duration, Duration),
    /// At least so many members of a list or a table.
    AtLeast(usize),
    /// At most so many members of a list.
    AtMost(usize),
    /// No member of the list twice.
    Unique,
    /// The keys of the table are written like this.
    Keys(TextFormat),
}

impl From<RangeInclusive<usize>> for Limit {
    fn from(range: RangeInclusive<usize>) -> Self {
        let [least, most] = [range.start(), range.end()].map(|end| i64::try_from(*end).unwrap_or(i64::MAX));
        Self::Whole(least, most)
    }
}

impl From<RangeInclusive<Duration>> for Limit {
    fn from(range: RangeInclusive<Duration>) -> Self {
        Self::Duration(*range.start(), *range.end())
    }
}

impl Limit {
    /// Adds the keywords of the limit to the schema of its key.
    pub(super) fn add_to(&self, schema: &mut Map<String, Json>) {
        let is_list = schema.get("type").is_some_and(|kind| kind == "array");
        let mut add = |keyword: &str, value: Json| schema.insert(keyword.to_owned(), value);
        match self {
            Self::Whole(least, most) => {
                add("minimum", json!(least));
                add("maximum", json!(most))
            }
            Self::Duration(least, most) => add("pattern", duration_pattern(*least, *most).into()),
            Self::AtLeast(least) => add(if is_list { "minItems" } else { "minProperties" }, json!(least)),
            Self::AtMost(most) => add("maxItems", json!(most)),
            Self::Unique => add("uniqueItems", true.into()),
            Self::Keys(format) => {
                let refused = format.refused().map(|refused| ("not", json!({"pattern": refused})));
                let pattern = format.pattern().map(|pattern| ("pattern", pattern.into()));
                let names: Map<String, Json> =
                    pattern.into_iter().chain(refused).map(|(keyword, value)| (keyword.to_owned(), value)).collect();
                add("propertyNames", names.into())
            }
        };
    }
}
