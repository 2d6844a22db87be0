//! Names that one part of the configuration defines and others use.

use super::engine::{Diagnostics, Spanned, UNNAMED};

/// The names of look-ups, connectors or texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Definitions {
    names: Vec<String>,
    /// Whether these are all. If a definition cannot be read, or its name may be wrong, nobody knows what it was to be.
    complete: bool,
}

impl Definitions {
    /// The names of a list of sections. Called before anything but the decoding was reported.
    pub(super) fn of_sections<'n>(
        list: &str,
        names: impl Iterator<Item = &'n Spanned<String>>,
        diagnostics: &Diagnostics,
    ) -> Self {
        let names: Vec<String> = names.map(|name| name.value.clone()).collect();
        let is_clear = |(at, name): (usize, &String)| {
            let twice = names.iter().take(at).any(|other| other.eq_ignore_ascii_case(name));
            !name.trim().is_empty() && name != UNNAMED && !twice
        };
        let complete = names.iter().enumerate().all(is_clear) && !diagnostics.is_incomplete(list);
        Self { names, complete }
    }

    /// These names, which are all there are if `complete` says so.
    pub(super) fn new(names: Vec<String>, complete: bool) -> Self {
        Self { names, complete }
    }

    /// Whether there is none of this name, for certain.
    pub(super) fn lack(&self, name: &str) -> bool {
        self.complete && !self.names.iter().any(|known| known == name)
    }

    /// Whether the names are all there are.
    pub(super) fn are_complete(&self) -> bool {
        self.complete
    }

    /// The names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().map(String::as_str)
    }
}
