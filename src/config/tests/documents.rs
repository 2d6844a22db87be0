//! The schema against real configurations, and against the decoder.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Map, Value as Json, json};

use super::sample::{LEAST, TENANT_AND_HOOKS, add, set};
use crate::config::documents::json_schema;
use crate::config::engine::{Decode, Diagnostics, Key, Problem, Section, Shape, parse_file, toml, value_schema};
use crate::config::file::File;
use validator::problems;

mod bounds;
mod validator;

fn schema() -> Json {
    serde_json::from_str(&json_schema()).unwrap()
}

/// The problems that the schema finds.
fn against_the_schema(text: &str) -> Vec<String> {
    problems(&schema(), &toml::from_str(text).unwrap())
}

/// The problems that the decoder finds, and the keys that it knows.
fn decoded(text: &str) -> (Vec<Problem>, BTreeSet<String>) {
    let mut syntax = Vec::new();
    let root = parse_file(text, &mut syntax);
    let mut diagnostics = Diagnostics::new(syntax);
    let _ = File::decode(&root, &mut diagnostics);
    (diagnostics.problems, diagnostics.known)
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| problem.describe("guestlist.toml")).collect()
}

#[test]
fn the_schema_passes_the_sample_and_the_least_configuration() {
    assert_eq!(against_the_schema(include_str!("../../../guestlist.toml")), [""; 0]);
    assert_eq!(against_the_schema(TENANT_AND_HOOKS), [""; 0]);
}

#[rstest]
#[case::unknown_section("[sate]\nurl = \"x\"", "/sate: unknown")]
#[case::unknown_key("[accounts]\nconcurency = 4", "/accounts/concurency: unknown")]
#[case::planned_key("[accounts]\nreconcile = \"24h\"", "/accounts/reconcile: unknown")]
#[case::no_duration("[accounts]\noverlap = \"2 hours\"", "/accounts/overlap: pattern")]
#[case::a_number_for_a_duration("[accounts]\noverlap = 2", "/accounts/overlap: type")]
#[case::below_zero("[accounts]\nconcurrency = -1", "/accounts/concurrency: minimum")]
#[case::a_fraction("[accounts]\nconcurrency = 1.5", "/accounts/concurrency: type")]
#[case::planned_word("[accounts]\ndispatch = \"queue\"", "/accounts/dispatch: const")]
#[case::unknown_word("[[policies]]\nname = \"a\"\ngate = \"ajar\"", "/policies/0/gate: const")]
#[case::missing_key("[[policies]]\nname = \"a\"", "/policies/0: required")]
#[case::no_list("[[policies]]\nname = \"a\"\ngate = \"open\"\nallow = \"@contoso.com\"", "/policies/0/allow: type")]
#[case::a_table_to_prefill(
    "[[policies]]\nname = \"a\"\ngate = \"open\"\nprefill = { city = {} }",
    "/policies/0/prefill/city: type"
)]
#[case::secret_in_the_file("[telemetry]\nhash_key = \"s3cr3t\"", "/telemetry/hash_key: type")]
#[case::unknown_place_of_a_secret("[telemetry]\nhash_key = { evn = \"A\" }", "/telemetry/hash_key/evn: unknown")]
#[case::two_places_of_a_secret(
    "[telemetry]\nhash_key = { env = \"A\", file = \"b\" }",
    "/telemetry/hash_key/file: unknown"
)]
#[case::message_without_text("[messages.en]\nclosed = { title = \"No\" }", "/messages/en/closed: ")]
#[case::unknown_kind("[[connectors]]\nkind = \"profil\"\nname = \"a\"\nset = {}", "/connectors/0/kind: const")]
#[case::key_of_another_kind(
    "[[connectors]]\nkind = \"profile\"\nname = \"a\"\nset = {}\nlist = \"x\"",
    "/connectors/0/list: unknown"
)]
fn the_schema_and_the_decoder_refuse_the_same_slips(#[case] slip: &str, #[case] place: &str) {
    let text = format!("{TENANT_AND_HOOKS}{slip}\n");
    let seen = against_the_schema(&text);
    assert!(seen.iter().any(|problem| problem.starts_with(place)), "{seen:#?}");
    assert!(!decoded(&text).0.is_empty(), "the decoder takes {slip}");
}

