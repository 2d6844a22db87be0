//! Reads the attributes that an event lists: `name -> {"@odata.type", "value", "attributeType"}`.
//!
//! Names of types are read in any case. If the type is missing or unknown, the kind of the JSON value decides. A value
//! that cannot be read in its type keeps the type that it has, so that a rule can refuse it.

use serde_json::{Map, Value};

use crate::values::{AttributeName, AttributeType, AttributeValue, Form, FormField};

/// Reads the attributes of an event, in its order. If they are not an object, there are none.
#[must_use]
pub(crate) fn parse(attributes: Option<&Value>) -> Form {
    let listed = attributes.and_then(Value::as_object);
    Form(listed.into_iter().flatten().map(|(name, attribute)| field(name, attribute)).collect())
}

fn field(name: &str, attribute: &Value) -> FormField {
    let (declared, raw) = match attribute {
        Value::Object(members) => (declared_type(members), member(members, "value").unwrap_or(&Value::Null)),
        other => (None, other),
    };
    let value = value(raw);
    let attribute_type =
        declared.or_else(|| value.as_ref().map(AttributeValue::attribute_type)).unwrap_or(AttributeType::String);
    FormField {
        name: AttributeName::new(name),
        attribute_type,
        value: value.map(|value| value.convert(attribute_type).unwrap_or(value)),
    }
}

/// The type by the last part of its name. Preview documents have the prefix `graph.`, others `microsoft.graph.` or
/// `#microsoft.…`.
fn declared_type(members: &Map<String, Value>) -> Option<AttributeType> {
    let name = member(members, "@odata.type")?.as_str()?.to_ascii_lowercase();
    match name.rsplit('.').next()? {
        "stringdirectoryattributevalue" => Some(AttributeType::String),
        "int64directoryattributevalue" => Some(AttributeType::Int64),
        "booleandirectoryattributevalue" => Some(AttributeType::Boolean),
        "stringcollectiondirectoryattributevalue" => Some(AttributeType::StringCollection),
        _ => None,
    }
}

/// The member of this name: first in the exact spelling, then in any case.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let any_case = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(any_case)
}

fn value(raw: &Value) -> Option<AttributeValue> {
    match raw {
        Value::Null => None,
        Value::Object(_) => Some(AttributeValue::String(raw.to_string())),
        Value::Bool(flag) => Some(AttributeValue::Boolean(*flag)),
        Value::String(text) => Some(AttributeValue::String(text.clone())),
        Value::Number(number) => Some(AttributeValue::from_number(number)),
        Value::Array(items) => {
            let texts = items.iter().filter_map(value).map(|item| item.to_text());
            Some(AttributeValue::StringCollection(texts.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
