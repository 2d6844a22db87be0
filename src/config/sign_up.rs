//! `[[invites]]`, `[[policies]]` and `[messages]`: what the operator decided about sign-ups, compiled.

pub(super) mod kinds;
mod messages;
pub(super) mod names;
mod rules;
mod sources;
mod work;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Environment;
use super::attributes::{expect_text, word as type_word};
use super::decode::{Reading, Spanned};
use super::file::{File, InvitesSection, PolicySection};
use super::hooks::guid;
use super::problems::Severity;
use super::tree::Origin;
use crate::invites::csv_reader::{Header, ListError, ListOptions};
use crate::invites::{columns, list};
use crate::signup::disposable;
use crate::signup::identity::is_editable;
use crate::signup::messages::Messages;
use crate::signup::policy::{Policy, PrefillValue, SignUpSettings};
use crate::signup::prefill;
use crate::signup::rules::Rule;
use crate::storage;
use crate::values::{AddressRule, AppId, AttributeName, AttributeTypes, AttributeValue, did_you_mean};
use names::Members;

/// How long the first lines of all lists may take together. The listener is not bound before that.
const HEADERS: Duration = Duration::from_secs(1);

/// The most that `max_bytes` may say.
const MAX_LIST: usize = 1024 * 1024 * 1024;

/// How attributes are named in this tenant, and what invite lists say.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) extension_app: Option<AppId>,
    /// The look-ups there are.
    pub(super) lookups: Vec<String>,
    /// The columns of the invite lists; empty: not known.
    pub(super) columns: Vec<String>,
    /// The declared types of attributes.
    pub(super) types: AttributeTypes,
    /// The attributes that something names.
    used: RefCell<Vec<AttributeName>>,
}

impl Names {
    /// Names of a tenant, with these look-ups.
    pub(super) fn new(extension_app: Option<AppId>, lookups: Vec<String>) -> Self {
        let (columns, types, used) = (Vec::new(), AttributeTypes::default(), RefCell::default());
        Self { extension_app, lookups, columns, types, used }
    }

    /// The attributes that the configuration and the lists name.
    pub(super) fn used(&self) -> Vec<AttributeName> {
        let columns = self.columns.iter().filter_map(|column| self.quietly(column));
        self.used.borrow().iter().cloned().chain(columns).collect()
    }

    /// Takes note of an attribute that something names.
    pub(super) fn note(&self, name: &AttributeName) {
        let mut used = self.used.borrow_mut();
        if !used.contains(name) {
            used.push(name.clone());
        }
    }

    /// The attribute as the directory spells it, if it is one.
    pub(super) fn quietly(&self, written: &str) -> Option<AttributeName> {
        columns::attribute(written, self.extension_app.as_ref())
    }

    /// The attribute as the directory spells it, for something that uses it.
    pub(super) fn attribute(&self, written: &str, origin: &Origin, reading: &mut Reading) -> Option<AttributeName> {
        let name = self.resolve(written, origin, reading)?;
        self.note(&name);
        Some(name)
    }

    /// The attribute as the directory spells it.
    pub(super) fn resolve(&self, written: &str, origin: &Origin, reading: &mut Reading) -> Option<AttributeName> {
        if written.eq_ignore_ascii_case("email") || written.eq_ignore_ascii_case("emailAddress") {
            return Some(AttributeName::new("email"));
        }
        let found = columns::attribute(written, self.extension_app.as_ref());
        if found.is_none() {
            let how = if written.starts_with("ext.") && self.extension_app.is_none() {
                "names a custom attribute: set tenant.extension_app_id".to_owned()
            } else {
                let near = did_you_mean(written, columns::BUILT_IN_ATTRIBUTES);
                format!("{written:?} is not an attribute's name{near}")
            };
            reading.error(origin, how);
        }
        found
    }
}

/// Reports a name that occurs twice, or is empty.
pub(super) fn unique<'a>(names: impl Iterator<Item = &'a Spanned<String>>, reading: &mut Reading) {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if name.value.trim().is_empty() {
            reading.error(&name.origin, "the name is empty");
        } else if seen.iter().any(|seen| seen.eq_ignore_ascii_case(&name.value)) {
            // App settings name them, whose case does not count.
            reading.error(&name.origin, format!("the name {:?} occurs twice", name.value));
        }
        seen.push(&name.value);
    }
}

fn apps(list: &[Spanned<String>], reading: &mut Reading) -> Vec<AppId> {
    list.iter().filter_map(|id| guid(id, "apps", reading)).collect()
}

