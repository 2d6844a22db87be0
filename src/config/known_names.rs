//! The names that other sections may use: attributes, look-ups, and columns of invite lists.

use std::cell::RefCell;

use super::engine::{Diagnostics, Origin};
use crate::invites::columns;
use crate::values::{AppId, AttributeName, AttributeTypes, did_you_mean};

/// What names mean in this tenant: attributes with their types, look-ups, and columns of invite lists.
#[derive(Debug)]
pub(super) struct KnownNames {
    pub(super) extension_app: Option<AppId>,
    /// The names of the look-ups.
    pub(super) lookups: Vec<String>,
    /// The columns of the invite lists. Empty if they are not known.
    pub(super) columns: Vec<String>,
    /// The declared types of attributes.
    pub(super) types: AttributeTypes,
    /// The attributes that some key uses.
    used: RefCell<Vec<AttributeName>>,
}

impl KnownNames {
    /// The names of a tenant, without columns and types.
    pub(super) fn new(extension_app: Option<AppId>, lookups: Vec<String>) -> Self {
        let (columns, types, used) = (Vec::new(), AttributeTypes::default(), RefCell::default());
        Self { extension_app, lookups, columns, types, used }
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
        if name.is_none() {
            let message = if written.starts_with("ext.") && self.extension_app.is_none() {
                "names a custom attribute: set tenant.extension_app_id".to_owned()
            } else {
                let near = did_you_mean(written, columns::BUILT_IN_ATTRIBUTES);
                format!("{written:?} is not an attribute's name{near}")
            };
            diagnostics.error(origin, message);
        }
        name
    }
}
