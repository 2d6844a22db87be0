//! The few keywords of JSON Schema that the schema uses, so that tests can hold it against real configurations. A keyword
//! that is not among them fails the test that meets it.

use regex::Regex;
use serde_json::{Map, Value as Json};

/// What is wrong with a value: the path of each place (`/policies/0/gate`), with what is expected there.
pub(super) fn problems(root: &Json, value: &Json) -> Vec<String> {
    let mut validator = Validator { root, problems: Vec::new() };
    validator.check(root, value, "");
    validator.problems
}

struct Validator<'a> {
    root: &'a Json,
    problems: Vec<String>,
}

impl Validator<'_> {
    fn check(&mut self, schema: &Json, value: &Json, path: &str) {
        for (keyword, argument) in schema.as_object().unwrap() {
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "default" | "examples" => continue,
                "$ref" => {
                    let name = argument.as_str().unwrap().strip_prefix('#').unwrap();
                    self.check(self.root.pointer(name).unwrap(), value, path);
                    continue;
                }
                "type" => is_of(argument.as_str().unwrap(), value),
                "const" => value == argument,
                "pattern" => {
                    value.as_str().is_none_or(|text| Regex::new(argument.as_str().unwrap()).unwrap().is_match(text))
                }
                "not" => !self.problems_of(argument, value, path).is_empty(),
                "anyOf" => {
                    argument.as_array().unwrap().iter().any(|form| self.problems_of(form, value, path).is_empty())
                }
                "propertyNames" => {
                    self.names(argument, value, path);
                    continue;
                }
                "dependentSchemas" => {
                    for (key, schema) in argument.as_object().unwrap() {
                        if value.get(key).is_some() {
                            self.check(schema, value, path);
                        }
                    }
                    continue;
                }
                "required" => value.as_object().is_none_or(|entries| {
                    argument.as_array().unwrap().iter().all(|key| entries.contains_key(key.as_str().unwrap()))
                }),
                "items" => {
                    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(argument, item, &format!("{path}/{at}"));
                    }
                    continue;
                }
                "properties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        if let Some(schema) = argument.get(key) {
                            self.check(schema, value, &format!("{path}/{key}"));
                        }
                    }
                    continue;
                }
                "additionalProperties" => {
                    self.others(schema, argument, value.as_object(), path);
                    continue;
                }
                "oneOf" => {
                    self.one_of(argument.as_array().unwrap(), value, path);
                    continue;
                }
                _ => holds(keyword, argument, value),
            };
            if !holds {
                self.problems.push(format!("{path}: {keyword} {argument}"));
            }
        }
    }

    /// The keys that the schema does not name.
    fn others(&mut self, schema: &Json, argument: &Json, value: Option<&Map<String, Json>>, path: &str) {
        let named = |key: &String| schema.get("properties").is_some_and(|named| named.get(key).is_some());
        for (key, value) in value.into_iter().flatten().filter(|(key, _)| !named(key)) {
            if *argument == Json::Bool(false) {
                self.problems.push(format!("{path}/{key}: unknown"));
            } else {
                self.check(argument, value, &format!("{path}/{key}"));
            }
        }
    }

    /// The names of the keys.
    fn names(&mut self, schema: &Json, value: &Json, path: &str) {
        for key in value.as_object().into_iter().flat_map(Map::keys) {
            self.check(schema, &key.as_str().into(), &format!("{path}/{key}"));
        }
    }

    fn problems_of(&self, schema: &Json, value: &Json, path: &str) -> Vec<String> {
        let mut validator = Validator { root: self.root, problems: Vec::new() };
        validator.check(schema, value, path);
        validator.problems
    }

    /// If no form fits, the problems are those of the form with the fewest.
    fn one_of(&mut self, forms: &[Json], value: &Json, path: &str) {
        let mut of_each: Vec<Vec<String>> = forms.iter().map(|form| self.problems_of(form, value, path)).collect();
        of_each.sort_by_key(Vec::len);
        let fitting = of_each.iter().filter(|problems| problems.is_empty()).count();
        match fitting {
            0 => self.problems.extend(of_each.swap_remove(0)),
            1 => {}
            several => self.problems.push(format!("{path}: fits {several} forms")),
        }
    }
}

/// Whether a value keeps to a range or to a number of members.
fn holds(keyword: &str, argument: &Json, value: &Json) -> bool {
    let size = value.as_array().map(Vec::len).or(value.as_object().map(Map::len));
    let size = size.map(|size| i64::try_from(size).unwrap());
    let limit = || argument.as_i64().unwrap();
    match keyword {
        "minimum" => value.as_i64().is_none_or(|number| number >= limit()),
        "maximum" => value.as_i64().is_none_or(|number| number <= limit()),
        "minItems" | "minProperties" => size.is_none_or(|size| size >= limit()),
        "maxItems" => size.is_none_or(|size| size <= limit()),
        "uniqueItems" => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
        }
        other => panic!("the validator does not know the keyword {other}"),
    }
}

fn is_of(kind: &str, value: &Json) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the validator does not know the type {other}"),
    }
}
