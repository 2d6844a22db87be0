//! Which lines may be the rest of a cell that holds line breaks.
//!
//! Programs write such a cell in quotes. Its lines are no invitations: a name in another system would be enough to invite
//! its owner. Nor can its lines be told from those after a quote that was forgotten. So a line that leaves a quote open is
//! not used, and neither are those up to the next line with an odd number of quotes, however far away it is: whoever
//! writes the cell chooses how many lines it has. If no line closes the quote, it was forgotten, and the others are used.

use super::encoding::TextEncoding;
use crate::invites::line_problem::LineProblem;

/// Whether a line that has this problem leaves a quote open.
pub(super) fn leaves_open(problem: &LineProblem, encoding: TextEncoding, line: &[u8]) -> bool {
    *problem == LineProblem::OpenQuote || has_odd_quotes(encoding, line)
}

fn has_odd_quotes(encoding: TextEncoding, line: &[u8]) -> bool {
    !encoding.count(line, b'"').is_multiple_of(2)
}

/// The lines that can close a quote. The list is gone through once, as far as it is asked for.
pub(super) struct ClosingLines<'a> {
    numbers: Box<dyn Iterator<Item = u64> + 'a>,
    /// The one that was found last.
    last: Option<u64>,
}

impl<'a> ClosingLines<'a> {
    /// Those of a list.
    pub(super) fn of(encoding: TextEncoding, list: &'a [u8]) -> Self {
        let odd = move |(number, line): (u64, &'a [u8])| has_odd_quotes(encoding, line).then_some(number);
        Self { numbers: Box::new((1..).zip(encoding.lines(list)).filter_map(odd)), last: None }
    }

    /// The first one after a line. The lines that are asked for ascend.
    pub(super) fn after(&mut self, line: u64) -> Option<u64> {
        if self.last.is_none_or(|last| last <= line) {
            self.last = self.numbers.find(|number| *number > line);
        }
        self.last
    }
}

#[cfg(test)]
mod tests;
