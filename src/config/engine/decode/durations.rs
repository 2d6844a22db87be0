//! Durations: a whole number with a unit. An error says how what was written is probably meant.

use std::iter;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value as Json;

use super::{Decode, KeyFacts, report_type};
use crate::config::engine::diagnostics::Diagnostics;
use crate::config::engine::duration_pattern::{LONGEST, UNITS};
use crate::config::engine::shape::Shape;
use crate::config::engine::text_format::TextFormat;
use crate::config::engine::tree::{Node, Value};

/// A unit and its length in milliseconds.
type Unit = (&'static str, u64);

impl Decode for Duration {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        decode(node, None, &|| None, diagnostics)
    }

    fn decode_key(node: &Node, key: &KeyFacts<'_, Self>, diagnostics: &mut Diagnostics) -> Option<Self> {
        decode(node, Some(*key.default), key.duration_limits, diagnostics)
    }

    fn shape() -> Shape {
        Shape::Text(TextFormat::Duration)
    }

    fn written(&self) -> Option<Json> {
        Some(written(*self).into())
    }
}

fn written(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let fits = |(_, size): &&Unit| milliseconds >= u128::from(*size) && milliseconds.is_multiple_of(u128::from(*size));
    let largest = UNITS.iter().rev().find(fits);
    largest.map_or("0s".to_owned(), |(unit, size)| format!("{}{unit}", milliseconds / u128::from(*size)))
}

/// Decodes a duration. `usual` is the default of the key, if it has one; `limits` finds its limits.
fn decode(
    node: &Node,
    usual: Option<Duration>,
    limits: &dyn Fn() -> Option<(Duration, Duration)>,
    diagnostics: &mut Diagnostics,
) -> Option<Duration> {
    let (text, shown) = match &node.value {
        Value::String(text) | Value::Setting(text) => (text.clone(), format!("{text:?}")),
        Value::Integer(number) => (number.to_string(), number.to_string()),
        Value::Fraction(text) => (text.clone(), text.clone()),
        _ => {
            report_type(node, "a duration", diagnostics);
            return None;
        }
    };
    let error = match parse(&text) {
        Some(duration) if duration <= LONGEST => return Some(duration),
        Some(_) => format!("{shown} is too long: the limit is {}", written(LONGEST)),
        None => {
            // In the file a duration is a string. The text of an app setting has no quotes.
            let is_setting = matches!(node.value, Value::Setting(_));
            let quoted = |text: String| if is_setting { text } else { format!("{text:?}") };
            let limits = limits().map(|(least, most)| least..=most.min(LONGEST));
            format!("{shown} {}", remedy(&text, usual, limits, quoted))
        }
    };
    diagnostics.error(&node.origin, error);
    None
}

/// What is wrong with a text that is no duration, and what to write.
fn remedy(
    text: &str,
    usual: Option<Duration>,
    limits: Option<RangeInclusive<Duration>>,
    quoted: impl Fn(String) -> String,
) -> String {
    let has_unit = text.contains(|c: char| c.is_alphabetic());
    let problem = if has_unit { "is not a duration" } else { "has no unit" };
    let allowed = limits.unwrap_or(Duration::ZERO..=LONGEST);
    let Some((duration, meant)) = meant(text, usual, &allowed) else {
        let example = quoted(written(usual.unwrap_or(Duration::from_mins(1))));
        return format!("is not a duration: write a whole number with a unit, such as {example}");
    };
    if allowed.contains(&duration) {
        return format!("{problem}: write {}", quoted(meant));
    }
    let [least, most] = [*allowed.start(), *allowed.end()].map(|limit| quoted(written(limit)));
    format!("{problem}: write a duration from {least} to {most}")
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, size) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    // What is not a number of 64 bits is too long in any unit.
    let number = if number.is_empty() { return None } else { number.parse().unwrap_or(u64::MAX) };
    Some(Duration::from_millis(size.saturating_mul(number)))
}

/// The duration that a text is probably meant to be: `800ms` for `800`, `800 ms`, `0.8s` and `800 milliseconds`. A number
/// without a unit gets the one that leads nearest to the usual duration, and to one that is allowed if there is any.
fn meant(text: &str, usual: Option<Duration>, allowed: &RangeInclusive<Duration>) -> Option<(Duration, String)> {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let (number, name) = text.split_at_checked(text.find(|c| !is_number(c)).unwrap_or(text.len()))?;
    let thousandths = thousandths(number)?;
    let (unit, size) = match name.trim().to_lowercase().as_str() {
        "" => usual_unit(thousandths, usual, allowed),
        name => unit(name)?,
    };
    let duration = Duration::from_millis(thousandths.checked_mul(size)? / 1000);
    let is_whole = thousandths.is_multiple_of(1000) && thousandths > 0;
    let text = if is_whole { format!("{}{unit}", thousandths / 1000) } else { written(duration) };
    (duration <= LONGEST).then_some((duration, text))
}

/// A number as thousandths, whichever decimal mark it has. What is smaller is cut off.
fn thousandths(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let decimals: String = fraction.chars().chain(iter::repeat('0')).take(3).collect();
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(decimals.parse().ok()?)
}

/// The unit with which a number is nearest to the usual duration, of those that lead to one that is allowed.
fn usual_unit(thousandths: u64, usual: Option<Duration>, allowed: &RangeInclusive<Duration>) -> Unit {
    const SECONDS: Unit = UNITS[1];
    let usual = usual.map_or(0, |usual| u64::try_from(usual.as_millis()).unwrap_or(u64::MAX));
    if usual == 0 || thousandths == 0 {
        return SECONDS;
    }
    let ratio = |(_, size): &Unit| {
        let duration = thousandths.saturating_mul(*size) / 1000;
        duration.max(usual) / duration.min(usual).max(1)
    };
    let is_allowed =
        |(_, size): &Unit| allowed.contains(&Duration::from_millis(thousandths.saturating_mul(*size) / 1000));
    let nearest = || UNITS.into_iter().min_by_key(ratio);
    UNITS.into_iter().filter(is_allowed).min_by_key(ratio).or_else(nearest).unwrap_or(SECONDS)
}

/// The unit that people write like this.
fn unit(name: &str) -> Option<Unit> {
    let word = match name {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    };
    UNITS.into_iter().find(|(unit, _)| *unit == word)
}
