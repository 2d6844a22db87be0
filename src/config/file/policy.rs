//! `[[invites]]` and `[[policies]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::constant::Constant;
use super::rule::RuleSection;
use crate::config::decode::{Spanned, built_in, choice, section};
use crate::signup::policy::Gate;

section! {
    /// A list of invitations: a CSV file with a header. The column `email` holds an address, `@contoso.com` for a
    /// domain, or `@*.contoso.com` for all below it. The columns `name`, `apps`, `tags`, `not_before`, `expires` and
    /// `note` are known too; every other column should be the name of an attribute and prefills that.
    struct InvitesSection {
        /// The name of the list, in logs, in `guestlist explain` and in the names of app settings. No two have the
        /// same.
        /// Example: `"beta"`
        name: Spanned<String> => built_in("[]".to_owned()),
        /// The CSV file. Whoever can read the function app's package can read a list that is in it.
        /// Example: `"invites.csv"`
        source: Spanned<String> as Path,
        /// The application ids of the apps that the list is for; none: every app. The column `apps` of a line narrows
        /// it further.
        apps: Vec<Spanned<String>> as Guid = Vec::new(),
        /// How often the file is checked for changes, at least `1s`. A list that can no longer be read stays in use
        /// as it was.
        refresh: Spanned<Duration> = built_in(Duration::from_mins(1)),
    }
}

section! {
    /// Who may sign up to some apps, or to all, and what the form shows and accepts. The order of the decision is
    /// fixed: `gate = "closed"`, an exact invitation or address in `allow`, an exact address in `deny`, the longest
    /// domain of invitations, `allow` and `deny`, and at last `gate`.
    struct PolicySection {
        /// The name of the policy, in logs, in `guestlist explain` and in the names of app settings. No two have the
        /// same.
        /// Example: `"default"`
        name: Spanned<String> => built_in("[]".to_owned()),
        /// The application ids of the apps that the policy is for; none: every app, so that no policy after this one
        /// decides.
        apps: Vec<Spanned<String>> as Guid = Vec::new(),
        /// What happens to an address that neither an invitation nor `allow` nor `deny` names.
        gate: Gate => Gate::Closed,
        /// Addresses and domains that are let in without an invitation. A public suffix such as `@co.uk` is an error.
        /// Example: `["@contoso.com", "@*.contoso.com", "ceo@fabrikam.com"]`
        allow: Vec<Spanned<String>> as AddressRule = Vec::new(),
        /// Addresses and domains that are refused. An exact address is refused with any `+tag`; of two domains of the
        /// same length, the denied one wins.
        /// Example: `["@mailinator.com"]`
        deny: Vec<Spanned<String>> as AddressRule = Vec::new(),
        /// What the form shows to begin with, by attribute: a text, a whole number, or true or false. A text is a
        /// template in which `invite`, `email` and `app` can be used. These values win over the columns of the invite
        /// list.
        /// Keys: attribute
        /// Example: `{ country = "AU", displayName = "{{ invite.name }}" }`
        prefill: BTreeMap<String, Spanned<Constant>> = BTreeMap::new(),
        /// What is tidied and checked when the form comes back, one rule after the other.
        rules: Vec<RuleSection> = Vec::new(),
    }
    only {
        /// Whether the decision counts.
        mode: Mode,
        /// What happens to a person whose address is not known.
        no_address: NoAddress,
        /// When two addresses are the same.
        email_match: EmailMatch,
    }
    planned { "deny_disposable", "email_sources", "invitation_code" }
}

choice!(Gate {
    /// It is refused.
    "invite-only" => Self::InviteOnly,
    /// It is let in.
    "open" => Self::Open,
    /// Everybody is refused, invited or not.
    "closed" => Self::Closed,
});

/// `mode`: whether decisions count; one value so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Mode;
choice!(Mode {
    /// What is decided is answered.
    "enforce" => Self,
} planned { "report" });

/// `no_address`: what happens to people without an address; one value so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct NoAddress;
choice!(NoAddress {
    /// The person is refused.
    "refuse" => Self,
} planned { "code" });

/// `email_match`: how addresses are compared; one value so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct EmailMatch;
choice!(EmailMatch {
    /// When they differ in no more than case and the form of their characters.
    "exact" => Self,
} planned { "ignore-tag", "ignore-tag-and-dots" });
