//! Regular expressions for ranges of durations, so that the schema knows the same ranges as the check.

use std::fmt::Write as _;
use std::time::Duration;

/// The units, the smallest first, with their lengths in milliseconds.
pub(super) const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The longest duration. A longer one is a slip, and would overflow date arithmetic.
pub(super) const LONGEST: Duration = Duration::from_hours(366 * 24);

/// A regular expression for the durations from one to another, in every unit.
pub(super) fn duration_pattern(least: Duration, most: Duration) -> String {
    let [from, to] = [least, most.min(LONGEST)].map(|end| u64::try_from(end.as_millis()).unwrap_or(u64::MAX));
    let in_unit = |(unit, size): (&str, u64)| {
        let numbers = number_pattern(from.div_ceil(size), to / size)?;
        Some(format!("0*({numbers}){unit}"))
    };
    format!("^({})$", UNITS.into_iter().filter_map(in_unit).collect::<Vec<_>>().join("|"))
}

/// A regular expression for the whole numbers from one to another, without leading zeros. `None`: there are none.
fn number_pattern(first: u64, last: u64) -> Option<String> {
    let (mut parts, mut from) = (Vec::new(), first);
    while from <= last {
        let (part, next) = block(from, last);
        parts.push(part);
        from = next;
    }
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// The expression for as many numbers as fit into one: a number, then a range of one digit, then any digits. Also the
/// number after them.
fn block(from: u64, last: u64) -> (String, u64) {
    if from == 0 {
        return ("0".to_owned(), 1);
    }
    // How many digits at the end can be any.
    let fits = |free: &u32| {
        let size = 10_u64.pow(*free);
        from.is_multiple_of(size) && size - 1 <= last - from
    };
    let free = (0..19).take_while(fits).last().unwrap_or_default();
    let size = 10_u64.pow(free);
    let (head, digit) = (from / size / 10, from / size % 10);
    let blocks = ((last - from + 1) / size).min(10 - digit);
    let mut part = if head == 0 { String::new() } else { head.to_string() };
    let _ = match blocks {
        1 => write!(part, "{digit}"),
        _ => write!(part, "[{digit}-{}]", digit + blocks - 1),
    };
    let _ = match free {
        0 => Ok(()),
        1 => write!(part, "[0-9]"),
        _ => write!(part, "[0-9]{{{free}}}"),
    };
    (part, from + blocks * size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Regex::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn a_range_of_durations_is_short_enough_to_be_read() {
        let pattern = duration_pattern(Duration::from_millis(200), Duration::from_millis(1800));
        assert_eq!(pattern, "^(0*([2-9][0-9]{2}|1[0-7][0-9]{2}|1800)ms|0*(1)s)$");
        let pattern = duration_pattern(Duration::from_hours(1), Duration::MAX);
        assert!(pattern.ends_with("|0*([1-9]|[1-9][0-9]|[1-2][0-9]{2}|3[0-5][0-9]|36[0-6])d)$"), "{pattern}");
    }

    proptest! {
        #[test]
        fn the_numbers_of_a_range_fit_its_pattern_and_no_others(
            least in 0_u64..3000, length in 0_u64..3000, number in 0_u64..7000,
        ) {
            let pattern = format!("^({})$", number_pattern(least, least + length).unwrap());
            let expected = (least..=least + length).contains(&number);
            prop_assert_eq!(fits(&pattern, &number.to_string()), expected, "{} {}", pattern, number);
        }

        #[test]
        fn the_durations_of_a_range_fit_its_pattern_and_no_others(
            least in 0_u64..200_000, length in 0_u64..10_000_000, number in 0_u64..5000, unit in 0..5_usize,
        ) {
            let [from, to] = [least, least + length].map(Duration::from_millis);
            let (name, size) = UNITS[unit];
            let written = Duration::from_millis(number * size);
            let pattern = duration_pattern(from, to);
            for text in [format!("{number}{name}"), format!("00{number}{name}")] {
                prop_assert_eq!(fits(&pattern, &text), (from..=to).contains(&written), "{} {}", pattern, text);
            }
        }
    }
}
