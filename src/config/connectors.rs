//! `[[connectors]]`: one section for each kind, and what all kinds have in common.

use std::collections::BTreeMap;

use super::checks::endpoint;
use super::engine::{
    Decode, Diagnostics, Fallback, Node, Origin, Shape, Spanned, as_table, choice, key, section, structured, unnamed,
};
use super::environment::Environment;
use super::expressions::scope::Scope;
use super::expressions::types::KnownTypes;
use super::known_names::KnownNames;
use super::secrets::SecretRef;
use crate::accounts::ConnectorSettings;
use crate::connectors::mailchimp::{self, StatusIfNew};
use crate::connectors::profile::{self, Overwrite};
use crate::connectors::{ConnectorBuilder, VARIABLES};
use crate::expressions::{Condition, Template};
use crate::graph::Extensions;
use crate::values::{AppId, did_you_mean};

/// The kinds that there will be.
const PLANNED: [&str; 6] = ["stripe", "salesforce", "sql", "webhook", "groups", "dataverse"];

/// A connector of any kind.
#[derive(Debug, Clone)]
pub(super) enum ConnectorSection {
    Mailchimp(MailchimpSection),
    Profile(ProfileSection),
}

impl Decode for ConnectorSection {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = structured(node, diagnostics)?;
        let table = as_table(&node, diagnostics)?;
        let kind: Spanned<String> = key(table, &node, "kind", &Fallback::None, diagnostics)?;
        match kind.value.as_str() {
            "mailchimp" => MailchimpSection::decode(&node, diagnostics).map(Self::Mailchimp),
            "profile" => ProfileSection::decode(&node, diagnostics).map(Self::Profile),
            other => {
                let planned = PLANNED.contains(&other);
                let how = if planned { "is not supported by this version" } else { "is none of mailchimp, profile" };
                diagnostics.error_at("kind", &kind.origin, format!("{other:?} {how}"));
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::kinds("kind", [("mailchimp", MailchimpSection::shape()), ("profile", ProfileSection::shape())])
    }
}

section! {
    /// Makes the account a member of an audience of Mailchimp, or updates the member. Somebody who has unsubscribed
    /// stays so.
    struct MailchimpSection {
        /// The name of the connector, in logs, in `after` and in the names of app settings: letters, digits, `-` and
        /// `_`, at most 40. No two have the same.
        /// Example: `"news"`
        name: Spanned<String> => unnamed(),
        /// The API key. Its end (`-us21`) names the data centre that is called.
        /// Example: `{ env = "MAILCHIMP_API_KEY" }`
        api_key: SecretRef,
        /// The id of the audience, as its settings show it.
        /// Example: `"a1b2c3d4e5"`
        list: Spanned<String> => unnamed(),
        /// Another address of the API, for tests.
        /// Default: that of the key's data centre
        base_url: Option<Spanned<String>> as Url = None,
        /// What somebody becomes who is not a member yet. It never changes what a member is.
        status_if_new: StatusIfNew = StatusIfNew::default(),
        /// The values of the merge fields, by tag. `user`, `invite` and `results` can be used; what renders empty is
        /// left out.
        /// Keys: tag
        /// Example: `{ FNAME = "{{ user.givenName }}", LNAME = "{{ user.surname }}" }`
        merge_fields: BTreeMap<String, Spanned<String>> as Template = BTreeMap::new(),
        /// Who has given consent: the connector runs for the accounts for which this is true. `user`, `invite` and
        /// `results` can be used. Required, unless `consent` is there.
        /// Example: `"user.ext.Newsletter"`
        when: Option<Spanned<String>> as Condition = None,
        /// Says that everybody who signs up has given consent, so that `when` is not needed.
        consent: Option<Consent> = None,
        /// The names of connectors that must have come to a result before this one starts. It may then use
        /// `results.<name>.id` and `results.<name>.outcome`.
        /// Example: `["news"]`
        after: Vec<String> = Vec::new(),
    }
    only { kind: String }
}

section! {
    /// Sets fields of the account itself in the directory. External ID leaves `displayName` at "unknown" and
    /// `userPrincipalName` at a GUID when the form asks for neither.
    struct ProfileSection {
        /// The name of the connector, in logs, in `after` and in the names of app settings: letters, digits, `-` and
        /// `_`, at most 40. No two have the same.
        /// Example: `"directory"`
        name: Spanned<String> => unnamed(),
        /// What each field becomes: `displayName`, `givenName`, `surname`, `userPrincipalName`, `mail`, `country`,
        /// `city`, `state`, `postalCode`, `jobTitle`, `companyName`, `mobilePhone`, or `ext.Name`. `user`, `invite`
        /// and `results` can be used; what renders empty changes nothing, nor does what cannot be said in the type that
        /// `[tenant.attributes]` gives the attribute. A `userPrincipalName` without an `@` keeps the account's domain.
        /// Keys: field
        /// Example: `{ displayName = "{{ user.givenName }} {{ user.surname }}" }`
        set: BTreeMap<String, Spanned<String>> as Template => BTreeMap::new(),
        /// Which of the fields in `set` may be changed.
        overwrite: Overwrite = Overwrite::default(),
        /// For which accounts the connector runs; without it, for all. `user`, `invite` and `results` can be used.
        /// Example: `"user.country == 'AU'"`
        when: Option<Spanned<String>> as Condition = None,
        /// The names of connectors that must have come to a result before this one starts. It may then use
        /// `results.<name>.id` and `results.<name>.outcome`.
        /// Example: `["news"]`
        after: Vec<String> = Vec::new(),
    }
    only { kind: String }
}

choice!(StatusIfNew {
    /// Mailchimp asks the person for a confirmation first.
    "pending" => Self::Pending,
    /// Receives campaigns at once: only with consent.
    "subscribed" => Self::Subscribed,
    /// Receives transactional mail only.
    "transactional" => Self::Transactional,
    /// Is known, and receives nothing.
    "unsubscribed" => Self::Unsubscribed,
});
choice!(Overwrite {
    /// Those that nobody has chosen: empty, "unknown", or a GUID.
    "placeholders" => Self::Placeholders,
    /// All of them.
    "always" => Self::Always,
});

/// `consent`: a mailing list asks for it; `all` says that everybody gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Consent;
choice!(Consent {
    /// Everybody has given it.
    "all" => Self,
});

impl ConnectorSection {
    pub(super) fn name(&self) -> &Spanned<String> {
        match self {
            Self::Mailchimp(section) => &section.name,
            Self::Profile(section) => &section.name,
        }
    }

