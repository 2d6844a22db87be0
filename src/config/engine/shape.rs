//! The description of a file. The JSON Schema and the reference are made from it.
//!
//! Every type that can be decoded has a shape. The declaration of the type makes it, from doc comments, types and
//! defaults. So the description only has keys that are read and defaults that are used. It leaves out planned keys.
//!
//! Three kinds of lines in a doc comment have a meaning of their own:
//!
//! - ``Example: `"800ms"` `` is a value as TOML;
//! - `Keys: locale` says what the keys of a table are (for tables in tables, one line for each);
//! - `Default: the tenant's own` is the default in words. It replaces the declared one in both documents.

use std::collections::BTreeMap;

use serde_json::Value as Json;

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

    /// The innermost shape of lists and tables.
    pub(in crate::config) fn leaf(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(_, inner) => inner.leaf(),
            other => other,
        }
    }

    /// The same shape, with this format for its texts.
    fn of(self, form: TextFormat) -> Self {
        match self {
            Self::Text(_) => Self::Text(form),
            Self::List(items) => Self::List(Box::new(items.of(form))),
            Self::Map(keys, values) => Self::Map(keys, Box::new(values.of(form))),
            other => other,
        }
    }

    /// The same shape, with these names for the keys of its tables, the outermost first.
    fn by(self, keys: &[&'static str]) -> Self {
        match (self, keys) {
            (Self::Map(_, values), [first, rest @ ..]) => Self::Map(first, Box::new(values.by(rest))),
            (other, _) => other,
        }
    }
}

/// How a text has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum TextFormat {
    /// Any text.
    Text,
    /// A GUID.
    Guid,
    /// A time span.
    Duration,
    /// An address of the outside world.
    Url,
    /// A file or a folder.
    Path,
    /// A text with values filled in.
    Template,
    /// A CEL expression.
    Condition,
    /// A regular expression.
    Pattern,
    /// An address or a domain.
    AddressRule,
    /// An attribute's name.
    Attribute,
}

impl TextFormat {
    /// Every format with rules of its own.
    pub(in crate::config) const EXPLAINED: [Self; 9] = [
        Self::Guid,
        Self::Duration,
        Self::Url,
        Self::Path,
        Self::Template,
        Self::Condition,
        Self::Pattern,
        Self::AddressRule,
        Self::Attribute,
    ];

    /// The name of the format. The plural is made with `s`.
    pub(in crate::config) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Guid => "GUID",
            Self::Duration => "duration",
            Self::Url => "URL",
            Self::Path => "path",
            Self::Template => "template",
            Self::Condition => "condition",
            Self::Pattern => "pattern",
            Self::AddressRule => "address rule",
            Self::Attribute => "attribute",
        }
    }

    /// How the text is written, in one or two sentences. Empty for any text.
    pub(in crate::config) fn about(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Guid => {
                "`8-4-4-4-12` hexadecimal digits in any case, also without the hyphens or in braces, not all zero."
            }
            Self::Duration => "A whole number with a unit: `800ms`, `60s`, `10m`, `2h` or `1d`. At most 366 days.",
            Self::Url => "An `https` address without query, fragment and credentials; `http` is for loopback only.",
            Self::Path => "A path on this machine; a relative one begins at the folder of `guestlist.toml`.",
            Self::Template => {
                "A text in which `{{ … }}` is filled in, such as `{{ user.givenName | slug }}`. Names that do not exist \
                 are errors; a value that is absent is empty."
            }
            Self::Condition => {
                "A CEL expression that is true or false, such as `user.country == 'AU'`. At most 1 KiB; one that fails \
                 when it is evaluated counts as false, with a warning in the log."
            }
            Self::Pattern => "A regular expression that the whole value must match, so `^` and `$` are not needed.",
            Self::AddressRule => {
                "`jo@example.com` is that address, `@example.com` every address of exactly that domain, \
                 `@*.example.com` every address of a domain below it, at any depth."
            }
            Self::Attribute => {
                "The name of a built-in attribute (`displayName`), `ext.Name` for a custom one (this needs \
                 `tenant.extension_app_id`), or `email`."
            }
        }
    }

    /// A regular expression that every text of this format matches.
    pub(in crate::config) fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Guid => Some(GUID),
            Self::Duration => Some("^[0-9]+(ms|s|m|h|d)$"),
            Self::AddressRule => Some("@"),
            _ => None,
        }
    }
}

