//! What is checked, and tidied, when the form comes back.
//!
//! Absent, null and empty are the same, and only `required` applies to them. A rule for an attribute the event does not
//! list is skipped: the flow does not collect it, so the person could not mend it.

use std::collections::BTreeMap;

use regex::Regex;

use crate::values::{AttributeName, AttributeValue, AttributeValues, Form, FormField};

/// A way of tidying a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalise {
    /// White space at both ends goes.
    Trim,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Runs of white space become one space; at both ends they go.
    Collapse,
}

impl Normalise {
    fn apply(self, text: &str) -> String {
        match self {
            Self::Trim => text.trim().to_owned(),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Collapse => text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// One rule for one attribute.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The attribute, as the directory spells it.
    pub attribute: AttributeName,
    /// What is done to a text before it is checked, in order.
    pub normalise: Vec<Normalise>,
    /// Whether it may be empty.
    pub required: bool,
    /// What the whole value must match; compiled with anchors.
    pub pattern: Option<Regex>,
    /// At least so many characters.
    pub min_length: Option<usize>,
    /// At most so many characters.
    pub max_length: Option<usize>,
    /// The values there are; empty: any.
    pub one_of: Vec<String>,
    /// The key of the message at the field.
    pub message: Option<String>,
}

impl Rule {
    /// The message's key if the value does not pass. `None`: it passes.
    fn failure(&self, value: Option<&AttributeValue>) -> Option<&str> {
        let own = |built_in: &'static str| Some(self.message.as_deref().unwrap_or(built_in));
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return if self.required { own("field-required") } else { None };
        };
        let text = value.to_text();
        let length = text.chars().count();
        let passes = self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text))
            && self.min_length.is_none_or(|min| length >= min)
            && self.max_length.is_none_or(|max| length <= max)
            && (self.one_of.is_empty() || self.one_of.contains(&text));
        if passes { None } else { own("field-invalid") }
    }

    fn tidied(&self, text: String) -> String {
        self.normalise.iter().fold(text, |text, step| step.apply(&text))
    }

    fn normalised(&self, value: AttributeValue) -> AttributeValue {
        match value {
            AttributeValue::String(text) => AttributeValue::String(self.tidied(text)),
            AttributeValue::StringCollection(items) => {
                AttributeValue::StringCollection(items.into_iter().map(|item| self.tidied(item)).collect())
            }
            other => other,
        }
    }
}

/// What the rules found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The first failure of each field: the key of its message.
    pub errors: BTreeMap<AttributeName, String>,
    /// The fields whose value changed, in the type they came in.
    pub changed: AttributeValues,
    /// Attributes that rules name and the event lacks.
    pub lacking: Vec<AttributeName>,
}

/// Applies the rules in order; what one rule normalised, the next one for the same attribute sees.
#[must_use]
pub fn check(rules: &[Rule], form: &Form) -> Checked {
    let mut checked = Checked::default();
    let mut values: BTreeMap<&AttributeName, (&FormField, Option<AttributeValue>)> = BTreeMap::new();
    for rule in rules {
        let Some(field) = form.field(rule.attribute.as_str()) else {
            if !checked.lacking.contains(&rule.attribute) {
                checked.lacking.push(rule.attribute.clone());
            }
            continue;
        };
        let entry = values.entry(&field.name).or_insert_with(|| (field, field.value.clone()));
        entry.1 = entry.1.take().map(|value| rule.normalised(value));
        if checked.errors.contains_key(&field.name) {
            continue;
        }
        if let Some(message) = rule.failure(entry.1.as_ref()) {
            checked.errors.insert(field.name.clone(), message.to_owned());
        }
    }
    for (name, (field, value)) in values {
        // What came in another type than the field's can be refused, but only be sent back in the field's.
        let changed = value.filter(|value| Some(value) != field.value.as_ref());
        if let Some(value) = changed.and_then(|value| value.convert(field.attribute_type)) {
            checked.changed.insert(name.clone(), value);
        }
    }
    checked
}

#[cfg(test)]
mod tests;
