//! The names of this room in the state store.

use crate::storage::Namespace;

/// What this room keeps in the store.
pub(crate) const NAMESPACE: Namespace = Namespace::new("reservations", &[RESERVATIONS, ADMISSIONS], &[PERSON_KEY]);

/// The logs of all uses of codes: `reservations/{digest of the code}/{slot}-{n}.json`.
pub(super) const RESERVATIONS: &str = "reservations";

/// The Starts that every instance has to know of.
pub(super) const ADMISSIONS: &str = "admissions";

/// The key of the digests of people, where no secret is configured.
pub(super) const PERSON_KEY: &str = "person-key.json";