/// A GUID with hyphens, the same in braces, or without hyphens.
const GUID: &str = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\
                    |\\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\}\
                    |[0-9A-Fa-f]{32})$";

/// One of a few words, with its meaning.
#[derive(Debug, Clone)]
pub(in crate::config) struct Choice {
    pub(in crate::config) word: &'static str,
    pub(in crate::config) about: String,
}

impl Choice {
    pub(in crate::config) fn new(word: &'static str, lines: &[&'static str]) -> Self {
        Self { word, about: Doc::new(lines).about }
    }
}

/// A table with known keys.
#[derive(Debug, Clone)]
pub(in crate::config) struct Section {
    /// The name of its type, without `Section`.
    pub(in crate::config) name: &'static str,
    pub(in crate::config) about: String,
    pub(in crate::config) keys: Vec<Key>,
    /// What it says itself about keys that all kinds have.
    shared: Vec<SharedKey>,
}

impl Section {
    pub(in crate::config) fn new(name: &'static str, lines: &[&'static str], keys: Vec<Key>) -> Self {
        let short = name.strip_suffix("Section").or_else(|| name.strip_suffix("Keys"));
        Self { name: short.unwrap_or(name), about: Doc::new(lines).about, keys, shared: Vec::new() }
    }

    /// The same section under another name.
    pub(in crate::config) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The same section with something to say about keys that all kinds have.
    pub(in crate::config) fn sharing(self, shared: Vec<SharedKey>) -> Self {
        Self { shared, ..self }
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

/// What a section of one kind says about a key that all kinds have. Empty: what is said for all of them.
#[derive(Debug, Clone)]
pub(in crate::config) struct SharedKey {
    name: &'static str,
    about: String,
    examples: Vec<&'static str>,
    /// The key of the section that stands behind it.
    before: Option<&'static str>,
}

impl SharedKey {
    pub(in crate::config) fn new(name: &'static str, lines: &[&'static str], before: &[&'static str]) -> Self {
        let Doc { about, examples, .. } = Doc::new(lines);
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
    /// Examples as TOML.
    examples: Vec<&'static str>,
}

impl Key {
    /// A required key. The lines are those of its doc comment.
    pub(in crate::config) fn new(name: &'static str, lines: &[&'static str], shape: Shape) -> Self {
        let Doc { about, examples, keys, default } = Doc::new(lines);
        let shape = shape.by(&keys);
        Self { name, about, shape, required: true, default: None, default_in_words: default, examples }
    }

    /// Says what a kind says instead, where it says something.
    fn describe(&mut self, shared: &SharedKey) {
        if !shared.about.is_empty() {
            self.about.clone_from(&shared.about);
        }
        if !shared.examples.is_empty() {
            self.examples.clone_from(&shared.examples);
        }
    }

    /// Gives its texts a format.
    pub(in crate::config) fn of(mut self, form: TextFormat) -> Self {
        self.shape = self.shape.of(form);
        self
    }

    /// Makes the key optional, with a default if that can be written.
    pub(in crate::config) fn optional(mut self, default: Option<Json>) -> Self {
        self.required = false;
        self.default = default;
        self
    }

    /// Makes the key optional. If it takes a single word, that is the default.
    pub(in crate::config) fn only(mut self) -> Self {
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

/// The parts of a doc comment.
struct Doc {
    about: String,
    examples: Vec<&'static str>,
    keys: Vec<&'static str>,
    default: Option<&'static str>,
}

impl Doc {
    /// Joins lines to paragraphs, which empty lines separate.
    fn new(lines: &[&'static str]) -> Self {
        let mut doc = Self { about: String::new(), examples: Vec::new(), keys: Vec::new(), default: None };
        for line in lines.iter().map(|line| line.trim()) {
            if let Some(example) = line.strip_prefix("Example: ") {
                doc.examples.push(example.trim_matches('`'));
            } else if let Some(keys) = line.strip_prefix("Keys: ") {
                doc.keys.push(keys);
            } else if let Some(default) = line.strip_prefix("Default: ") {
                doc.default = Some(default);
            } else if line.is_empty() {
                doc.about.push_str("\n\n");
            } else {
                if !doc.about.is_empty() && !doc.about.ends_with('\n') {
                    doc.about.push(' ');
                }
                doc.about.push_str(line);
            }
        }
        doc.about = doc.about.trim().to_owned();
        doc
    }
}

#[cfg(test)]
mod tests;
