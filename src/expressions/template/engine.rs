//! minijinja as templates use it: what is available, what goes in, what may come out.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, filters};
use serde_json::Value as Json;

use super::{FUEL, MAX_OUTPUT, TemplateError, syntax_error};

/// The name of the one template in an environment.
pub(super) const NAME: &str = "template";

/// An environment with `source` as its one template.
pub(super) fn environment(source: &str) -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    environment.set_debug(false);
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(|out, state, value| match value.kind() {
        ValueKind::None => Ok(()),
        _ => minijinja::escape_formatter(out, state, &booleans_in_lower_case(value)),
    });
    let globals: Vec<_> = environment.globals().map(|(name, _)| name.to_owned()).collect();
    for name in &globals {
        environment.remove_global(name);
    }
    add_filters(&mut environment);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(|error| syntax_error(&error))?;
    environment.set_syntax(syntax);
    environment.add_template_owned(NAME, source.to_owned()).map_err(|error| syntax_error(&error))?;
    Ok(environment)
}

/// Our own filters, and those of the library that turn their value into a text.
fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("join", join);
    environment.add_filter("replace", |text: &Value, from: &str, to: &str| {
        replace(&booleans_in_lower_case(text).to_string(), from, to)
    });
    let slug =
        |text: &Value| if text.is_none() { String::new() } else { slug(&booleans_in_lower_case(text).to_string()) };
    environment.add_filter("slug", slug);
    environment.add_filter("@capitalize", filters::capitalize);
    environment.add_filter("@lower", filters::lower);
    environment.add_filter("@string", filters::string);
    environment.add_filter("@title", filters::title);
    environment.add_filter("@trim", filters::trim);
    environment.add_filter("@upper", filters::upper);
    for (name, library) in [
        ("capitalize", "@capitalize"),
        ("lower", "@lower"),
        ("string", "@string"),
        ("title", "@title"),
        ("trim", "@trim"),
        ("upper", "@upper"),
    ] {
        environment.add_filter(name, move |state: &mut State<'_, '_>, arguments: Rest<Value>| {
            let arguments: Vec<_> = arguments.iter().map(booleans_in_lower_case).collect();
            state.apply_filter(library, &arguments)
        });
    }
}

/// True and false as every other value of the product spells them, not as Python does.
fn booleans_in_lower_case(value: &Value) -> Value {
    match value.kind() {
        ValueKind::Bool => Value::from(if value.is_true() { "true" } else { "false" }),
        _ => value.clone(),
    }
}

/// The value, or another one if it is empty: absent, null, the empty text, or a list or table without items. With
/// `lax`, false and zero are empty, too.
fn default(value: Value, other: Option<Value>, lax: Option<bool>) -> Value {
    let is_empty = value.is_undefined() || value.is_none() || value.len() == Some(0);
    let replaced = is_empty || (lax.unwrap_or_default() && !value.is_true());
    if replaced { other.unwrap_or_else(|| Value::from("")) } else { value }
}

/// The items as one text. Fails beyond the limit of the output.
fn join(items: &Value, between: Option<&str>) -> Result<String, Error> {
    let mut joined = String::new();
    for (index, item) in items.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(between.unwrap_or_default());
        }
        joined.push_str(&booleans_in_lower_case(&item).to_string());
        within_limit(joined.len())?;
    }
    Ok(joined)
}

/// The text with every `from` replaced. Fails beyond the limit of the output.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let grown = text.matches(from).count().saturating_mul(to.len());
    within_limit(grown)?;
    Ok(text.replace(from, to))
}

fn within_limit(length: usize) -> Result<(), Error> {
    if length > MAX_OUTPUT { Err(ErrorKind::WriteFailure.into()) } else { Ok(()) }
}

/// The value without its nulls: for filters, too, null is absent.
pub(super) fn to_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::UNDEFINED,
        Json::Object(members) => {
            let present = members.iter().filter(|(_, value)| !value.is_null());
            present.map(|(name, value)| (name.clone(), to_value(value))).collect::<BTreeMap<_, _>>().into()
        }
        Json::Array(items) => items.iter().filter(|item| !item.is_null()).map(to_value).collect::<Vec<_>>().into(),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::from(number.as_f64().unwrap_or_default()), Value::from)
        }
        Json::String(text) => Value::from(text.as_str()),
    }
}

/// A text as part of an address or a name in another system.
pub(super) fn slug(text: &str) -> String {
    let ascii = deunicode::deunicode(text);
    let plain: String = ascii.chars().filter(|c| !matches!(c, '\'' | '`')).collect();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Takes the output up to its limit.
#[derive(Default)]
pub(super) struct LimitedOutput(Vec<u8>);

impl LimitedOutput {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl std::io::Write for LimitedOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
