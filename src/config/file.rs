//! The keys of `guestlist.toml`: every section, with types and defaults. What they mean is checked afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connectors::ConnectorSection;
use super::decode::{
    Decode, Otherwise, Reading, Spanned, absent, as_table, built_in, choice, section, structured, unknown_keys,
};
use super::secrets::SecretRef;
use super::tree::{Node, Value};
use crate::functions::hook::OnFailure;
use crate::signup::policy::Gate;
use crate::signup::rules::Normalise;
use crate::values::AttributeValue;

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
    planned { "lookups", "tests" }
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
    /// `[[invites]]`
    struct InvitesSection {
        /// Its name.
        name: Spanned<String> => built_in("[]".to_owned()),
        /// A CSV file.
        source: Spanned<String>,
        /// The apps it is for.
        apps: Vec<Spanned<String>> = Vec::new(),
        /// How often the file is looked at.
        refresh: Spanned<Duration> = built_in(Duration::from_mins(1)),
    }
}

section! {
    /// `[[policies]]`
    struct PolicySection {
        /// Its name.
        name: Spanned<String> => built_in("[]".to_owned()),
        /// The apps it is for.
        apps: Vec<Spanned<String>> = Vec::new(),
        /// What happens to an address that no rule names.
        gate: Gate => Gate::Closed,
        /// Addresses and domains that are let in.
        allow: Vec<Spanned<String>> = Vec::new(),
        /// Addresses and domains that are not.
        deny: Vec<Spanned<String>> = Vec::new(),
        /// What the form shows to begin with.
        prefill: BTreeMap<String, Spanned<Constant>> = BTreeMap::new(),
        /// What is checked when the form comes back.
        rules: Vec<RuleSection> = Vec::new(),
    }
    only { mode: Mode, no_address: NoAddress, email_match: EmailMatch }
    planned { "deny_disposable", "email_sources", "invitation_code" }
}

choice!(Gate { "invite-only" => Self::InviteOnly, "open" => Self::Open, "closed" => Self::Closed });

/// `mode`: whether decisions count; one value so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mode;
choice!(Mode { "enforce" => Self } planned { "report" });

/// `no_address`: what happens to people without an address; one value so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoAddress;
choice!(NoAddress { "refuse" => Self } planned { "code" });

/// `email_match`: how addresses are compared; one value so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct EmailMatch;
choice!(EmailMatch { "exact" => Self } planned { "ignore-tag", "ignore-tag-and-dots" });

section! {
    /// `[[policies.rules]]`
    struct RuleSection {
        /// The attribute.
        attribute: Spanned<String>,
        /// What is done to a text before it is checked.
        normalise: Vec<Normalise> = Vec::new(),
        /// Whether it must be filled in.
        required: bool = false,
        /// What the whole value must match.
        pattern: Option<Spanned<String>> = None,
        /// At least so many characters.
        min_length: Option<Spanned<usize>> = None,
        /// At most so many characters.
        max_length: Option<usize> = None,
        /// The values there are.
        one_of: Vec<String> = Vec::new(),
        /// The key of the text at the field.
        message: Option<Spanned<String>> = None,
    }
    planned { "when", "block" }
}

choice!(Normalise {
    "trim" => Self::Trim, "lower" => Self::Lower, "upper" => Self::Upper, "collapse" => Self::Collapse,
} planned { "title", "nfkc", "digits", "phone" });

/// A value for the form, as it is written: a string, a whole number, or true or false.
#[derive(Debug, Clone)]
pub(super) struct Constant(pub(super) AttributeValue);

impl Decode for Constant {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        // A setting's text that is no number, and neither true nor false, is a string.
        let parsed = match &node.value {
            Value::Setting(text) => super::tree::parse_setting(text, &node.origin).ok(),
            _ => None,
        };
        let typed = |parsed: &Node| matches!(parsed.value, Value::String(_) | Value::Integer(_) | Value::Boolean(_));
        let parsed = parsed.filter(typed);
        match &parsed.as_ref().unwrap_or(node).value {
            Value::String(text) | Value::Setting(text) => Some(Self(AttributeValue::String(text.clone()))),
            Value::Integer(number) => Some(Self(AttributeValue::Int64(*number))),
            Value::Boolean(yes) => Some(Self(AttributeValue::Boolean(*yes))),
            other => {
                let kind = other.kind();
                reading.error(&node.origin, format!("expected a string, a whole number, true or false, found {kind}"));
                None
            }
        }
    }
}

/// Whether a setting's text is an inline table; a template begins with two braces.
fn is_table(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') && !text.starts_with("{{") && !text.starts_with("{%")
}

/// A text with an optional title.
#[derive(Debug, Clone)]
pub(super) struct MessageText {
    pub(super) title: Option<String>,
    pub(super) text: String,
}

impl Decode for MessageText {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        if let Value::String(text) | Value::Setting(text) = &node.value
            && !(matches!(node.value, Value::Setting(_)) && is_table(text))
        {
            return Some(Self { title: None, text: text.clone() });
        }
        let node = structured(node, reading)?;
        let table = as_table(&node, reading)?;
        unknown_keys(table, &["title", "text"], &[], reading);
        let title = table.get("title").map(|title| reading.within("title", |reading| String::decode(title, reading)));
        let text = super::decode::key(table, &node, "text", &Otherwise::Nothing, reading)?;
        Some(Self { title: title.flatten(), text })
    }
}

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
