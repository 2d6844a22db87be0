//! The names that other sections may use: attributes, look-ups, and columns of invite lists.

use std::cell::{Cell, RefCell};

use super::definitions::Definitions;
use super::engine::{Diagnostics, Origin};
use crate::invites::columns;
use crate::values::{AppId, AttributeName, AttributeTypes, did_you_mean, nearest};

/// What names mean in this tenant: attributes with their types, look-ups, and columns of invite lists.
#[derive(Debug)]
pub(super) struct KnownNames {
    pub(super) extension_app: Option<AppId>,
    /// The names of the look-ups.
    pub(super) lookups: Definitions,
    /// The names of the connectors.
    pub(super) connectors: Definitions,
    /// The keys of the texts in `[messages]`.
    pub(super) texts: Definitions,
    /// The columns of the invite lists. Empty if they are not known.
    pub(super) columns: Vec<String>,
    /// The declared types of attributes.
    pub(super) types: AttributeTypes,
    /// Whether all declared types could be read.
    pub(super) types_are_known: bool,
    /// The attributes that some key uses.
    used: RefCell<Vec<AttributeName>>,
    /// Whether it was reported that custom attributes need `tenant.extension_app_id`.
    extension_app_is_reported: Cell<bool>,
}

impl KnownNames {
    /// The names of a tenant with this extensions app, and no others yet.
    pub(super) fn new(extension_app: Option<AppId>) -> Self {
        Self {
            extension_app,
            lookups: Definitions::default(),
            connectors: Definitions::default(),
            texts: Definitions::default(),
            columns: Vec::new(),
            types: AttributeTypes::default(),
            types_are_known: false,
            used: RefCell::default(),
            extension_app_is_reported: Cell::default(),
        }
    }

    /// Whether the name is nearly that of a custom attribute whose type is declared.
    pub(super) fn is_near_a_declared(&self, name: &AttributeName) -> bool {
        let custom = |name: &AttributeName| name.short().strip_prefix("ext.").map(str::to_owned);
        let declared: Vec<String> = self.types.iter().filter_map(|(declared, _)| custom(declared)).collect();
        custom(name).is_some_and(|name| nearest(&name, declared.iter().map(String::as_str)).is_some())
    }

    /// The attributes that the configuration and the columns of the lists use.
    pub(super) fn used(&self) -> Vec<AttributeName> {
        let columns = self.columns.iter().filter_map(|column| self.find(column));
        self.used.borrow().iter().cloned().chain(columns).collect()
    }

    /// Remembers that some key uses an attribute.
    pub(super) fn mark_used(&self, name: &AttributeName) {
        let mut used = self.used.borrow_mut();
        if !used.contains(name) {
            used.push(name.clone());
        }
    }

    /// The attribute as the directory spells it. `None` if there is none of that name; nothing is reported.
    pub(super) fn find(&self, written: &str) -> Option<AttributeName> {
        columns::attribute(written, self.extension_app.as_ref())
    }

    /// Like [`KnownNames::find`], and the address by either of its names.
    pub(super) fn find_with_email(&self, written: &str) -> Option<AttributeName> {
        let is_email = ["email", "emailAddress"].iter().any(|name| written.eq_ignore_ascii_case(name));
        if is_email { Some(AttributeName::new("email")) } else { self.find(written) }
    }

    /// The attribute as the directory spells it, for a key that uses it. Reports a name that is no attribute's.
    pub(super) fn attribute(
        &self,
        written: &str,
        origin: &Origin,
        diagnostics: &mut Diagnostics,
    ) -> Option<AttributeName> {
        let name = self.resolve(written, origin, diagnostics)?;
        self.mark_used(&name);
        Some(name)
    }

    /// The attribute as the directory spells it. Reports a name that is no attribute's.
    pub(super) fn resolve(
        &self,
        written: &str,
        origin: &Origin,
        diagnostics: &mut Diagnostics,
    ) -> Option<AttributeName> {
        let name = self.find_with_email(written);
        if name.is_none() && written.starts_with("ext.") && self.extension_app.is_none() {
            self.report_missing_extension_app(written, origin, diagnostics);
        } else if name.is_none() {
            let near = did_you_mean(written, columns::BUILT_IN_ATTRIBUTES);
            diagnostics.error(origin, format!("{written:?} is not an attribute's name{near}"));
        }
        name
    }

    /// Reports that custom attributes are used without `tenant.extension_app_id`. One key is missing, however many places
    /// need it, so this is reported at the first of them.
    pub(super) fn report_missing_extension_app(&self, attribute: &str, origin: &Origin, diagnostics: &mut Diagnostics) {
        if !self.extension_app_is_reported.replace(true) {
            diagnostics.error(origin, format!("{attribute} is a custom attribute: set tenant.extension_app_id"));
        }
    }
}
