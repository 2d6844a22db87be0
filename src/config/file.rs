//! The keys of `guestlist.toml`: every section, with types and defaults. What they mean is checked afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::connectors::ConnectorSection;
use super::decode::{Spanned, absent, built_in, choice, section};
use super::secrets::SecretRef;
use crate::functions::hook::OnFailure;
use crate::values::AttributeType;

mod constant;
mod lookup;
mod message;
mod policy;
mod rule;
mod test;

pub(super) use constant::Constant;
pub(super) use lookup::{HeaderText, LookupMethod, LookupSection};
pub(super) use message::MessageText;
pub(super) use policy::{InvitesSection, PolicySection};
pub(super) use rule::{RuleKeys, RuleSection};
pub(super) use test::{ExpectSection, GivenSection, TestSection};
pub(crate) use test::{TestAction, TestCode, TestHook};

use message::is_table;

/// Stands for an id that is missing, while other problems are looked for.
const STAND_IN_ID: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

section! {
    /// The sections of the file. What is not required has defaults, or belongs to something that is off without it.
    struct File {
        /// The external tenant whose sign-ups are decided.
        tenant: Option<TenantSection> => None,
        /// Who may call the hooks, how long they may take, and what they answer when nothing can be decided.
        hooks: Option<HooksSection> => None,
        /// The lists of invitations, in the order in which they are asked. The first valid invitation counts.
        invites: Vec<InvitesSection> = Vec::new(),
        /// Values asked from outside while a form is filled in, for the policies that name them.
        lookups: Vec<LookupSection> = Vec::new(),
        /// Who may sign up to which app, and what the form asks. The first policy whose `apps` match decides; without
        /// one, nobody is let in.
        policies: Vec<PolicySection> = Vec::new(),
        /// The texts that people see, by locale (`en`, `de-AT`) and key. A text is looked for in the person's locale,
        /// then in the language (`de-AT`, then `de`), then in `en`. It is a template in which `email`, `app.name`,
        /// `app.id` and `support_code` can be used, and is cut after 500 characters.
        /// Keys: locale
        /// Keys: key
        messages: BTreeMap<String, BTreeMap<String, Spanned<MessageText>>> = BTreeMap::new(),
        /// The app registration with which new accounts are found and changed. Without it there are no connectors,
        /// and the timer answers that it cannot run.
        graph: Option<GraphSection> = None,
        /// Where it is remembered which accounts have been found, and how far each one is.
        state: StateSection = StateSection { url: None },
        /// How the timer finds new accounts and takes them through the connectors.
        accounts: Option<AccountsSection> = absent(),
        /// Tests of the policies, which `guestlist check` runs.
        tests: Vec<TestSection> = Vec::new(),
        /// The outside systems that every new account is taken to, in this order if `after` does not say otherwise.
        connectors: Vec<ConnectorSection> = Vec::new(),
        /// What the logs say, and how much.
        telemetry: TelemetrySection = TelemetrySection { hash_key: None, level: Level::Info },
    }
}

section! {
    /// The external tenant (Microsoft Entra External ID) whose sign-ups are decided. Tokens of any other tenant are
    /// refused.
    struct TenantSection {
        /// The tenant's id, as the admin center shows it under Overview.
        /// Example: `"aaaabbbb-0000-cccc-1111-dddd2222eeee"`
        id: Spanned<String> as Guid => built_in(STAND_IN_ID.to_owned()),
        /// The first part of the tenant's sign-in domain: `contoso` of `contoso.ciamlogin.com`. Set it so that tokens
        /// which name that domain as their issuer are accepted.
        /// Example: `"contoso"`
        subdomain: Option<Spanned<String>> = None,
        /// The application (client) id of the registration `b2c-extensions-app`. With it a custom attribute is
        /// written `ext.Name`; without it, naming one is an error.
        extension_app_id: Option<Spanned<String>> as Guid = None,
        /// The types of custom attributes that are not texts: Entra says the type of an attribute only when an event lists it,
        /// and before the form is shown it lists the address alone. A value for an attribute that is not named here is a
        /// text. The types count for everything that fills, checks or sets an attribute: columns of invite lists,
        /// look-ups, `prefill`, conditions, and `set` of a profile connector. A text, such as a cell of a list, says
        /// yes as `true`, `yes` or `1` and no as `false`, `no` or `0`, in any case. A value that cannot be said in its
        /// type is left out. The built-in attributes (`displayName`, `city`, `email` …) are texts.
        /// Keys: attribute
        /// Example: `{ "ext.Newsletter" = "boolean", "ext.Seats" = "int64" }`
        attributes: BTreeMap<String, Spanned<AttributeType>> = BTreeMap::new(),
        /// Other addresses of Microsoft than those of the public cloud: for sovereign clouds, and for tests.
        endpoints: EndpointsSection = EndpointsSection { login: None, ciam: None, graph: None },
    }
}