#[rstest]
#[case::tenant(set(TENANT_AND_HOOKS, "tenant", "id", "\"contoso\""), "/tenant/id: pattern")]
#[case::no_tenant("[hooks]\naudience = [\"x\"]\n".to_owned(), ": required")]
#[case::caller(add(TENANT_AND_HOOKS, "hooks", "allowed_callers = [\"me\"]"), "/hooks/allowed_callers/0: pattern")]
#[case::rule(add(LEAST, "policies", "allow = [\"contoso.com\"]"), "/policies/0/allow/0: pattern")]
fn the_schema_refuses_what_is_found_after_decoding_too(#[case] text: String, #[case] place: &str) {
    let seen = against_the_schema(&text);
    assert!(seen.iter().any(|problem| problem.starts_with(place)), "{seen:#?}");
}

/// A value that the schema accepts, with every key, and the `pick`th form of each choice. Adds the paths of its keys to
/// `keys`, as the decoder writes them.
fn filled(schema: &Json, path: &str, pick: usize, keys: &mut BTreeSet<String>) -> Json {
    let (schema, pick) = resolve(schema, pick);
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        keys.extend(properties.keys().map(|key| [path, key].join(".")));
        let value = |(key, schema): (&String, &Json)| (key.clone(), filled(schema, &below(key), pick, keys));
        let mut file: Map<String, Json> = properties.iter().map(value).collect();
        let needs = schema.get("dependentSchemas").and_then(Json::as_object).into_iter().flat_map(Map::values);
        for (key, needed) in needs.flat_map(|needed| needed["properties"].as_object().unwrap()) {
            file.insert(key.clone(), needed["const"].clone());
        }
        return file.into();
    }
    match schema["type"].as_str() {
        Some("array") => {
            let (member, pick) = resolve(&schema["items"], pick);
            let name = ["name", "attribute"].into_iter().find_map(|key| member["properties"].get(key));
            let step = name.map_or("[]".into(), |name| filled(name, "", pick, &mut BTreeSet::new()));
            [filled(&member, &below(step.as_str().unwrap()), pick, keys)].into_iter().collect()
        }
        Some("object") => {
            let names = schema.get("propertyNames").cloned().unwrap_or_else(|| json!({}));
            let fits = |name: &&str| problems(&names, &Json::from(*name)).is_empty();
            let name = ["x", "en", "city"].into_iter().find(fits).unwrap();
            json!({ name: filled(&schema["additionalProperties"], &below(name), pick, keys) })
        }
        Some("boolean") => true.into(),
        Some("integer") => schema.get("minimum").and_then(Json::as_i64).unwrap_or_default().max(1).into(),
        _ if schema.get("const").is_some() => schema["const"].clone(),
        _ => {
            let given = schema.get("examples").and_then(|examples| examples.get(0)).or_else(|| schema.get("default"));
            let texts = [
                "x",
                "1s",
                "@contoso.com",
                "aaaabbbb-0000-cccc-1111-dddd2222eeee",
                "/x",
                "city",
                "today",
                "203.0.113.7",
            ];
            let candidates = texts
                .map(Json::from)
                .into_iter()
                .chain(["AU", "https://contoso.com/", "closed", "identity"].map(Json::from));
            let candidates: Vec<Json> = candidates.collect();
            let fits = |candidate: &&Json| problems(&schema, candidate).is_empty();
            given.or_else(|| candidates.iter().find(fits)).unwrap_or_else(|| panic!("{path}: {schema}")).clone()
        }
    }
}

