//! The keys of `guestlist.toml`: every section, with types and defaults. What they mean is checked afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connectors::ConnectorSection;
use super::decode::{Spanned, absent, built_in, choice, section};
use super::secrets::SecretRef;
use crate::functions::hook::OnFailure;

mod constant;
mod lookup;
mod message;
mod policy;
mod rule;

pub(super) use constant::Constant;
pub(super) use lookup::{HeaderText, LookupMethod, LookupSection};
pub(super) use message::MessageText;
pub(super) use policy::{InvitesSection, PolicySection};
pub(super) use rule::RuleSection;

use message::is_table;

/// Stands for an id that is missing, while other problems are looked for.
const STAND_IN_ID: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

section! {
    /// The whole file.
    struct File {
        /// Which tenant.
        tenant: Option<TenantSection> => None,
        /// How the hooks behave.
        hooks: Option<HooksSection> => None,
        /// Invite sources, in the order in which they are asked.
        invites: Vec<InvitesSection> = Vec::new(),
        /// Look-ups: values asked from outside while a form is filled in, for the policies that name them.
        lookups: Vec<LookupSection> = Vec::new(),
        /// Policies; the first whose apps match decides.
        policies: Vec<PolicySection> = Vec::new(),
        /// Texts, by locale and key.
        messages: BTreeMap<String, BTreeMap<String, Spanned<MessageText>>> = BTreeMap::new(),
        /// How Microsoft Graph is called.
        graph: Option<GraphSection> = None,
        /// Where the state lives.
        state: StateSection = StateSection { url: None },
        /// How accounts are found and connected.
        accounts: Option<AccountsSection> = absent(),
        /// The outside systems.
        connectors: Vec<ConnectorSection> = Vec::new(),
        /// What logs look like.
        telemetry: TelemetrySection = TelemetrySection { hash_key: None },
    }
    planned { "tests" }
}

section! {
    /// `[tenant]`
    struct TenantSection {
        /// The external tenant's id.
        id: Spanned<String> => built_in(STAND_IN_ID.to_owned()),
        /// `contoso` of `contoso.ciamlogin.com`.
        subdomain: Option<Spanned<String>> = None,
        /// The app id of `b2c-extensions-app`, behind `ext.Name`.
        extension_app_id: Option<Spanned<String>> = None,
        /// Other addresses of the outside world.
        endpoints: EndpointsSection = EndpointsSection { login: None, ciam: None, graph: None },
    }
}

section! {
    /// `tenant.endpoints`
    struct EndpointsSection {
        /// Where tokens come from.
        login: Option<Spanned<String>> = None,
        /// The tenant's own authority.
        ciam: Option<Spanned<String>> = None,
        /// Microsoft Graph.
        graph: Option<Spanned<String>> = None,
    }
}

section! {
    /// `[hooks]`
    struct HooksSection {
        /// What the token's `aud` may be.
        audience: Spanned<Vec<String>> => built_in(vec![STAND_IN_ID.to_owned()]),
        /// The time from a request's arrival to its answer.
        budget: Spanned<Duration> = built_in(Duration::from_millis(800)),
        /// What is answered when no decision can be made.
        on_failure: OnFailure = OnFailure::Block,
        /// Which apps may call.
        allowed_callers: Spanned<Vec<String>> = built_in(vec!["99045fe1-7639-4a75-9d4a-577b6ca3810f".to_owned()]),
    }
}

choice!(OnFailure { "block" => Self::Block, "continue" => Self::Continue });

section! {
    /// `[graph]`
    struct GraphSection {
        /// The app registration in the external tenant.
        client_id: Spanned<String> => built_in(STAND_IN_ID.to_owned()),
        /// How it proves itself.
        credential: CredentialSection,
    }
}

section! {
    /// `graph.credential`
    struct CredentialSection {
        /// A client secret.
        client_secret: SecretRef,
    }
    planned { "certificate", "managed_identity", "federated_managed_identity" }
}

section! {
    /// `[state]`
    struct StateSection {
        /// A folder.
        url: Option<Spanned<String>> = None,
    }
}

section! {
    /// `[accounts]`
    struct AccountsSection {
        /// How much of the past each run reads again.
        overlap: Duration = Duration::from_hours(2),
        /// How far behind the present a run stops reading.
        settle: Duration = Duration::ZERO,
        /// How far the very first run reaches.
        look_back: Duration = Duration::from_mins(10),
        /// A run stops taking accounts then.
        run_limit: Spanned<Duration> = built_in(Duration::from_mins(8)),
        /// How many accounts at once.
        concurrency: Spanned<usize> = built_in(16),
        /// How often an account is tried.
        max_attempts: Spanned<usize> = built_in(12),
    }
    only { discover: Discover, dispatch: Dispatch }
    planned { "reconcile" }
}

/// `discover`: where new accounts are found; one value so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Discover;
choice!(Discover { "audit-logs" => Self } planned { "sign-ups" });

/// `dispatch`: how a run hands out its work; one value so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dispatch;
choice!(Dispatch { "inline" => Self } planned { "queue" });

section! {
    /// `[telemetry]`
    struct TelemetrySection {
        /// Keys the address hashes in logs.
        hash_key: Option<SecretRef> = None,
    }
}
