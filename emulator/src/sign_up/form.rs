//! The form of a user flow: its fields, their types, and what a person types.

use serde_json::{Map, Value, json};

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text. Several choices are one text, separated by commas.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
}

impl Kind {
    /// `@odata.type` of a value of this type.
    #[must_use]
    pub fn odata_type(self) -> &'static str {
        match self {
            Self::Text => "microsoft.graph.stringDirectoryAttributeValue",
            Self::Integer => "microsoft.graph.int64DirectoryAttributeValue",
            Self::Boolean => "microsoft.graph.booleanDirectoryAttributeValue",
        }
    }

    /// The kind an `@odata.type` names.
    #[must_use]
    pub fn of_odata_type(name: &str) -> Option<Self> {
        [Self::Text, Self::Integer, Self::Boolean].into_iter().find(|kind| kind.odata_type().eq_ignore_ascii_case(name))
    }

    /// Whether `value` is of this type.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
        }
    }

    fn empty(self) -> Value {
        match self {
            Self::Text => json!(""),
            Self::Integer => json!(0),
            Self::Boolean => json!(false),
        }
    }
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The attribute's name.
    pub name: String,
    /// The attribute's type.
    pub kind: Kind,
    /// What it holds now.
    pub value: Value,
}

impl Field {
    fn is_empty(&self) -> bool {
        self.value.is_null() || self.value == self.kind.empty()
    }
}

/// How Submit lists a field that was left empty, or a box that was not ticked. This is not documented, and was not
/// captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyFields {
    /// Not at all. This is the worst case for a product that relies on the list.
    #[default]
    LeftOut,
    /// Without a value.
    Null,
    /// With the empty value of its type.
    Empty,
}

/// What a person changes before they send the form: attributes with their new values.
pub type Edit = Vec<(String, Value)>;

/// The fields in the order of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
}

impl Form {
    /// A form without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With an empty field at the end.
    #[must_use]
    pub fn field(mut self, name: &str, kind: Kind) -> Self {
        let value = kind.empty();
        let name = name.to_owned();
        self.fields.push(Field { name, kind, value });
        self
    }

    /// With an empty text field at the end.
    #[must_use]
    pub fn text(self, name: &str) -> Self {
        self.field(name, Kind::Text)
    }

    /// With an unticked box at the end.
    #[must_use]
    pub fn boolean(self, name: &str) -> Self {
        self.field(name, Kind::Boolean)
    }

    /// What a field holds.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map(|field| &field.value)
    }

    /// Fills the fields that the page has. Other values are ignored, as by Entra.
    pub fn fill<'v>(&mut self, values: impl IntoIterator<Item = (&'v String, &'v Value)>) {
        for (name, value) in values {
            if let Some(field) = self.fields.iter_mut().find(|field| field.name == *name) {
                field.value = value.clone();
            }
        }
    }

    /// `userSignUpInfo.attributes` of an event.
    #[must_use]
    pub fn attributes(&self, empty: EmptyFields) -> Map<String, Value> {
        let listed = |field: &&Field| empty != EmptyFields::LeftOut || !field.is_empty();
        let value = |field: &Field| {
            if field.is_empty() && empty == EmptyFields::Null { Value::Null } else { field.value.clone() }
        };
        let attribute = |field: &Field| (field.name.clone(), attribute(&field.name, field.kind, &value(field)));
        self.fields.iter().filter(listed).map(attribute).collect()
    }
}

/// One member of `userSignUpInfo.attributes`.
#[must_use]
pub fn attribute(name: &str, kind: Kind, value: &Value) -> Value {
    let origin = if name.starts_with("extension_") { "directorySchemaExtension" } else { "builtIn" };
    json!({ "@odata.type": kind.odata_type(), "value": value, "attributeType": origin })
}

/// An [`Edit`] from names and values.
#[must_use]
pub fn edit<const N: usize>(changes: [(&str, Value); N]) -> Edit {
    changes.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
