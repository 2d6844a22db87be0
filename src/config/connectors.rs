//! `[[connectors]]`: one section for each kind, and what all kinds have in common.

use std::collections::BTreeMap;

use super::Environment;
use super::decode::{Decode, Otherwise, Reading, Spanned, as_table, built_in, choice, key, section, structured};
use super::hooks::endpoint;
use super::secrets::SecretRef;
use super::shape::Shape;
use super::sign_up::Names;
use super::sign_up::kinds::Kinds;
use super::sign_up::names::Members;
use super::tree::{Node, Origin};
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
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        let node = structured(node, reading)?;
        let table = as_table(&node, reading)?;
        let kind: Spanned<String> = key(table, &node, "kind", &Otherwise::Nothing, reading)?;
        match kind.value.as_str() {
            "mailchimp" => MailchimpSection::decode(&node, reading).map(Self::Mailchimp),
            "profile" => ProfileSection::decode(&node, reading).map(Self::Profile),
            other => {
                let planned = PLANNED.contains(&other);
                let how = if planned { "is not supported by this version" } else { "is none of mailchimp, profile" };
                reading.within("kind", |reading| reading.error(&kind.origin, format!("{other:?} {how}")));
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
        name: Spanned<String> => built_in("[]".to_owned()),
        /// The API key. Its end (`-us21`) names the data centre that is called.
        /// Example: `{ env = "MAILCHIMP_API_KEY" }`
        api_key: SecretRef,
        /// The id of the audience, as its settings show it.
        /// Example: `"a1b2c3d4e5"`
        list: Spanned<String> => built_in("[]".to_owned()),
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
        name: Spanned<String> => built_in("[]".to_owned()),
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
    names: &Names,
    environment: &Environment,
    reading: &mut Reading,
) -> Connectors {
    let mut all = Connectors::default();
    let members = Members::of_connectors(names, sections.iter().map(|section| section.name().value.as_str()));
    let members = &members;
    for section in sections {
        reading.within(&section.name().value, |reading| {
            let when = section.when().and_then(|when| all.condition(when, members, names, reading));
            let one = match section {
                ConnectorSection::Mailchimp(section) => all.mailchimp(section, members, environment, reading),
                ConnectorSection::Profile(section) => Some(all.profile(section, members, names, reading)),
            };
            all.builders.extend(one);
            let name = section.name().value.clone();
            all.order.push(ConnectorSettings { name, after: section.after().to_vec(), when });
        });
    }
    all.extensions
        .iter()
        .filter_map(|(name, _)| names.quietly(&format!("ext.{name}")))
        .for_each(|name| names.note(&name));
    all
}

impl Connectors {
    /// The custom attributes to be read, now that the extensions app is known.
    pub(super) fn resolve(&self, app: Option<&AppId>, reading: &mut Reading) -> Option<Extensions> {
        if app.is_none() {
            for (name, origin) in &self.extensions {
                reading.error(origin, format!("uses the custom attribute ext.{name}: set tenant.extension_app_id"));
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
        members: &Members<'_>,
        names: &Names,
        reading: &mut Reading,
    ) -> Option<Condition> {
        let condition = reading.within("when", |reading| {
            let condition = members.condition(when, &VARIABLES, reading)?;
            let kinds = Kinds { names, multi_select: &[] };
            kinds.warn_of_risks(&condition, "user", "the connector skips the account", &when.origin, reading);
            Some(condition)
        })?;
        self.reads(&condition.paths(), &when.origin);
        Some(condition)
    }

    fn templates(
        &mut self,
        sources: &BTreeMap<String, Spanned<String>>,
        members: &Members<'_>,
        reading: &mut Reading,
    ) -> BTreeMap<String, Template> {
        let mut compiled = BTreeMap::new();
        for (name, source) in sources {
            let template =
                reading.within(name, |reading| members.template(&source.value, &VARIABLES, &source.origin, reading));
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
        members: &Members<'_>,
        environment: &Environment,
        reading: &mut Reading,
    ) -> Option<Box<dyn ConnectorBuilder>> {
        let id = |byte: u8| byte.is_ascii_alphanumeric();
        if section.list.value.is_empty() || !(section.list.value.bytes().all(id) || section.list.value == "[]") {
            let how = "expected an audience's id, such as a1b2c3d4e5";
            reading.within("list", |reading| reading.error(&section.list.origin, how));
        }
        if section.when.is_none() && section.consent.is_none() {
            let how = "a mailing list asks for consent: say `when` somebody gave it, or consent = \"all\"";
            reading.error(&section.name.origin, how);
        }
        let base_url = section.base_url.as_ref().map(|url| endpoint(Some(url), "base_url", "", reading));
        let merge_fields =
            reading.within("merge_fields", |reading| self.templates(&section.merge_fields, members, reading));
        Some(Box::new(mailchimp::Settings {
            name: section.name.value.clone(),
            api_key: reading.within("api_key", |reading| section.api_key.resolve(environment, reading)),
            list: section.list.value.clone(),
            base_url: base_url.map_or(Some(None), |url| url.map(Some))?,
            status_if_new: section.status_if_new,
            merge_fields,
        }))
    }

    fn profile(
        &mut self,
        section: &ProfileSection,
        members: &Members<'_>,
        names: &Names,
        reading: &mut Reading,
    ) -> Box<dyn ConnectorBuilder> {
        let set = reading.within("set", |reading| {
            let settable = || profile::SETTABLE.iter().map(|(field, _)| *field);
            let mut set = BTreeMap::new();
            for (written, source) in &section.set {
                let custom = written.strip_prefix("ext.").filter(|short| !short.is_empty());
                let field = settable().find(|field| field.eq_ignore_ascii_case(written));
                if let Some(short) = custom {
                    self.extensions.push((short.to_owned(), source.origin.clone()));
                } else if field.is_none() {
                    let how = format!("a profile cannot set it{}", did_you_mean(written, settable()));
                    reading.within(written, |reading| reading.error(&source.origin, how));
                }
                set.insert(field.unwrap_or(written).to_owned(), source.clone());
            }
            self.templates(&set, members, reading)
        });
        let name = section.name.value.clone();
        let (overwrite, types) = (section.overwrite, names.types.clone());
        Box::new(profile::Settings { name, set, overwrite, types })
    }
}
