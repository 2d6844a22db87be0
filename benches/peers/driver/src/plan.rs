//! What is measured, how long and how often.

use std::fmt;
use std::time::Duration;

/// How many people a tenant lets sign up in a second, at most: the limit that Entra documents.
pub(crate) const CEILING: u32 = 200;

/// Which token a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenUse {
    /// The same in all requests: it is verified once and remembered.
    Remembered,
    /// One that was never seen before: each is verified.
    Fresh,
}

impl fmt::Display for TokenUse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Remembered => "remembered token",
            Self::Fresh => "fresh tokens",
        })
    }
}

/// How fast requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as they are answered.
    Saturation,
    /// [`CEILING`] requests a second, at random moments.
    Ceiling,
}

impl fmt::Display for Pace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saturation => out.write_str("saturation"),
            Self::Ceiling => write!(out, "{CEILING} requests a second"),
        }
    }
}

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub token: TokenUse,
    pub pace: Pace,
    /// How long wrk runs, in seconds.
    pub seconds: u32,
    pub rounds: usize,
    /// How many tokens there are for one round of fresh ones.
    pub tokens: usize,
}

/// All that is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The lengths of the lists.
    pub invites: Vec<usize>,
    pub scenarios: Vec<Scenario>,
    /// How often each peer is started, with the list of this position.
    pub starts: Vec<usize>,
    /// How long a peer rests before its memory is read.
    pub rest: Duration,
    /// Whether a round that does not count comes first.
    pub warms_up: bool,
}

impl Plan {
    pub(crate) fn full() -> Self {
        use {
            Pace::{Ceiling, Saturation},
            TokenUse::{Fresh, Remembered},
        };
        let scenario = |token, pace, seconds, rounds, tokens| Scenario { token, pace, seconds, rounds, tokens };
        Self {
            invites: vec![100_000, 1_000_000],
            scenarios: vec![
                scenario(Remembered, Saturation, 3, 5, 1),
                scenario(Fresh, Saturation, 2, 3, 40_000),
                scenario(Remembered, Ceiling, 10, 3, 1),
                scenario(Fresh, Ceiling, 10, 3, 3_000),
            ],
            starts: vec![50, 10],
            rest: Duration::from_secs(2),
            warms_up: true,
        }
    }

    pub(crate) fn quick() -> Self {
        let mut plan = Self::full();
        plan.invites.truncate(1);
        plan.scenarios.retain(|scenario| scenario.pace == Pace::Saturation);
        plan.scenarios.iter_mut().for_each(|scenario| scenario.seconds = 2);
        plan.starts = vec![20];
        plan
    }

    pub(crate) fn smoke() -> Self {
        let mut plan = Self::full();
        plan.invites = vec![1_000];
        // Each token and each pace once.
        plan.scenarios.retain(|scenario| (scenario.token == TokenUse::Fresh) == (scenario.pace == Pace::Ceiling));
        for scenario in &mut plan.scenarios {
            (scenario.seconds, scenario.rounds, scenario.tokens) = (1, 1, scenario.tokens.min(500));
        }
        (plan.starts, plan.rest, plan.warms_up) = (vec![2], Duration::ZERO, false);
        plan
    }
}
