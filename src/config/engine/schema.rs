//! The JSON Schema of a file (draft 2020-12). With it an editor completes, explains and checks every key.
//!
//! The schema accepts every configuration that can be used, with two exceptions: blanks around a GUID, and a required key
//! that only an app setting gives. It has the ranges, the forms and the numbers of members that the check has. It does
//! not check what needs the whole file or another language, such as templates, regular expressions, names that are used
//! elsewhere (also the key of a text where `[messages]` has a locale), two keys that contradict each other, or whether an
//! `http` address is on this machine; `guestlist check` does.
//!
//! Most editors use Taplo for TOML, which has two limits. It ignores what stands beside a `$ref`, so a description stands
//! on the key itself. A relative `$id` makes the whole schema invalid for it, and an absolute one would be the address of
//! nothing, so there is no `$id`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::shape::{Choice, Key, Section, Shape};

type Object = Map<String, Json>;

/// The schema of a file. Its name is the title.
pub(in crate::config) fn json_schema(name: &str, file: &Shape) -> Json {
    let mut writer = SchemaWriter::default();
    writer.count(file);
    let mut root = writer.shape(file);
    root.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    root.insert("title".into(), name.into());
    root.insert("$defs".into(), Json::Object(writer.definitions));
    Json::Object(root)
}

/// Writes shapes as schemas.
#[derive(Default)]
struct SchemaWriter {
    /// How often each section is used.
    uses: BTreeMap<&'static str, usize>,
    /// The schemas of sections that are used more than once.
    definitions: Object,
}

impl SchemaWriter {
    fn count(&mut self, shape: &Shape) {
        let mut count_section = |section: &Section| {
            *self.uses.entry(section.name).or_default() += 1;
            section.keys.iter().for_each(|key| self.count(&key.shape));
        };
        match shape {
            Shape::Section(section) => count_section(section),
            Shape::Secret(sections) => sections.iter().for_each(count_section),
            Shape::Kinds { kinds, .. } => kinds.iter().for_each(|(_, section)| count_section(section)),
            Shape::List(inner) | Shape::Map(_, inner) => self.count(inner),
            Shape::Either(_, shapes) => shapes.iter().for_each(|shape| self.count(shape)),
            Shape::Text(_) | Shape::Choice(_) | Shape::Whole(_) | Shape::Boolean => {}
        }
    }

    fn shape(&mut self, shape: &Shape) -> Object {
        match shape {
            Shape::Text(format) => {
                let pattern = format.pattern().map(|pattern| ("pattern", pattern.into()));
                let refused = format.refused().map(|refused| ("not", json!({ "pattern": refused })));
                object([("type", "string".into())].into_iter().chain(pattern).chain(refused))
            }
            Shape::Choice(words) => {
                if let [only] = words.as_slice()
                    && only.about.is_empty()
                {
                    return object([("const", only.word.into())]);
                }
                object([("oneOf", words.iter().map(choice_schema).collect())])
            }
            Shape::Whole(least) => {
                let least = least.map(|least| ("minimum", least.into()));
                object([("type", "integer".into())].into_iter().chain(least))
            }
            Shape::Boolean => object([("type", "boolean".into())]),
            Shape::List(items) => object([("type", "array".into()), ("items", self.shape(items).into())]),
            Shape::Map(_, values) => {
                object([("type", "object".into()), ("additionalProperties", self.shape(values).into())])
            }
            Shape::Section(section) => self.section(section),
            Shape::Kinds { kinds, .. } => {
                object([("oneOf", kinds.iter().map(|(_, section)| self.section(section)).collect())])
            }
            Shape::Secret(sections) => {
                object([("oneOf", sections.iter().map(|section| self.section(section)).collect())])
            }
            Shape::Either(_, shapes) => object([("oneOf", shapes.iter().map(|shape| self.shape(shape)).collect())]),
        }
    }

    /// The schema of a section, or a reference if it is used more than once.
    fn section(&mut self, section: &Section) -> Object {
        let properties: Object = section.keys.iter().map(|key| (key.name.to_owned(), self.key(key).into())).collect();
        let required: Vec<&str> = section.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut schema = described(object([("title", section.name.into()), ("type", "object".into())]), &section.about);
        schema.insert("properties".into(), properties.into());
        schema.insert("additionalProperties".into(), false.into());
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        if !section.one_of.is_empty() {
            schema.insert("anyOf".into(), section.one_of.iter().map(|key| json!({ "required": [key] })).collect());
        }
        if !section.needs.is_empty() {
            let need = |(key, other, word): &(&str, &str, &str)| {
                let schema = json!({ "properties": { *other: { "const": word } }, "required": [other] });
                ((*key).to_owned(), schema)
            };
            let needs: Object = section.needs.iter().map(need).collect();
            schema.insert("dependentSchemas".into(), needs.into());
        }
        if self.uses.get(section.name).is_none_or(|uses| *uses < 2) {
            return schema;
        }
        self.definitions.insert(section.name.to_owned(), schema.into());
        object([("$ref", format!("#/$defs/{}", section.name).into())])
    }

    fn key(&mut self, key: &Key) -> Object {
        let schema = self.shape(&key.shape);
        if schema.contains_key("$ref") {
            return schema;
        }
        // The description of a section says more than that of its key.
        let is_section = matches!(key.shape, Shape::Section(_));
        let mut schema = if is_section { schema } else { described(schema, &about(key)) };
        key.limits.iter().for_each(|limit| limit.add_to(&mut schema));
        let examples = key.examples();
        if !examples.is_empty() {
            schema.insert("examples".into(), examples.into());
        }
        // A default in words is part of the description.
        let default = key.default.clone().filter(|_| key.default_in_words.is_none());
        schema.extend(default.map(|default| ("default".to_owned(), default)));
        schema
    }
}

/// A word with its meaning. The description repeats the word, since editors show those of several words together.
fn choice_schema(choice: &Choice) -> Object {
    let about = if choice.about.is_empty() { String::new() } else { format!("`{}`: {}", choice.word, choice.about) };
    described(object([("const", choice.word.into())]), &about)
}

/// The description of a key: what it does, its default in words, and how its value is written.
fn about(key: &Key) -> String {
    let mut about = key.about.clone();
    if let Some(default) = key.default_in_words {
        about = format!("{about}\n\nDefault: {default}");
    }
    match key.shape.leaf() {
        Shape::Text(format) if !format.about().is_empty() => {
            format!("{about}\n\n*{}*: {}", format.name(), format.about())
        }
        _ => about,
    }
}

fn object(entries: impl IntoIterator<Item = (&'static str, Json)>) -> Object {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn described(mut schema: Object, about: &str) -> Object {
    if !about.is_empty() {
        schema.insert("description".to_owned(), json!(about));
    }
    schema
}

/// The schema of a value.
#[cfg(test)]
pub(in crate::config) fn value_schema(shape: &Shape) -> Json {
    Json::Object(SchemaWriter::default().shape(shape))
}