choice!(AttributeType {
    /// Yes or no.
    "boolean" => Self::Boolean,
    /// A whole number.
    "int64" => Self::Int64,
    /// A text. Several choices are a text, too: see `multi_select`.
    "string" => Self::String,
});

section! {
    /// Where Microsoft is reached. Accepted issuers, signing keys and tokens for Microsoft Graph follow from these
    /// addresses. The defaults are those of the public cloud.
    struct EndpointsSection {
        /// Where tokens for Microsoft Graph are asked for, and the host of one of the accepted issuers.
        /// Default: `"https://login.microsoftonline.com"`
        login: Option<Spanned<String>> as Url = None,
        /// The tenant's own authority, which issues the tokens of the calls to the hooks.
        /// Default: `"https://<tenant id>.ciamlogin.com"`
        ciam: Option<Spanned<String>> as Url = None,
        /// Microsoft Graph: the audit log and the directory.
        /// Default: `"https://graph.microsoft.com"`
        graph: Option<Spanned<String>> as Url = None,
    }
}

section! {
    /// The two calls that Entra makes while somebody signs up. Each is answered with exactly one action before the
    /// budget is spent, whatever hangs.
    struct HooksSection {
        /// What the `aud` of a caller's token may be: the app id of the registration behind the custom authentication
        /// extensions, and its identifier URI. Which of them a token names depends on its version, so give both.
        /// Example: `["99999999-2222-3333-4444-555555555555", "api://host/99999999-2222-3333-4444-555555555555"]`
        audience: Spanned<Vec<String>> => built_in(vec![STAND_IN_ID.to_owned()]),
        /// The time from the arrival of a call to its answer, from `200ms` to `1800ms`. Keep it at least 150 ms below
        /// the timeout of the custom authentication extension, which is 1000 ms unless it was changed.
        budget: Spanned<Duration> = built_in(Duration::from_millis(800)),
        /// What is answered when no decision can be made in time, for example because an invite source hangs.
        on_failure: OnFailure = OnFailure::Block,
        /// The app ids of those who may call. The default is Entra's own application for custom authentication
        /// extensions.
        allowed_callers: Spanned<Vec<String>> as Guid = built_in(vec!["99045fe1-7639-4a75-9d4a-577b6ca3810f".to_owned()]),
    }
}

choice!(OnFailure {
    /// A page asks the person to try again in a few minutes.
    "block" => Self::Block,
    /// The sign-up goes on, unchecked.
    "continue" => Self::Continue,
});

section! {
    /// How Microsoft Graph is called. The app registration is one of the external tenant, with the application
    /// permissions `AuditLog.Read.All` and `Directory.Read.All`, and `User.ReadWrite.All` for a `profile` connector.
    struct GraphSection {
        /// The application (client) id of the app registration. Accounts that this application makes are not
        /// sign-ups.
        client_id: Spanned<String> as Guid => built_in(STAND_IN_ID.to_owned()),
        /// With what the app registration proves itself.
        credential: CredentialSection,
    }
}

section! {
    /// With what the app registration proves itself when it asks for a token.
    struct CredentialSection {
        /// A client secret of the app registration. Renew it before it expires; the service reads it when it starts.
        /// Example: `{ env = "GUESTLIST_GRAPH_SECRET" }`
        client_secret: SecretRef,
    }
    planned { "certificate", "managed_identity", "federated_managed_identity" }
}

section! {
    /// Where the state is kept: which accounts the timer has found and how far each one is, which uses of invitation
    /// codes are taken, and which addresses Start has left for Submit.
    struct StateSection {
        /// A folder, for one machine. On Azure a folder would be lost with its instance, so there the timer refuses to
        /// run, and a policy that needs the state (`invitation_code`, `no_address = "code"`, `email_sources` other than
        /// the usual ones) is an error.
        /// Default: `".guestlist"`
        url: Option<Spanned<String>> as Path = None,
    }
}

section! {
    /// How the timer works. Every run reads the new accounts from the audit log and takes each one through the
    /// connectors; what fails is tried again by later runs.
    struct AccountsSection {
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

section! {
    /// What the logs say, and how much. Addresses never appear in them, only keyed hashes.
    struct TelemetrySection {
        /// The key of the address hashes. With the same one everywhere, lines about one person can be found across
        /// instances and restarts; without one, each process makes up its own. What Starts saw of people is stored under
        /// digests with a key that follows from it; without one, under a key that is kept in the state. So all processes
        /// on one state need the same one, or none.
        /// Example: `{ env = "GUESTLIST_HASH_KEY" }`
        hash_key: Option<SecretRef> = None,
        /// From which level up events are written. With `"debug"` the log shows every step of every decision.
        level: Level = Level::Info,
    }
}

/// A level of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    /// As the log knows it.
    pub(super) fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

choice!(Level {
    /// Failures only.
    "error" => Self::Error,
    /// And what should be looked at.
    "warn" => Self::Warn,
    /// And every decision, and what the timer did.
    "info" => Self::Info,
    /// And the steps of every decision, and every call to the outside.
    "debug" => Self::Debug,
});
