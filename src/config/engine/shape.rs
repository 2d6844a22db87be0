//! The description of a file. The JSON Schema and the reference are made from it.
//!
//! Every type that can be decoded has a shape. The declaration of the type makes it, from doc comments, types and
//! defaults. So the description only has keys that are read and defaults that are used. It leaves out planned keys.
//! Some lines of doc comments have a meaning of their own, see [`DocComment`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::doc_comment::DocComment;
use super::limit::Limit;
use super::text_format::TextFormat;

/// What may be written for a key.
#[derive(Debug, Clone)]
pub(in crate::config) enum Shape {
    /// A text.
    Text(TextFormat),
    /// One of a few words.
    Choice(Vec<Choice>),
    /// A whole number, and the least one that is accepted.
    Whole(Option<i64>),
    /// True or false.
    Boolean,
    /// A list whose members have this shape.
    List(Box<Shape>),
    /// A table whose keys the operator chooses: what the keys are, and the shape of the values.
    Map(&'static str, Box<Shape>),
    /// A table with known keys.
    Section(Section),
    /// A section of one of several kinds. One of its keys names the kind. See [`Shape::kinds`].
    Kinds { key: &'static str, kinds: Vec<(&'static str, Section)> },
    /// A reference to a secret: each way to write it is a table with one key.
    Secret(Vec<Section>),
    /// One of several shapes, and the name for all of them.
    Either(&'static str, Vec<Shape>),
}

impl Shape {
    /// A section of one of several kinds. In each kind's section the key that names the kind comes first, and takes that
    /// word only. It is required, except in the default kind.
    pub(in crate::config) fn kinds(
        name: &'static str,
        default: Option<&'static str>,
        kinds: impl IntoIterator<Item = (&'static str, Section)>,
    ) -> Self {
        let section = |(word, mut section): (&'static str, Section)| {
            let mut key = Key::new(name, &["Says of which kind this is."], Self::Choice(vec![Choice::new(word, &[])]));
            if default == Some(word) {
                key = key.optional(Some(word.into()));
            }
            section.keys.insert(0, key);
            (word, section)
        };
        Self::Kinds { key: name, kinds: kinds.into_iter().map(section).collect() }
    }

    /// Whether it is a table with known keys.
    pub(in crate::config) fn is_section(&self) -> bool {
        matches!(self, Self::Section(_) | Self::Kinds { .. })
    }

    /// Whether a table can be written.
    pub(in crate::config) fn takes_tables(&self) -> bool {
        match self {
            Self::Text(_) | Self::Choice(_) | Self::Whole(_) | Self::Boolean | Self::List(_) => false,
            Self::Map(..) | Self::Section(_) | Self::Kinds { .. } | Self::Secret(_) => true,
            Self::Either(_, shapes) => shapes.iter().any(Self::takes_tables),
        }
    }

    /// The innermost shape of lists and tables.
    pub(in crate::config) fn leaf(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(_, inner) => inner.leaf(),
            other => other,
        }
    }

    /// The same shape, with this format for its texts.
    fn with_format(self, format: TextFormat) -> Self {
        match self {
            Self::Text(_) => Self::Text(format),
            Self::List(items) => Self::List(Box::new(items.with_format(format))),
            Self::Map(keys, values) => Self::Map(keys, Box::new(values.with_format(format))),
            other => other,
        }
    }

    /// The same shape, with these names for the keys of its tables, the outermost first.
    fn with_key_names(self, keys: &[&'static str]) -> Self {
        match (self, keys) {
            (Self::Map(_, values), [first, rest @ ..]) => Self::Map(first, Box::new(values.with_key_names(rest))),
            (other, _) => other,
        }
    }
}

/// One of a few words, with its meaning.
#[derive(Debug, Clone)]
pub(in crate::config) struct Choice {
    pub(in crate::config) word: &'static str,
    pub(in crate::config) about: String,
}

impl Choice {
    pub(in crate::config) fn new(word: &'static str, lines: &[&'static str]) -> Self {
        Self { word, about: DocComment::new(lines).about }
    }
}

/// A table with known keys.
#[derive(Debug, Clone)]
pub(in crate::config) struct Section {
    /// The name of its type, without `Section`.
    pub(in crate::config) name: &'static str,
    pub(in crate::config) about: String,
    pub(in crate::config) keys: Vec<Key>,
    /// Its own documentation of keys that all kinds have.
    shared: Vec<SharedKey>,
    /// Keys of which at least one has to be there.
    pub(in crate::config) one_of: Vec<&'static str>,
    /// Keys that need another key to be a certain word: the key, the other key, the word.
    pub(in crate::config) needs: Vec<(&'static str, &'static str, &'static str)>,
}

impl Section {
    pub(in crate::config) fn new(name: &'static str, lines: &[&'static str], keys: Vec<Key>) -> Self {
        let short = name.strip_suffix("Section").or_else(|| name.strip_suffix("Keys"));
        Self {
            name: short.unwrap_or(name),
            about: DocComment::new(lines).about,
            keys,
            shared: Vec::new(),
            one_of: Vec::new(),
            needs: Vec::new(),
        }
    }

    /// Whether a key takes a list.
    pub(in crate::config) fn has_list(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name && matches!(key.shape, Shape::List(_)))
    }

    /// The shortest and the longest duration that a key takes, if it has limits.
    pub(in crate::config) fn duration_limits(&self, name: &str) -> Option<(Duration, Duration)> {
        let key = self.keys.iter().find(|key| key.name == name)?;
        key.limits.iter().find_map(|limit| match limit {
            Limit::Duration(least, most) => Some((*least, *most)),
            _ => None,
        })
    }

