//! Numbers: medians, and how they are written.

use std::fmt::Display;
use std::time::Duration;

/// A median, and what it is the median of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Median {
    pub middle: f64,
    pub lowest: f64,
    pub highest: f64,
}

impl Median {
    /// `None` if there are no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied();
        let (left, right) = (at(values.len().saturating_sub(1) / 2)?, at(values.len() / 2)?);
        Some(Self { middle: f64::midpoint(left, right), lowest: at(0)?, highest: at(values.len() - 1)? })
    }

    /// The median of times, in milliseconds.
    pub(crate) fn of_milliseconds(times: &[Duration]) -> Option<Self> {
        Self::of(times.iter().map(|time| time.as_secs_f64() * 1e3))
    }

    /// `32.1 (31.0 to 34.5)`.
    pub(crate) fn written(&self, decimals: usize) -> String {
        let Self { middle, lowest, highest } = self;
        format!("{middle:.decimals$} ({lowest:.decimals$} to {highest:.decimals$})")
    }
}

/// The number as a floating point number; exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

/// A number as people write it: `100,000`.
pub(crate) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_groups_of_three() {
        let written: Vec<_> = [0, 999, 1_000, 100_000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(written, ["0", "999", "1,000", "100,000", "1,234,567"]);
    }

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_the_two_in_the_middle() {
        assert_eq!(Median::of([4.0, 1.0, 3.0, 2.0]).unwrap().written(1), "2.5 (1.0 to 4.0)");
        assert_eq!(Median::of([3.0, 1.0, 2.0]).unwrap().written(0), "2 (1 to 3)");
        assert_eq!(Median::of([]), None);
    }
}
