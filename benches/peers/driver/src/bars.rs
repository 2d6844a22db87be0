//! The bars: how much CPU a request may cost, compared with a peer in the same round. A bar is compared with what was
//! measured, and never asserted: machines differ.

use crate::numbers::Median;
use crate::peer::Kind;
use crate::plan::{Pace, Scenario, TokenUse};
use crate::run::{PeerFigures, Run};

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
        let of_kind = |kind| run.peers.iter().find(|peer| peer.peer.kind == kind);
        ratio(of_kind(self.of)?, of_kind(self.to)?, self.token, scenarios)
    }
}

/// The CPU per request of one peer at saturation, as a share of another's in the same round; `None` if one took no part.
pub(crate) fn ratio(of: &PeerFigures, to: &PeerFigures, token: TokenUse, scenarios: &[Scenario]) -> Option<Median> {
    let is_asked = |scenario: &Scenario| scenario.pace == Pace::Saturation && scenario.token == token;
    let at = scenarios.iter().position(is_asked)?;
    let (of, to) = (of.samples.get(at)?, to.samples.get(at)?);
    Median::of(of.iter().zip(to).map(|(of, to)| of.cpu / to.cpu))
}

/// The longest time from exec to guestlist's first answer, with the shortest list, in milliseconds.
pub(crate) const START: f64 = 20.0;

/// `met` or `missed`, by so many decimals.
pub(crate) fn verdict(figure: f64, limit: f64, decimals: i32) -> &'static str {
    let shown = |number: f64| (number * 10_f64.powi(decimals)).round();
    if shown(figure) <= shown(limit) { "met" } else { "**missed**" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_by_the_digits_that_are_shown() {
        let verdicts = [1.2, 1.504, 1.506].map(|figure| verdict(figure, 1.5, 2));
        assert_eq!(verdicts, ["met", "met", "**missed**"]);
    }
}
