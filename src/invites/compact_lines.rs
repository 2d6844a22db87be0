//! The lines of a list as one text, so that a line takes hardly more than it has in the file.
//!
//! A line is its cells, then the number 0. A cell is its length plus one, then its text; empty cells at the end are left
//! out. A number is written in base 64, the lowest digit first, one ASCII character for each; 64 is added to each digit
//! that another one follows. So a cell of up to 62 bytes costs one byte more than its text.

use std::fmt;

/// Added to a digit that another one follows.
const MORE: u8 = 64;

/// The most digits of a number: more than 2³² have six.
const MAX_DIGITS: usize = 6;

/// Where a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
    /// The place as a number. It is always less than `u32::MAX`.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// The place with that number; `None` for `u32::MAX`.
    pub(super) fn of(number: u32) -> Option<Self> {
        (number < u32::MAX).then_some(Self(number))
    }
}

/// Lines, one after another. Lines are added at the end only.
#[derive(Default)]
pub(super) struct CompactLines {
    text: String,
    /// Where the last cell ends that is not empty.
    content_end: usize,
}

impl CompactLines {
    /// No lines, and memory for so many bytes. The system provides it only when it is used.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), content_end: 0 }
    }

    /// The bytes of all lines.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Begins a line at the end; `None` if there are 4 GiB already.
    pub(super) fn begin_line(&mut self) -> Option<Place> {
        self.content_end = self.text.len();
        Place::of(u32::try_from(self.text.len()).ok()?)
    }

    /// Adds a cell to the line that was begun.
    pub(super) fn push_cell(&mut self, cell: &str) {
        self.push_number(cell.len() + 1);
        if !cell.is_empty() {
            self.text.push_str(cell);
            self.content_end = self.text.len();
        }
    }

    /// Ends the line that was begun.
    pub(super) fn end_line(&mut self) {
        self.text.truncate(self.content_end);
        self.push_number(0);
    }

    /// Removes the line that begins there, and all after it.
    pub(super) fn remove_from(&mut self, place: Place) {
        self.text.truncate(place.0 as usize);
    }

    /// The line that begins there.
    pub(super) fn line(&self, place: Place) -> CompactLine<'_> {
        CompactLine(self.text.get(place.0 as usize..).unwrap_or_default())
    }

    /// Gives unused memory back.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
    }

    fn push_number(&mut self, mut number: usize) {
        loop {
            let digit = u8::try_from(number % usize::from(MORE)).unwrap_or_default();
            number /= usize::from(MORE);
            if number == 0 {
                self.text.push(char::from(digit));
                return;
            }
            self.text.push(char::from(digit | MORE));
        }
    }
}

/// The text is personal.
impl fmt::Debug for CompactLines {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CompactLines({} bytes)", self.text.len())
    }
}

/// One line: the text from its beginning on.
#[derive(Clone, Copy)]
pub(super) struct CompactLine<'a>(&'a str);

impl<'a> CompactLine<'a> {
    /// The cells, in the order of the columns. The iterator gives an empty text for an empty cell; there may be fewer
    /// cells than columns.
    pub(super) fn cells(self) -> Cells<'a> {
        Cells(self.0)
    }
}

/// The cells of one line.
#[derive(Clone)]
pub(super) struct Cells<'a>(&'a str);

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (number, text) = read_number(self.0)?;
        let (cell, rest) = text.split_at_checked(number.checked_sub(1)?)?;
        self.0 = rest;
        Some(cell)
    }
}

/// The number at the beginning of a text, and what follows it.
fn read_number(text: &str) -> Option<(usize, &str)> {
    let mut number = 0;
    for (at, digit) in text.bytes().enumerate().take(MAX_DIGITS) {
        number |= usize::from(digit % MORE) << (6 * at);
        if digit < MORE {
            return Some((number, text.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn add(lines: &mut CompactLines, cells: &[String]) -> Place {
        let place = lines.begin_line().unwrap();
        for cell in cells {
            lines.push_cell(cell);
        }
        lines.end_line();
        place
    }

    fn cells(lines: &CompactLines, place: Place) -> Vec<String> {
        lines.line(place).cells().map(str::to_owned).collect()
    }

    #[test]
    fn a_short_cell_costs_one_byte_and_empty_ones_at_the_end_none() {
        let mut lines = CompactLines::default();
        let place = add(&mut lines, &["jo@example.com", "", "beta", "", ""].map(str::to_owned));
        assert_eq!(lines.len(), "jo@example.com".len() + "beta".len() + 3 + 1);
        assert_eq!(cells(&lines, place), ["jo@example.com", "", "beta"]);
    }

    #[test]
    fn a_line_is_seen_before_it_is_ended_and_can_be_removed() {
        let mut lines = CompactLines::default();
        let first = add(&mut lines, &["a".to_owned()]);
        let second = lines.begin_line().unwrap();
        lines.push_cell("b");
        lines.push_cell("");
        assert_eq!(cells(&lines, second), ["b", ""]);
        lines.remove_from(second);
        let third = add(&mut lines, &["c".to_owned()]);
        assert_eq!((cells(&lines, first), cells(&lines, third)), (vec!["a".to_owned()], vec!["c".to_owned()]));
        assert_eq!(format!("{lines:?}"), "CompactLines(6 bytes)");
    }

    #[test]
    fn lengths_around_each_number_of_digits_are_read_as_they_were_written() {
        let mut lines = CompactLines::default();
        let lengths = [0, 1, 61, 62, 63, 64, 4094, 4095, 4096, 16 * 1024, 262_142, 262_143, 262_144];
        let written: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).chain(["end".to_owned()]).collect();
        let place = add(&mut lines, &written);
        assert_eq!(cells(&lines, place), written);
    }

    proptest! {
        #[test]
        fn lines_are_read_as_they_were_written(list in prop::collection::vec(prop::collection::vec(".{0,70}", 0..6), 0..8)) {
            let mut lines = CompactLines::default();
            let places: Vec<Place> = list.iter().map(|cells| add(&mut lines, cells)).collect();
            for (place, mut written) in places.into_iter().zip(list) {
                let filled = written.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
                written.truncate(filled);
                prop_assert_eq!(cells(&lines, place), written);
            }
        }
    }
}