    /// A section without keys.
    pub(in crate::config) fn empty() -> Self {
        Self::new("", &[], Vec::new())
    }

    /// The same section under another name.
    pub(in crate::config) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The same section with its own documentation of keys that all kinds have.
    pub(in crate::config) fn sharing(self, shared: Vec<SharedKey>) -> Self {
        Self { shared, ..self }
    }

    /// The same section with a limit of a key.
    pub(in crate::config) fn limited(mut self, name: &'static str, limit: Limit) -> Self {
        self.keys.iter_mut().filter(|key| key.name == name).for_each(|key| key.limit(limit));
        self
    }

    /// The same section, of whose keys at least one of these has to be there.
    pub(in crate::config) fn with_one_of(self, one_of: Vec<&'static str>) -> Self {
        Self { one_of, ..self }
    }

    /// The same section, where a key needs another one to be a certain word.
    pub(in crate::config) fn with_need(mut self, key: &'static str, other: &'static str, word: &'static str) -> Self {
        self.needs.push((key, other, word));
        self
    }

    /// The same section with the keys that all kinds have: the first of them in front, the others at the end, unless the
    /// section gives them another place.
    pub(in crate::config) fn with_shared(mut self, keys: Vec<Key>) -> Self {
        for (index, mut key) in keys.into_iter().enumerate() {
            let mut place = if index == 0 { 0 } else { self.keys.len() };
            if let Some(shared) = self.shared.iter().find(|shared| shared.name == key.name) {
                key.describe(shared);
                let before = shared.before.and_then(|name| self.keys.iter().position(|key| key.name == name));
                place = before.unwrap_or(place);
            }
            self.keys.insert(place, key);
        }
        self
    }
}

/// The documentation that one kind has for a key of all kinds. An empty part leaves the general documentation in place.
#[derive(Debug, Clone)]
pub(in crate::config) struct SharedKey {
    name: &'static str,
    about: String,
    examples: Vec<&'static str>,
    /// The key of the section before which it is listed.
    before: Option<&'static str>,
}

impl SharedKey {
    pub(in crate::config) fn new(name: &'static str, lines: &[&'static str], before: &[&'static str]) -> Self {
        let DocComment { about, examples, .. } = DocComment::new(lines);
        Self { name, about, examples, before: before.first().copied() }
    }
}

/// A key of a section.
#[derive(Debug, Clone)]
pub(in crate::config) struct Key {
    pub(in crate::config) name: &'static str,
    pub(in crate::config) about: String,
    pub(in crate::config) shape: Shape,
    /// Whether it is required.
    pub(in crate::config) required: bool,
    /// The default, if it can be written.
    pub(in crate::config) default: Option<Json>,
    /// The default in words.
    pub(in crate::config) default_in_words: Option<&'static str>,
    /// What it accepts beyond its type.
    pub(in crate::config) limits: Vec<Limit>,
    /// Examples as TOML.
    examples: Vec<&'static str>,
}

impl Key {
    /// A required key. The lines are those of its doc comment.
    pub(in crate::config) fn new(name: &'static str, lines: &[&'static str], shape: Shape) -> Self {
        let DocComment { about, examples, keys, default } = DocComment::new(lines);
        let shape = shape.with_key_names(&keys);
        let (limits, default_in_words) = (Vec::new(), default);
        Self { name, about, shape, required: true, default: None, default_in_words, limits, examples }
    }

    /// Adds a limit. A list or a table that may not be empty and is so by default has to be written.
    fn limit(&mut self, limit: Limit) {
        let empty = [Json::Array(Vec::new()), Json::Object(serde_json::Map::new())];
        if matches!(limit, Limit::AtLeast(_)) && self.default.as_ref().is_some_and(|default| empty.contains(default)) {
            (self.required, self.default) = (true, None);
        }
        self.limits.push(limit);
    }

    /// Replaces the documentation with that of one kind, as far as the kind has any.
    fn describe(&mut self, shared: &SharedKey) {
        if !shared.about.is_empty() {
            self.about.clone_from(&shared.about);
        }
        if !shared.examples.is_empty() {
            self.examples.clone_from(&shared.examples);
        }
    }

    /// Sets the format of its texts.
    pub(in crate::config) fn with_format(mut self, format: TextFormat) -> Self {
        self.shape = self.shape.with_format(format);
        self
    }

    /// Makes the key optional, with a default if that can be written.
    pub(in crate::config) fn optional(mut self, default: Option<Json>) -> Self {
        self.required = false;
        self.default = default;
        self
    }

    /// Makes the key optional. If it takes a single word, that is the default.
    pub(in crate::config) fn single_value(mut self) -> Self {
        self.required = false;
        if let Shape::Choice(words) = &self.shape
            && let [only] = words.as_slice()
        {
            self.default = Some(only.word.into());
        }
        self
    }

    /// Its examples. One that is not TOML is left out; a test finds it.
    pub(in crate::config) fn examples(&self) -> Vec<Json> {
        self.examples.iter().filter_map(|text| toml_value(text)).collect()
    }

    /// How many examples its doc comment has.
    #[cfg(test)]
    pub(in crate::config) fn written_examples(&self) -> usize {
        self.examples.len()
    }
}

fn toml_value(text: &str) -> Option<Json> {
    let mut table: BTreeMap<String, Json> = toml::from_str(&format!("value = {text}")).ok()?;
    table.remove("value")
}

#[cfg(test)]
mod tests;
