//! `[[policies.rules]]`, compiled.

use regex::{Regex, RegexBuilder};

use super::Names;
use crate::config::decode::{Reading, Spanned};
use crate::config::file::RuleSection;
use crate::signup::messages::Messages;
use crate::signup::rules::Rule;
use crate::values::did_you_mean;

pub(super) fn rule(section: &RuleSection, names: &Names, messages: &Messages, reading: &mut Reading) -> Option<Rule> {
    let written = section.attribute.value.as_str();
    reading.within(written, |reading| {
        let attribute = names.attribute(written, &section.attribute.origin, reading);
        let pattern = section.pattern.as_ref().and_then(|pattern| compile(pattern, reading));
        if let (Some(min), Some(max)) = (&section.min_length, section.max_length)
            && min.value > max
        {
            reading.error(&min.origin, "min_length is larger than max_length: nothing can pass");
        }
        if let Some(key) = section.message.as_ref().filter(|key| !messages.has(&key.value)) {
            let known: Vec<&str> = messages.keys().collect();
            let near = did_you_mean(&key.value, known);
            let how = format!("[messages] has no {:?}{near}", key.value);
            reading.within("message", |reading| reading.error(&key.origin, how));
        }
        Some(Rule {
            attribute: attribute?,
            normalise: section.normalise.clone(),
            required: section.required,
            pattern,
            min_length: section.min_length.as_ref().map(|min| min.value),
            max_length: section.max_length,
            one_of: section.one_of.clone(),
            message: section.message.as_ref().map(|key| key.value.clone()),
        })
    })
}

/// A pattern that is for the whole value.
fn compile(pattern: &Spanned<String>, reading: &mut Reading) -> Option<Regex> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(1 << 20).build();
    // On its own first: the error then shows what was written.
    let compiled = build(&pattern.value).and_then(|_| build(&format!(r"\A(?:{})\z", pattern.value)));
    match compiled {
        Ok(regex) => Some(regex),
        Err(error) => {
            let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            reading.within("pattern", |reading| {
                reading.error(&pattern.origin, format!("is not a regular expression: {why}"));
            });
            None
        }
    }
}
