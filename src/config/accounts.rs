//! `[accounts]`: how new accounts are found and taken through the connectors.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::checks;
use super::connectors::Connectors;
use super::engine::{Diagnostics, Spanned, built_in, choice, section};
use super::known_names::KnownNames;
use super::policies::PolicySection;
use crate::accounts;
use crate::values::{AppId, EmailMatch};

/// `functionTimeout` of the sample `host.json`. The host kills a run that takes longer.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(10);

/// The values of `concurrency` and `max_attempts`.
const COUNTS: RangeInclusive<usize> = 1..=1000;

/// The values of `run_limit`.
const RUN_LIMIT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::MAX;

section! {
    /// How the timer works. Every run reads the new accounts from the audit log and takes each one through the
    /// connectors; what fails is tried again by later runs.
    struct AccountsSection: Default {
        /// How much of the time before the last run is read again, since audit records come late and out of order. An
        /// account that is known already is passed over.
        overlap: Duration = Duration::from_hours(2),
        /// How far behind the present a run stops reading the audit log. A longer time finds accounts later, and lets
        /// fewer late records be missed.
        settle: Duration = Duration::ZERO,
        /// How far the very first run reaches back. Accounts that are older are never touched.
        look_back: Duration = Duration::from_mins(10),
        /// When a run stops taking accounts, at least `1s`; the next one goes on. It must be shorter than
        /// `functionTimeout` in `host.json`, since the host kills the process then.
        run_limit: Spanned<Duration> = built_in(Duration::from_mins(8)),
        /// How many accounts are under way at once, from 1 to 1000.
        concurrency: Spanned<usize> = built_in(16),
        /// How often a connector is tried for one account, from 1 to 1000. Then the account is given up, with an
        /// error in the log.
        max_attempts: Spanned<usize> = built_in(12),
    }
    only {
        /// Where new accounts are looked for.
        discover: Discover,
        /// How a run hands out its work.
        dispatch: Dispatch,
    }
    limits { run_limit: RUN_LIMIT, concurrency: COUNTS, max_attempts: COUNTS }
    planned { "reconcile" }
}

/// `discover`: where new accounts are found; one value so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Discover;
choice!(Discover {
    /// The audit log of the directory, through Microsoft Graph.
    "audit-logs" => Self,
} planned { "sign-ups" });

/// `dispatch`: how a run hands out its work; one value so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dispatch;
choice!(Dispatch {
    /// The run takes the accounts through the connectors itself.
    "inline" => Self,
} planned { "queue" });

/// Checks `[accounts]`.
pub(super) fn check(section: &AccountsSection, diagnostics: &mut Diagnostics) {
    diagnostics.within("accounts", |diagnostics| {
        for (key, number) in [("concurrency", &section.concurrency), ("max_attempts", &section.max_attempts)] {
            checks::limits(key, number, &COUNTS, "", diagnostics);
        }
        let limit = &section.run_limit;
        if limit.value >= FUNCTION_TIMEOUT {
            let message = "is not below ten minutes: make sure that functionTimeout in host.json is longer, \
                       since the host kills the process then";
            diagnostics.warn_at("run_limit", &limit.origin, message);
        }
        checks::limits("run_limit", limit, &RUN_LIMIT, "", diagnostics);
    });
}

/// The settings of a run. What a sign-up left is found by the address, in each form in which some policy compares it.
pub(super) fn settings(
    section: &AccountsSection,
    client_id: AppId,
    policies: &[PolicySection],
    connectors: Connectors,
    names: &KnownNames,
) -> accounts::Settings {
    let mut email_matches: Vec<EmailMatch> = policies.iter().map(|policy| policy.email_match).collect();
    email_matches.sort();
    email_matches.dedup();
    accounts::Settings {
        client_id,
        overlap: section.overlap,
        settle: section.settle,
        look_back: section.look_back,
        run_limit: section.run_limit.value,
        concurrency: section.concurrency.value,
        max_attempts: u32::try_from(section.max_attempts.value).unwrap_or(u32::MAX),
        needs_invite: connectors.needs_invite,
        email_matches,
        types: names.types.clone(),
        connectors: connectors.settings,
    }
}
