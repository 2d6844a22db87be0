//! The bars: how much CPU a request may cost, compared with a peer in the same round. A bar is compared with what was
//! measured, and never asserted: machines differ.

use crate::numbers::Median;
use crate::peer::Kind;
use crate::plan::{Pace, Scenario, TokenUse};
use crate::run::Run;

/// The most that one peer may cost, as a share of what another costs, at saturation.
pub(crate) struct Bar {
    pub what: &'static str,
    pub limit: f64,
    token: TokenUse,
    of: Kind,
    to: Kind,
}

/// Every bar.
pub(crate) const BARS: [Bar; 4] = [
    Bar {
        what: "guestlist to axum echo",
        limit: 1.5,
        token: TokenUse::Remembered,
        of: Kind::Guestlist,
        to: Kind::Echo,
    },
    Bar {
        what: "guestlist to axum echo, log from WARN",
        limit: 1.25,
        token: TokenUse::Remembered,
        of: Kind::Quiet,
        to: Kind::Echo,
    },
    Bar {
        what: "guestlist to Node.js handler, remembered token",
        limit: 0.6,
        token: TokenUse::Remembered,
        of: Kind::Guestlist,
        to: Kind::Node,
    },
    Bar {
        what: "guestlist to Node.js handler, fresh tokens",
        limit: 0.33,
        token: TokenUse::Fresh,
        of: Kind::Guestlist,
        to: Kind::Node,
    },
];

impl Bar {
    /// The ratio in a run; `None` if the run lacks one of the two.
    pub(crate) fn ratio(&self, run: &Run, scenarios: &[Scenario]) -> Option<Median> {
        let is_asked = |scenario: &Scenario| scenario.pace == Pace::Saturation && scenario.token == self.token;
        let at = scenarios.iter().position(is_asked)?;
        let samples = |kind| run.peers.iter().find(|peer| peer.peer.kind == kind)?.samples.get(at);
        let (of, to) = (samples(self.of)?, samples(self.to)?);
        Median::of(of.iter().zip(to).map(|(of, to)| of.cpu / to.cpu))
    }

    /// `met` or `missed`, by the digits that are shown.
    pub(crate) fn verdict(&self, ratio: Median) -> &'static str {
        if (ratio.middle * 100.0).round() <= (self.limit * 100.0).round() { "met" } else { "**missed**" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_by_the_digits_that_are_shown() {
        let bar = &BARS[0];
        let verdict = |middle| bar.verdict(Median { middle, lowest: 1.0, highest: 2.0 });
        assert_eq!([1.2, 1.504, 1.506].map(verdict), ["met", "met", "**missed**"]);
    }
}