/// The schema that references and choices lead to, and the rest of `pick` for choices below it.
fn resolve(schema: &Json, pick: usize) -> (Json, usize) {
    if let Some(reference) = schema.get("$ref") {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        return resolve(self::schema().pointer(pointer).unwrap(), pick);
    }
    match schema.get("oneOf").and_then(Json::as_array) {
        Some(forms) => resolve(&forms[pick % forms.len()], pick / forms.len()),
        None => (schema.clone(), pick),
    }
}

#[test]
fn every_key_of_the_schema_decodes_and_every_key_that_decodes_is_in_the_schema() {
    let (mut described, mut known) = (BTreeSet::new(), BTreeSet::new());
    for pick in 0..32 {
        let file = filled(&schema(), "", pick, &mut described);
        let sections = file.as_object().unwrap().iter();
        let written: Vec<String> = sections.map(|(key, value)| format!("{key} = {}", toml(value))).collect();
        let text = written.join("\n");
        assert_eq!(problems(&schema(), &file), [""; 0], "{text}");
        let (problems, keys) = decoded(&text);
        assert_eq!(lines(&problems), [""; 0], "{text}");
        known.extend(keys);
    }
    assert!(described.len() > 50, "{described:#?}");
    assert_eq!(described.symmetric_difference(&known).collect::<Vec<_>>(), [""; 0]);
}

/// Every key, with the path of its section's type.
fn each_key(shape: &Shape, visit: &mut impl FnMut(&Section, &Key)) {
    let mut of_section = |section: &Section| {
        for key in &section.keys {
            visit(section, key);
            each_key(&key.shape, visit);
        }
    };
    match shape {
        Shape::Section(section) => of_section(section),
        Shape::Secret(sections) => sections.iter().for_each(of_section),
        Shape::Kinds { kinds, .. } => kinds.iter().for_each(|(_, section)| of_section(section)),
        Shape::List(inner) | Shape::Map(_, inner) => each_key(inner, visit),
        Shape::Either(_, forms) => forms.iter().for_each(|form| each_key(form, visit)),
        Shape::Text(_) | Shape::Choice(_) | Shape::Whole(_) | Shape::Boolean => {}
    }
}

#[test]
fn every_key_is_explained_and_its_examples_and_its_default_can_be_written() {
    each_key(&File::shape(), &mut |section, key| {
        let name = format!("{}.{}", section.name, key.name);
        for about in [&section.about, &key.about] {
            let sentence =
                about.starts_with(|c: char| c.is_uppercase() || c == '`') && about.ends_with(['.', ')', '`']);
            assert!(sentence, "{name} needs a doc comment in sentences, and says {about:?}");
        }
        assert_eq!(key.examples().len(), key.written_examples(), "an example of {name} is not TOML");
        let schema = value_schema(&key.shape);
        for value in key.examples().iter().chain(&key.default) {
            assert_eq!(problems(&schema, value), [""; 0], "{name} cannot be {value}");
        }
        if let (Some(words), Some(default)) = (key.default_in_words, &key.default) {
            assert_eq!(words, format!("`{}`", toml(default)), "the default of {name} in words");
        }
    });
}

#[test]
fn nothing_stands_beside_a_reference_and_the_schema_has_no_address() {
    fn visit(schema: &Json) {
        if let Some(entries) = schema.as_object() {
            assert!(entries.get("$ref").is_none() || entries.len() == 1, "{schema}");
            assert!(entries.get("$id").is_none());
            entries.values().for_each(visit);
        }
        schema.as_array().into_iter().flatten().for_each(visit);
    }
    visit(&schema());
}

#[test]
fn a_section_that_is_met_twice_is_written_once() {
    let text = json_schema();
    assert_eq!(text.matches("\"title\": \"SecretInSetting\"").count(), 1);
    assert!(text.matches("\"$ref\": \"#/$defs/SecretInSetting\"").count() > 2);
}
