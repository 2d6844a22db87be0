//! The steps of a decision, in order and with their times, for `explain` and for the log at debug level. No step holds
//! an address, a value of the form, or a code.

use std::fmt;
use std::time::Duration;

/// Returns the time since the decision began.
pub(crate) type Stopwatch = Box<dyn Fn() -> Duration + Send + Sync>;

/// One step of a decision: what was checked, and the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was checked (`deny`, `exact invitation`).
    pub asked: &'static str,
    /// The result.
    pub found: String,
    /// The time since the step before.
    pub took: Duration,
}

/// The steps so far. A trace that is off keeps none.
#[derive(Default)]
pub struct Trace {
    steps: Vec<Step>,
    watch: Option<Stopwatch>,
    last: Duration,
}

impl Trace {
    /// A trace that keeps nothing and costs nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// A trace that keeps every step.
    #[must_use]
    pub fn on(watch: Stopwatch) -> Self {
        Self { steps: Vec::new(), watch: Some(watch), last: Duration::ZERO }
    }

    /// Adds a step.
    pub fn note(&mut self, asked: &'static str, found: impl fmt::Display) {
        let Some(watch) = &self.watch else { return };
        let now = watch();
        let took = now.saturating_sub(self.last);
        self.last = now;
        self.steps.push(Step { asked, found: found.to_string(), took });
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(&self.steps).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_step_has_the_time_since_the_step_before() {
        let clock = AtomicU64::new(0);
        let mut trace = Trace::on(Box::new(move || Duration::from_micros(clock.fetch_add(5, Ordering::Relaxed) + 3)));
        trace.note("policy", "default");
        trace.note("gate", format_args!("open: {}", "admits"));
        let seen: Vec<_> = trace.steps().iter().map(|step| (step.found.as_str(), step.took.as_micros())).collect();
        assert_eq!(seen, [("default", 3), ("open: admits", 5)]);
    }

    #[test]
    fn a_trace_that_is_off_keeps_nothing() {
        struct Never;
        impl fmt::Display for Never {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("nobody wants to know")
            }
        }
        let mut trace = Trace::off();
        trace.note("policy", Never);
        assert!(trace.steps().is_empty());
    }
}
