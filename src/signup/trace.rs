//! The steps of a decision, in order, for `explain`. A step never holds an address.

/// One thing that was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was asked (`deny`, `exact invitation`).
    pub asked: &'static str,
    /// What was found.
    pub found: String,
}

/// The steps so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace(pub Vec<Step>);

impl Trace {
    /// Adds a step.
    pub fn note(&mut self, asked: &'static str, found: impl Into<String>) {
        self.0.push(Step { asked, found: found.into() });
    }
}
