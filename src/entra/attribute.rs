//! Reads the attributes that an event lists: `name -> {"@odata.type", "value", "attributeType"}`.
//!
//! Names of types are read in any case. If the type is missing or unknown, the kind of the JSON value decides. A value
//! that cannot be read in its type keeps the type that it has, so that a rule can refuse it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess};
use serde_json::{Number, Value};

use super::json::{Lenient, Members, Name, Read, Text, members};
use crate::values::{AttributeName, AttributeType, AttributeValue, Form, FormField};

/// The attributes of an event, in the order of their names. If they are not an object, there are none.
#[derive(Default)]
pub(super) struct Attributes(BTreeMap<AttributeName, Attribute>);

impl Attributes {
    /// The form that lists these attributes.
    pub(super) fn into_form(self) -> Form {
        Form(self.0.into_iter().map(|(name, attribute)| attribute.into_field(name)).collect())
    }
}

impl<'e> Lenient<'e> for Attributes {
    fn other() -> Self {
        Self::default()
    }

    fn object<A: MapAccess<'e>>(mut members: A) -> Result<Self, A::Error> {
        let mut attributes = BTreeMap::new();
        while let Some((Read(Name(name)), Read(attribute))) = members.next_entry()? {
            attributes.insert(AttributeName::new(name), attribute);
        }
        Ok(Self(attributes))
    }
}

/// An attribute: its type, if it names one that is known, and its value.
struct Attribute {
    declared: Option<AttributeType>,
    value: Listed,
}

members! {
    /// An attribute that is an object.
    struct AttributeObject { odata_type: Text<'e> = "@odata.type", value: Listed = "value" }
}

impl Attribute {
    fn bare(value: Listed) -> Self {
        Self { declared: None, value }
    }

    fn into_field(self, name: AttributeName) -> FormField {
        let Listed(value) = self.value;
        let own_type = value.as_ref().map(AttributeValue::attribute_type);
        let attribute_type = self.declared.or(own_type).unwrap_or(AttributeType::String);
        let value = value.map(|value| match own_type {
            Some(own_type) if own_type == attribute_type => value,
            _ => value.convert(attribute_type).unwrap_or(value),
        });
        FormField { name, attribute_type, value }
    }
}

impl<'e> Lenient<'e> for Attribute {
    fn other() -> Self {
        Self::bare(Listed::other())
    }

    fn boolean(value: bool) -> Self {
        Self::bare(Listed::boolean(value))
    }

    fn number(value: Number) -> Self {
        Self::bare(Listed::number(value))
    }

    fn text(value: Cow<'e, str>) -> Self {
        Self::bare(Listed::text(value))
    }

    fn list<A: SeqAccess<'e>>(items: A) -> Result<Self, A::Error> {
        Listed::list(items).map(Self::bare)
    }

    fn object<A: MapAccess<'e>>(mut members: A) -> Result<Self, A::Error> {
        let mut object = AttributeObject::default();
        while let Some(Read(Name(spelling))) = members.next_key()? {
            object.read(spelling, &mut members)?;
        }
        Ok(Self { declared: declared_type(object.odata_type.value.as_str()), value: object.value.value })
    }
}

/// The type by the last part of its name. Preview documents have the prefix `graph.`, others `microsoft.graph.` or
/// `#microsoft.…`.
fn declared_type(name: &str) -> Option<AttributeType> {
    const TYPES: [(&str, AttributeType); 4] = [
        ("stringDirectoryAttributeValue", AttributeType::String),
        ("int64DirectoryAttributeValue", AttributeType::Int64),
        ("booleanDirectoryAttributeValue", AttributeType::Boolean),
        ("stringCollectionDirectoryAttributeValue", AttributeType::StringCollection),
    ];
    let last = name.rsplit('.').next()?;
    TYPES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(last)).map(|(_, attribute_type)| attribute_type)
}

/// A value as an event lists it; `None` for null.
#[derive(Default)]
struct Listed(Option<AttributeValue>);

