//! `[[invites]]` and `[[policies]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::constant::Constant;
use super::rule::RuleSection;
use crate::config::decode::{Spanned, built_in, choice, section};
use crate::signup::policy::Gate;

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
pub(in crate::config) struct Mode;
choice!(Mode { "enforce" => Self } planned { "report" });

/// `no_address`: what happens to people without an address; one value so far.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct NoAddress;
choice!(NoAddress { "refuse" => Self } planned { "code" });

/// `email_match`: how addresses are compared; one value so far.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct EmailMatch;
choice!(EmailMatch { "exact" => Self } planned { "ignore-tag", "ignore-tag-and-dots" });
