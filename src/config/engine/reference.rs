//! The reference of a file in Markdown: a table of keys for each section, made from the [`Shape`] of the file.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::shape::{Choice, Key, Section, Shape};
use super::text_format::TextFormat;

/// An introduction, and the reference of the file. A note has the path of a key; it stands below that key's heading.
pub(in crate::config) fn markdown(introduction: &str, file: &Shape, notes: &[(&str, String)]) -> String {
    let mut page = Page { text: introduction.to_owned(), notes };
    page.text_formats();
    page.line("## The file\n");
    if let Shape::Section(file) = file {
        page.line(&format!("{}\n", file.about));
        page.table("", &file.keys);
        page.chapters("", 2, &file.keys);
    }
    page.text
}

/// A document that is being written.
struct Page<'a> {
    text: String,
    notes: &'a [(&'a str, String)],
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn text_formats(&mut self) {
        self.line("| type | written as |\n| --- | --- |");
        for format in TextFormat::EXPLAINED {
            self.line(&row([format.name(), format.about()]));
        }
        self.line("");
    }

    fn table(&mut self, path: &str, keys: &[Key]) {
        self.line("| key | type | default | meaning |\n| --- | --- | --- | --- |");
        for key in keys {
            self.line(&row([&key_cell(path, key), &type_of(&key.shape), &default(key), &meaning(key)]));
        }
        self.line("");
    }

    /// Writes a chapter for each key that holds sections, at any depth.
    fn chapters(&mut self, path: &str, level: usize, keys: &[Key]) {
        for key in keys.iter().filter(|key| holds_sections(&key.shape)) {
            let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            self.heading(level, &header(&path, &key.shape));
            match key.shape.leaf() {
                Shape::Section(section) => self.section(&path, level, section),
                Shape::Kinds { key: names, kinds } => {
                    self.line(&format!("{} The key `{names}` says of which kind each one is.\n", key.about));
                    for (word, section) in kinds {
                        self.heading(level + 1, &format!("{names} = \"{word}\""));
                        self.section(&path, level + 1, section);
                    }
                }
                Shape::Either(name, shapes) => self.either(&path, level, key, (name, shapes)),
                _ => {}
            }
        }
    }

    fn section(&mut self, path: &str, level: usize, section: &Section) {
        self.line(&format!("{}\n", section.about));
        self.table(path, &section.keys);
        self.chapters(path, level + 1, &section.keys);
    }

    fn either(&mut self, path: &str, level: usize, key: &Key, (name, shapes): (&str, &[Shape])) {
        self.line(&format!("{}\n", key.about));
        for (_, note) in self.notes.iter().filter(|(of, _)| *of == path) {
            self.text.push_str(note);
        }
        for shape in shapes {
            if let Shape::Section(section) = shape {
                self.line(&format!("Instead of a text, a {name} can be a table with these keys:\n"));
                self.table(path, &section.keys);
                self.chapters(path, level + 1, &section.keys);
            }
        }
    }

    fn heading(&mut self, level: usize, text: &str) {
        self.line(&format!("{} `{text}`\n", "#".repeat(level)));
    }
}

/// The line with which TOML begins the section at a path: `[path]`, `[[path]]`.
fn header(path: &str, shape: &Shape) -> String {
    match shape {
        Shape::List(_) => format!("[[{path}]]"),
        Shape::Map(keys, values) if matches!(**values, Shape::Map(..)) => format!("[{path}.<{keys}>]"),
        _ => format!("[{path}]"),
    }
}

/// The key as a cell. It is a link if the key has its own chapter.
fn key_cell(path: &str, key: &Key) -> String {
    if !holds_sections(&key.shape) {
        return code(key.name);
    }
    let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
    let anchor: String = header(&path, &key.shape).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("[{}](#{anchor})", code(key.name))
}

fn type_of(shape: &Shape) -> String {
    match shape {
        Shape::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| code(&format!("\"{}\"", word.word))).collect();
            match words.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => words.concat(),
            }
        }
        Shape::List(items) => format!("list of {}s", type_name(items)),
        Shape::Map(keys, values) => {
            let (mut key_names, mut values) = (vec![*keys], values.as_ref());
            while let Shape::Map(keys, inner) = values {
                key_names.push(keys);
                values = inner;
            }
            format!("table of {}s by {}", type_name(values), key_names.join(" and "))
        }
        other => type_name(other).to_owned(),
    }
}

/// Whether the key has its own chapter.
fn holds_sections(shape: &Shape) -> bool {
    match shape {
        Shape::Section(_) | Shape::Kinds { .. } => true,
        Shape::List(inner) | Shape::Map(_, inner) => holds_sections(inner),
        Shape::Either(_, shapes) => shapes.iter().any(holds_sections),
        _ => false,
    }
}

/// The name of a type. The plural is made with `s`.
fn type_name(shape: &Shape) -> &str {
    match shape {
        Shape::Text(format) => format.name(),
        Shape::Choice(_) => "word",
        Shape::Whole(_) => "whole number",
        Shape::Boolean => "boolean",
        Shape::List(_) => "list",
        Shape::Map(..) => "table",
        Shape::Section(_) | Shape::Kinds { .. } => "section",
        Shape::Secret(_) => "secret",
        Shape::Either(name, _) => name,
    }
}

fn default(key: &Key) -> String {
    match (key.default.as_ref().filter(|_| !holds_sections(&key.shape)), key.default_in_words) {
        (_, Some(words)) => words.to_owned(),
        (Some(default), None) => code(&toml(default)),
        (None, None) if key.required => "required".to_owned(),
        (None, None) if holds_sections(&key.shape) => "optional".to_owned(),
        (None, None) => "none".to_owned(),
    }
}

/// What the key does, the words that it takes with their meanings, and examples.
fn meaning(key: &Key) -> String {
    let mut lines = vec![key.about.replace("\n\n", "<br>")];
    let words = match &key.shape {
        Shape::Choice(words) => words.as_slice(),
        Shape::List(items) => match items.as_ref() {
            Shape::Choice(words) => words.as_slice(),
            _ => &[],
        },
        _ => &[],
    };
    let explained = |word: &Choice| format!("{}: {}", code(&format!("\"{}\"", word.word)), word.about);
    lines.extend(words.iter().filter(|word| !word.about.is_empty()).map(explained));
    let examples: Vec<String> = key.examples().iter().map(|example| code(&toml(example))).collect();
    if !examples.is_empty() {
        lines.push(format!("Example: {}", examples.join(", ")));
    }
    lines.join("<br>")
}

/// A value as TOML on one line.
pub(in crate::config) fn toml(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Json::Object(entries) => {
            let bare = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let entry = |(key, value): (&String, &Json)| {
                let key = if bare(key) { key.clone() } else { format!("{key:?}") };
                format!("{key} = {}", toml(value))
            };
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A row of a table. Escapes what would end a cell.
fn row<const N: usize>(cells: [&str; N]) -> String {
    let mut row = String::from("|");
    for cell in cells {
        let _ = write!(row, " {} |", cell.replace('|', "\\|").replace('\n', " "));
    }
    row
}