impl<'e> Lenient<'e> for Listed {
    fn other() -> Self {
        Self(None)
    }

    fn boolean(value: bool) -> Self {
        Self(Some(AttributeValue::Boolean(value)))
    }

    fn number(value: Number) -> Self {
        Self(Some(AttributeValue::from_number(&value)))
    }

    fn text(value: Cow<'e, str>) -> Self {
        Self(Some(AttributeValue::String(value.into_owned())))
    }

    fn list<A: SeqAccess<'e>>(mut items: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(Read(Self(item))) = items.next_element()? {
            texts.extend(item.map(|item| item.to_text()));
        }
        Ok(Self(Some(AttributeValue::StringCollection(texts))))
    }

    /// No attribute is an object. It stays as its text, so that a rule can refuse it.
    fn object<A: MapAccess<'e>>(members: A) -> Result<Self, A::Error> {
        let object = Value::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Self(Some(AttributeValue::String(object.to_string()))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::json::read;
    use super::*;

    fn parse(attributes: Option<&Value>) -> Form {
        let text = attributes.unwrap_or(&Value::Null).to_string();
        read::<Attributes>(text.as_bytes()).unwrap().into_form()
    }

    #[test]
    fn reads_every_type_in_any_case() {
        let form = parse(Some(&json!({
            "city": { "@odata.type": "microsoft.graph.stringDirectoryAttributeValue", "value": "Leeds" },
            "year": { "@odata.Type": "Microsoft.Graph.INT64DirectoryAttributeValue", "value": 2010 },
            "news": { "@odata.type": "#microsoft.graph.booleanDirectoryAttributeValue", "value": true },
            "list": { "@odata.type": "graph.stringCollectionDirectoryAttributeValue", "value": ["a", "b"] },
        })));
        assert_eq!(form.value("CITY"), Some(&AttributeValue::String("Leeds".into())));
        assert_eq!(form.value("year"), Some(&AttributeValue::Int64(2010)));
        assert_eq!(form.value("news"), Some(&AttributeValue::Boolean(true)));
        assert_eq!(form.value("list"), Some(&AttributeValue::StringCollection(vec!["a".into(), "b".into()])));
    }

    #[test]
    fn keeps_the_type_of_an_attribute_without_a_value() {
        let listed =
            json!({ "year": { "@odata.type": "microsoft.graph.int64DirectoryAttributeValue", "value": null } });
        let form = parse(Some(&listed));
        assert_eq!(form.field("year").unwrap().attribute_type, AttributeType::Int64);
        assert_eq!(form.value("year"), None);
    }

    #[test]
    fn a_value_of_another_type_is_there_for_the_rules() {
        let int = |value: Value| {
            let kind = "microsoft.graph.int64DirectoryAttributeValue";
            parse(Some(&json!({ "year": { "@odata.type": kind, "value": value } }))).value("year").cloned()
        };
        assert_eq!(int(json!("2010")), Some(AttributeValue::Int64(2010)));
        assert_eq!(int(json!(2010.0)), Some(AttributeValue::Int64(2010)));
        for odd in [json!("20x0"), json!(2010.5), json!({ "x": 1 }), json!("99999999999999999999")] {
            assert!(matches!(int(odd), Some(AttributeValue::String(_))));
        }
        let list = parse(Some(&json!({ "list": { "value": [1, true, "a", null] } })));
        let items = vec!["1".into(), "true".into(), "a".into()];
        assert_eq!(list.value("list"), Some(&AttributeValue::StringCollection(items)));
    }

    #[test]
    fn an_odd_attribute_harms_no_other() {
        let form = parse(Some(&json!({ "a": null, "b": { "value": { "x": 1 } }, "c": [], "d": "bare", "e": 1.5 })));
        assert_eq!(form.0.len(), 5);
        assert_eq!(form.value("d"), Some(&AttributeValue::String("bare".into())));
        assert_eq!(form.value("a"), None);
        assert_eq!(parse(Some(&json!("text"))), Form::default());
        assert_eq!(parse(None), Form::default());
    }
}