pub(super) fn invites(
    sections: &[InvitesSection],
    names: &Names,
    environment: &Environment,
    reading: &mut Reading,
) -> Vec<list::Settings> {
    reading.within("invites", |reading| {
        unique(sections.iter().map(|section| &section.name), reading);
        let mut build = |section: &InvitesSection| {
            let name = section.name.value.clone();
            reading.within(&name, |reading| source(section, names, environment, reading))
        };
        let lists: Vec<_> = sections.iter().filter_map(|section| Some((section, build(section)?))).collect();
        // All are read at once, so that those that hang cost their time once.
        let pending: Vec<_> = lists.into_iter().map(|list| (list::check(&list.1), list)).collect();
        let until = Instant::now() + HEADERS;
        let read = |(header, (section, settings)): (list::PendingHeader, (&InvitesSection, list::Settings))| {
            let name = section.name.value.clone();
            let columns = reading.within(&name, |reading| columns_of(section, header.wait_until(until), reading));
            list::Settings { columns, ..settings }
        };
        pending.into_iter().map(read).collect()
    })
}

/// What templates see of a list. One that cannot be read does not keep the service from starting.
fn columns_of(
    section: &InvitesSection,
    header: Result<Header, ListError>,
    reading: &mut Reading,
) -> Option<Vec<String>> {
    let (written, origin) = (section.source.value.as_str(), &section.source.origin);
    match header {
        Ok(header) => {
            for note in header.problems {
                reading.report(Severity::Warning, origin, format!("{written} line {}: {}", note.line, note.problem));
            }
            Some(header.columns)
        }
        Err(error) => {
            reading.report(Severity::MissingList, origin, format!("{written}: {error}"));
            None
        }
    }
}

fn source(
    section: &InvitesSection,
    names: &Names,
    environment: &Environment,
    reading: &mut Reading,
) -> Option<list::Settings> {
    let (written, origin) = (section.source.value.as_str(), &section.source.origin);
    let excel = Path::new(written).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    if written.contains("://") || excel {
        reading.error(origin, format!("the source {written:?} is not supported by this version: name a CSV file"));
        return None;
    }
    if section.refresh.value < Duration::from_secs(1) {
        reading.within("refresh", |reading| reading.error(&section.refresh.origin, "must be 1s or more"));
    }
    let max_bytes = &section.max_bytes;
    if !(1..=MAX_LIST).contains(&max_bytes.value) {
        let how = format!("must lie between 1 and {MAX_LIST} bytes");
        reading.within("max_bytes", |reading| reading.error(&max_bytes.origin, how));
    }
    let path = environment.folder.join(written);
    reading.within("source", |reading| reading.names_file(origin, Path::new(written), &path));
    Some(list::Settings {
        path,
        max_bytes: max_bytes.value as u64,
        options: ListOptions {
            source: Arc::from(section.name.value.as_str()),
            apps: apps(&section.apps, reading),
            extension_app: names.extension_app.clone(),
            types: names.types.clone(),
        },
        columns: None,
        refresh: section.refresh.value,
    })
}

pub(super) fn settings(file: &File, names: &Names, reading: &mut Reading) -> SignUpSettings {
    let messages = messages::messages(file, names, reading);
    let policies = reading.within("policies", |reading| {
        unique(file.policies.iter().map(|policy| &policy.name), reading);
        let build = |section: &PolicySection| {
            reading.within(&section.name.value, |reading| policy(section, names, &messages, reading))
        };
        file.policies.iter().map(build).collect::<Vec<_>>()
    });
    warn_of_dead_policies(file, reading);
    SignUpSettings { policies, messages }
}

/// A policy behind one that is for every app never decides; no policy at all refuses everybody.
fn warn_of_dead_policies(file: &File, reading: &mut Reading) {
    let catch_all = file.policies.iter().position(|policy| policy.apps.is_empty());
    for policy in file.policies.iter().skip(catch_all.map_or(usize::MAX, |at| at + 1)) {
        let why = "never decides: a policy before it is for every app";
        reading.within("policies", |reading| reading.report(Severity::Warning, &policy.name.origin, why));
    }
    if file.policies.is_empty() {
        let why = "there is no [[policies]]: everybody is refused";
        reading.report(Severity::Warning, &Origin::File { line: 1, column: 1 }, why);
    }
}

fn policy(section: &PolicySection, names: &Names, messages: &Messages, reading: &mut Reading) -> Policy {
    let mut addresses = |key, list: &[Spanned<String>]| {
        reading
            .within(key, |reading| list.iter().filter_map(|rule| address_rule(rule, key == "allow", reading)).collect())
    };
    let allow = addresses("allow", &section.allow);
    let deny = addresses("deny", &section.deny);
    if section.deny_disposable {
        disposable::load();
    }
    let multi_select = multi_select(section, names, reading);
    let policy = Policy {
        name: section.name.value.clone(),
        apps: apps(&section.apps, reading),
        gate: section.gate,
        allow,
        deny,
        deny_disposable: section.deny_disposable,
        mode: section.mode,
        no_address: sources::no_address(section, reading),
        email_match: section.email_match,
        email_sources: sources::email_sources(section, names, reading),
        invitation_code: sources::invitation_code(section, names, reading),
        uniform_refusals: section.uniform_refusals,
        rules: rules(section, &multi_select, names, messages, reading),
        multi_select,
        types: names.types.clone(),
        lookups: sources::lookups(section, &names.lookups, reading),
        prefill: prefill_values(section, names, reading),
        max_text: section.max_text.value,
    };
    work::check(section, &policy, messages, reading);
    policy
}

