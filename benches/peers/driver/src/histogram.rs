//! How often each latency occurred, as wrk counts it; several runs can be put together.

use std::collections::BTreeMap;

/// Latencies in microseconds, each with how often it occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    counts: BTreeMap<u64, u64>,
}

impl Histogram {
    pub(crate) fn add(&mut self, microseconds: u64, count: u64) {
        *self.counts.entry(microseconds).or_default() += count;
    }

    /// Several runs together.
    pub(crate) fn of<'h>(runs: impl IntoIterator<Item = &'h Self>) -> Self {
        let mut all = Self::default();
        for (microseconds, count) in runs.into_iter().flat_map(|run| &run.counts) {
            all.add(*microseconds, *count);
        }
        all
    }

    /// The latency that this many of a thousand did not exceed; 0 if there is none.
    pub(crate) fn per_mille(&self, share: u64) -> u64 {
        let all: u64 = self.counts.values().sum();
        let wanted = (all * share).div_ceil(1000);
        let mut seen = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted
        });
        reached.map_or(0, |(microseconds, _)| *microseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_all_runs_together() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        (1..=500).for_each(|microseconds| one.add(microseconds, 1));
        (501..=999).for_each(|microseconds| other.add(microseconds, 1));
        other.add(5_000, 1);
        let all = Histogram::of([&one, &other]);
        assert_eq!([500, 990, 999, 1000].map(|share| all.per_mille(share)), [500, 990, 999, 5_000]);
        assert_eq!(Histogram::default().per_mille(500), 0);
    }
}