    fn when(&self) -> Option<&Spanned<String>> {
        match self {
            Self::Mailchimp(section) => section.when.as_ref(),
            Self::Profile(section) => section.when.as_ref(),
        }
    }

    fn after(&self) -> &[String] {
        match self {
            Self::Mailchimp(section) => &section.after,
            Self::Profile(section) => &section.after,
        }
    }
}

/// The connectors, compiled.
#[derive(Debug, Default)]
pub(super) struct Connectors {
    pub(super) builders: Vec<Box<dyn ConnectorBuilder>>,
    pub(super) order: Vec<ConnectorSettings>,
    /// Custom attributes that some expression reads or a profile sets, by short name.
    extensions: Vec<(String, Origin)>,
    pub(super) needs_invite: bool,
}

/// Compiles the connectors' templates and conditions, and finds what they read.
pub(super) fn connectors(
    sections: &[ConnectorSection],
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Connectors {
    let mut all = Connectors::default();
    let members = Scope::of_connectors(names, sections.iter().map(|section| section.name().value.as_str()));
    let members = &members;
    for section in sections {
        diagnostics.within(&section.name().value, |diagnostics| {
            let when = section.when().and_then(|when| all.condition(when, members, names, diagnostics));
            let one = match section {
                ConnectorSection::Mailchimp(section) => all.mailchimp(section, members, environment, diagnostics),
                ConnectorSection::Profile(section) => Some(all.profile(section, members, names, diagnostics)),
            };
            all.builders.extend(one);
            let name = section.name().value.clone();
            all.order.push(ConnectorSettings { name, after: section.after().to_vec(), when });
        });
    }
    all.extensions
        .iter()
        .filter_map(|(name, _)| names.find(&format!("ext.{name}")))
        .for_each(|name| names.mark_used(&name));
    all
}

impl Connectors {
    /// The custom attributes to be read, now that the extensions app is known.
    pub(super) fn resolve(&self, app: Option<&AppId>, diagnostics: &mut Diagnostics) -> Option<Extensions> {
        if app.is_none() {
            for (name, origin) in &self.extensions {
                diagnostics.error(origin, format!("uses the custom attribute ext.{name}: set tenant.extension_app_id"));
            }
        }
        let mut names: Vec<String> = self.extensions.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        app.map(|app| Extensions { app: app.clone(), names })
    }

    /// Takes note of what an expression reads.
    fn reads(&mut self, paths: &[Vec<String>], origin: &Origin) {
        for path in paths {
            match path.as_slice() {
                [root, ..] if root == "invite" => self.needs_invite = true,
                [root, ext, name, ..] if root == "user" && ext == "ext" => {
                    self.extensions.push((name.clone(), origin.clone()));
                }
                _ => {}
            }
        }
    }

    fn condition(
        &mut self,
        when: &Spanned<String>,
        members: &Scope<'_>,
        names: &KnownNames,
        diagnostics: &mut Diagnostics,
    ) -> Option<Condition> {
        let condition = diagnostics.within("when", |diagnostics| {
            let condition = members.condition(when, &VARIABLES, diagnostics)?;
            let kinds = KnownTypes { names, multi_select: &[] };
            kinds.warn_of_risks(&condition, "user", "the connector skips the account", &when.origin, diagnostics);
            Some(condition)
        })?;
        self.reads(&condition.paths(), &when.origin);
        Some(condition)
    }

    fn templates(
        &mut self,
        sources: &BTreeMap<String, Spanned<String>>,
        members: &Scope<'_>,
        diagnostics: &mut Diagnostics,
    ) -> BTreeMap<String, Template> {
        let mut compiled = BTreeMap::new();
        for (name, source) in sources {
            let template = diagnostics
                .within(name, |diagnostics| members.template(&source.value, &VARIABLES, &source.origin, diagnostics));
            if let Some(template) = template {
                self.reads(&template.paths(), &source.origin);
                compiled.insert(name.clone(), template);
            }
        }
        compiled
    }

    fn mailchimp(
        &mut self,
        section: &MailchimpSection,
        members: &Scope<'_>,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Box<dyn ConnectorBuilder>> {
        let id = |byte: u8| byte.is_ascii_alphanumeric();
        if section.list.value.is_empty() || !(section.list.value.bytes().all(id) || section.list.value == "[]") {
            let how = "expected an audience's id, such as a1b2c3d4e5";
            diagnostics.error_at("list", &section.list.origin, how);
        }
        if section.when.is_none() && section.consent.is_none() {
            let how = "a mailing list asks for consent: say `when` somebody gave it, or consent = \"all\"";
            diagnostics.error(&section.name.origin, how);
        }
        let base_url = section.base_url.as_ref().map(|url| endpoint(url, "base_url", diagnostics));
        let merge_fields = diagnostics
            .within("merge_fields", |diagnostics| self.templates(&section.merge_fields, members, diagnostics));
        Some(Box::new(mailchimp::Settings {
            name: section.name.value.clone(),
            api_key: diagnostics.within("api_key", |diagnostics| section.api_key.resolve(environment, diagnostics)),
            list: section.list.value.clone(),
            base_url: base_url.map_or(Some(None), |url| url.map(Some))?,
            status_if_new: section.status_if_new,
            merge_fields,
        }))
    }

    fn profile(
        &mut self,
        section: &ProfileSection,
        members: &Scope<'_>,
        names: &KnownNames,
        diagnostics: &mut Diagnostics,
    ) -> Box<dyn ConnectorBuilder> {
        let set = diagnostics.within("set", |diagnostics| {
            let settable = || profile::SETTABLE.iter().map(|(field, _)| *field);
            let mut set = BTreeMap::new();
            for (written, source) in &section.set {
                let custom = written.strip_prefix("ext.").filter(|short| !short.is_empty());
                let field = settable().find(|field| field.eq_ignore_ascii_case(written));
                if let Some(short) = custom {
                    self.extensions.push((short.to_owned(), source.origin.clone()));
                } else if field.is_none() {
                    let how = format!("a profile cannot set it{}", did_you_mean(written, settable()));
                    diagnostics.error_at(written, &source.origin, how);
                }
                set.insert(field.unwrap_or(written).to_owned(), source.clone());
            }
            self.templates(&set, members, diagnostics)
        });
        let name = section.name.value.clone();
        let (overwrite, types) = (section.overwrite, names.types.clone());
        Box::new(profile::Settings { name, set, overwrite, types })
    }
}
