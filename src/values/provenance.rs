//! How far an email address can be trusted, which depends on where it comes from.

use strum::{EnumString, IntoStaticStr};

/// How far an address is to be trusted, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Provenance {
    /// The person may have typed it.
    Typed,
    /// The identity provider says so.
    Asserted,
    /// Entra has verified it.
    Verified,
}

impl Provenance {
    /// Its name in logs, conditions, `explain` and the state store.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}
