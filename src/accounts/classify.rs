//! Which new accounts are sign-ups, and why the others are not.
//!
//! Which actor the log names for a self-service sign-up is not documented. So an account is left out only if it is
//! certainly not a sign-up: first by its audit record, then by the account as the directory has it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

use crate::graph::{Initiator, User};
use crate::values::{AppId, ObjectId};

/// Applications that are known to make sign-ups. Others are logged, and their accounts are associated as well.
const KNOWN_APPS: [&str; 2] = ["Azure ESTS Service", "CPIM Service"];

/// Why an account is not associated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum SkipReason {
    /// Another user made it.
    Administrator,
    /// Our own application made it.
    OwnApplication,
    /// An invited guest.
    Guest,
    /// It has no identity to sign in with.
    NoSignInIdentity,
    /// It was made before the time that the very first run looked back to.
    TooOld,
}

impl SkipReason {
    /// Its name in logs and records.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// Our own application. Records usually name only its service principal.
#[derive(Debug, Clone)]
pub(super) struct OwnApplication<'a> {
    pub(super) client_id: &'a AppId,
    /// `None` if our token does not say it.
    pub(super) service_principal: Option<ObjectId>,
}

/// Why the account `id` is not a sign-up, if its audit record says so.
pub(super) fn skip_reason_by_record(
    own: &OwnApplication<'_>,
    initiator: &Initiator,
    id: &ObjectId,
) -> Option<SkipReason> {
    let is = |found: Option<&String>, known: &str| found.is_some_and(|found| found.eq_ignore_ascii_case(known));
    if initiator.user_id.is_some() && !is(initiator.user_id.as_ref(), id.as_str()) {
        return Some(SkipReason::Administrator);
    }
    let principal = own.service_principal.as_ref();
    let ours = is(initiator.app_id.as_ref(), own.client_id.as_str())
        || principal.is_some_and(|own| is(initiator.service_principal_id.as_ref(), own.as_str()));
    ours.then_some(SkipReason::OwnApplication)
}

/// The application that made the account, if it is none of the known ones.
pub(super) fn unknown_app(initiator: &Initiator) -> Option<&str> {
    let name = initiator.app_name.as_deref().or(initiator.app_id.as_deref())?;
    (!KNOWN_APPS.contains(&name)).then_some(name)
}

/// Why the account is not a sign-up, if the directory says so. Accounts made before `oldest` do not count.
pub(super) fn skip_reason_by_user(user: &User, oldest: DateTime<Utc>) -> Option<SkipReason> {
    if user.is_guest() {
        return Some(SkipReason::Guest);
    }
    let kinds = ["emailAddress", "userName", "federated"];
    let signs_in = |kind: &str| kinds.iter().any(|known| known.eq_ignore_ascii_case(kind));
    if !user.identities().iter().any(|identity| signs_in(&identity.sign_in_type)) {
        return Some(SkipReason::NoSignInIdentity);
    }
    user.created().is_some_and(|created| created < oldest).then_some(SkipReason::TooOld)
}