/// A rule of `allow` or `deny`; to let in all of a public suffix cannot be meant.
fn address_rule(text: &Spanned<String>, admits: bool, reading: &mut Reading) -> Option<AddressRule> {
    match text.value.parse::<AddressRule>() {
        Ok(rule) if admits && rule.is_for_a_public_suffix() => {
            let how =
                format!("{rule} is a public suffix, under which anybody can have a domain: name a domain below it");
            reading.error(&text.origin, how);
            None
        }
        Ok(rule) => Some(rule),
        Err(why) => {
            // Not quoted: it is logged when the service starts, and an address is personal.
            reading.error(&text.origin, format!("the rule {why}"));
            None
        }
    }
}

/// The attributes that hold several choices in one text.
fn multi_select(section: &PolicySection, names: &Names, reading: &mut Reading) -> Vec<AttributeName> {
    reading.within("multi_select", |reading| {
        let mut text = |written: &Spanned<String>| {
            let name = names.attribute(&written.value, &written.origin, reading)?;
            expect_text(&name, names, &written.origin, reading);
            Some(name)
        };
        section.multi_select.iter().filter_map(&mut text).collect()
    })
}

fn rules(
    section: &PolicySection,
    multi_select: &[AttributeName],
    names: &Names,
    messages: &Messages,
    reading: &mut Reading,
) -> Vec<Rule> {
    reading.within("rules", |reading| {
        section
            .rules
            .iter()
            .filter_map(|section| rules::rule(section, multi_select, names, messages, reading))
            .collect()
    })
}

fn prefill_values(section: &PolicySection, names: &Names, reading: &mut Reading) -> Vec<(AttributeName, PrefillValue)> {
    let members = Members::of_templates(names);
    reading.within("prefill", |reading| {
        let build = |(written, constant): (&String, &Spanned<super::file::Constant>)| {
            let name = names.attribute(written, &constant.origin, reading);
            let code = section.invitation_code.as_ref().and_then(|field| names.quietly(&field.value));
            if name.is_some() && name == code {
                let how = "is the field for an invitation code, which the person has to type";
                reading.within(written, |reading| reading.error(&constant.origin, how));
            }
            let value = match &constant.value.0 {
                AttributeValue::String(text) => members
                    .template(text, &prefill::NAMES, &constant.origin, reading)
                    .filter(|template| !template.is_literal())
                    .map_or_else(|| PrefillValue::Constant(constant.value.0.clone()), PrefillValue::Template),
                value => PrefillValue::Constant(value.clone()),
            };
            let name = name?;
            if let PrefillValue::Constant(value) = &value {
                reading.within(written, |reading| check_type(&name, value, names, &constant.origin, reading));
            }
            Some((name, value))
        };
        section.prefill.iter().filter_map(build).collect()
    })
}

/// Reports a value that cannot be said in the declared type, and warns of one whose own type is not declared.
fn check_type(name: &AttributeName, value: &AttributeValue, names: &Names, origin: &Origin, reading: &mut Reading) {
    let declared = names.types.declared(name.as_str());
    if !value.is_empty() && declared.is_some_and(|declared| value.convert(declared).is_none()) {
        reading.error(origin, "cannot be said in the type that [tenant.attributes] gives the attribute");
    }
    if matches!(value, AttributeValue::String(_) | AttributeValue::StringCollection(_)) || declared.is_some() {
        return;
    }
    let how = if columns::is_built_in(name) {
        "is sent as a text, since that is what the attribute is: write it in quotes".to_owned()
    } else {
        let (short, own) = (name.short(), type_word(value.attribute_type()));
        format!("is sent as a text: write {short:?} = {own:?} into [tenant.attributes] if it is none")
    };
    reading.report(Severity::Warning, origin, how);
}

/// Codes and remembered addresses need a state that outlives the instance, and a timer that sees accounts.
pub(super) fn check_state(file: &File, settings: &SignUpSettings, store: &storage::Settings, reading: &mut Reading) {
    for (section, policy) in file.policies.iter().zip(&settings.policies) {
        let codes = policy.invitation_code.is_some();
        if !codes && !is_editable(policy) {
            continue;
        }
        let path = format!("policies.{}", policy.name);
        if *store == storage::Settings::LocalOnAzure {
            let what = if codes { "invitation_code" } else { "no_address or email_sources" };
            let how = format!(
                "{what} needs a state store that all instances share; on Azure this version has none, since a folder does \
                 not outlive its instance"
            );
            reading.within(&path, |reading| reading.error(&section.name.origin, how));
        }
        if codes && file.invites.is_empty() {
            let how = "there is no [[invites]], so no code is known to anybody";
            reading.within(&path, |reading| reading.report(Severity::Warning, &section.name.origin, how));
        }
        if codes && file.graph.is_none() {
            let how = "without [graph] nobody sees which codes led to an account: a code that was reserved stays used";
            reading.within(&path, |reading| reading.report(Severity::Warning, &section.name.origin, how));
        }
    }
}
