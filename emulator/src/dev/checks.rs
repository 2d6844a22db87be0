//! Expectations of the script. Each is printed when it is checked.

use std::fmt::Debug;

use super::screen::Screen;

/// The number of expectations that held, and of those that failed.
#[derive(Debug)]
pub(crate) struct Checks {
    screen: Screen,
    held: usize,
    failed: usize,
}

impl Checks {
    pub(crate) fn new(screen: Screen) -> Self {
        Self { screen, held: 0, failed: 0 }
    }

    /// Prints whether `what` holds, with `seen` if it does not.
    pub(crate) fn expect(&mut self, what: &str, holds: bool, seen: impl Debug) {
        if holds {
            self.held += 1;
        } else {
            self.failed += 1;
        }
        self.screen.check(holds, what, &format!("{seen:?}"));
    }

    /// Expects `seen` to be `expected`.
    pub(crate) fn equal<S: PartialEq<E> + Debug, E: Debug + ?Sized>(&mut self, what: &str, seen: &S, expected: &E) {
        self.expect(what, seen == expected, seen);
    }

    /// Prints the result. True if every expectation held.
    pub(crate) fn conclude(&self) -> bool {
        let total = self.held + self.failed;
        match self.failed {
            0 => self.screen.title(format_args!("all {total} expectations hold")),
            failed => self.screen.title(format_args!("{failed} of {total} expectations do not hold")),
        }
        self.failed == 0
    }
}
