//! The types of the tenant's attributes, as the operator declares them.
//!
//! Entra states the type of an attribute only if an event lists the attribute. Otherwise the declared type counts. An
//! attribute without a declared type is a text.

use std::sync::Arc;

use super::{AttributeName, AttributeType};

/// The declared types. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeTypes(Arc<[(AttributeName, AttributeType)]>);

impl AttributeTypes {
    /// Every declared attribute with its type.
    pub fn iter(&self) -> impl Iterator<Item = (&AttributeName, AttributeType)> {
        self.0.iter().map(|(name, declared)| (name, *declared))
    }

    /// The declared type of an attribute, whatever the case of its name.
    #[must_use]
    pub(crate) fn declared(&self, name: &str) -> Option<AttributeType> {
        self.iter().find(|(known, _)| known.is(name)).map(|(_, declared)| declared)
    }

    /// The declared type of an attribute as the configuration and lists write it: by its full or its short name.
    #[must_use]
    pub(crate) fn declared_for(&self, written: &str) -> Option<AttributeType> {
        let named = |name: &AttributeName| name.is(written) || name.short().eq_ignore_ascii_case(written);
        self.iter().find(|(name, _)| named(name)).map(|(_, declared)| declared)
    }

    /// The type of an attribute that no event lists: the declared type, otherwise text.
    #[must_use]
    pub fn of(&self, name: &str) -> AttributeType {
        self.declared(name).unwrap_or(AttributeType::String)
    }
}

impl FromIterator<(AttributeName, AttributeType)> for AttributeTypes {
    fn from_iter<I: IntoIterator<Item = (AttributeName, AttributeType)>>(declared: I) -> Self {
        Self(declared.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_type_by_every_spelling_of_the_name_and_takes_the_rest_for_text() {
        let seats = "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Seats";
        let types: AttributeTypes = [(AttributeName::new(seats), AttributeType::Int64)].into_iter().collect();
        assert_eq!(types.declared(&seats.to_uppercase()), Some(AttributeType::Int64));
        assert_eq!((types.declared("ext.Seats"), types.declared_for("EXT.seats")), (None, Some(AttributeType::Int64)));
        assert_eq!((types.of(seats), types.of("city")), (AttributeType::Int64, AttributeType::String));
    }
}
