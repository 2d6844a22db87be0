//! `kind = "profile"`: its own keys and their meaning.

use std::collections::BTreeMap;

use super::expressions::ConnectorExpressions;
use super::kind::{ConnectorKeys, ConnectorKindSection};
use crate::config::engine::{Diagnostics, Limit, Spanned, TextFormat, choice, section};
use crate::config::environment::Environment;
use crate::connectors::ConnectorBuilder;
use crate::connectors::profile::{Overwrite, SETTABLE, Settings};
use crate::values::did_you_mean;

section! {
    /// Sets fields of the account itself in the directory. External ID leaves `displayName` at "unknown" and
    /// `userPrincipalName` at a GUID when the form asks for neither.
    struct ProfileSection {
        /// What each field becomes: `displayName`, `givenName`, `surname`, `userPrincipalName`, `mail`, `country`,
        /// `city`, `state`, `postalCode`, `jobTitle`, `companyName`, `mobilePhone`, or `ext.Name`. `user`, `invite`
        /// and `results` can be used; what renders empty changes nothing, nor does what cannot be said in the type that
        /// `[tenant.attributes]` gives the attribute. A `userPrincipalName` without an `@` keeps the account's domain.
        /// Keys: field
        /// Example: `{ displayName = "{{ user.givenName }} {{ user.surname }}" }`
        set: BTreeMap<String, Spanned<String>> as Template => BTreeMap::new(),
        /// Which of the fields in `set` may be changed.
        overwrite: Overwrite = Overwrite::default(),
    }
    shared {
        /// Example: `"directory"`
        name,
    }
    limits { set: Limit::Keys(TextFormat::ProfileField) }
}

choice!(Overwrite {
    /// Those that nobody has chosen: empty, "unknown", or a GUID.
    "placeholders" => Self::Placeholders,
    /// All of them.
    "always" => Self::Always,
});

impl ConnectorKindSection for ProfileSection {
    fn builder(
        &self,
        keys: &ConnectorKeys,
        expressions: &mut ConnectorExpressions<'_>,
        _: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Box<dyn ConnectorBuilder>> {
        let settable = || SETTABLE.iter().map(|(field, _)| *field);
        let mut set = BTreeMap::new();
        for (written, source) in &self.set {
            let custom = written.strip_prefix("ext.").filter(|short| !short.is_empty());
            let field = settable().find(|field| field.eq_ignore_ascii_case(written));
            if let Some(short) = custom {
                expressions.note_attribute(short, &source.origin);
            } else if field.is_none() {
                let message = format!("a profile cannot set it{}", did_you_mean(written, settable()));
                diagnostics.error_at(&format!("set.{written}"), &source.origin, message);
            }
            set.insert(field.unwrap_or(written).to_owned(), source.clone());
        }
        Some(Box::new(Settings {
            name: keys.name.value.clone(),
            set: expressions.templates("set", &set, diagnostics),
            overwrite: self.overwrite,
            types: expressions.types().clone(),
        }))
    }
}
