//! The parts of a doc comment of a declaration.
//!
//! Three kinds of lines have a meaning of their own:
//!
//! - ``Example: `"800ms"` `` is a value as TOML;
//! - `Keys: locale` says what the keys of a table are (for tables in tables, one line for each);
//! - `Default: the tenant's own` is the default in words. It replaces the declared one in both documents.

/// The parts of a doc comment.
pub(super) struct DocComment {
    pub(super) about: String,
    pub(super) examples: Vec<&'static str>,
    pub(super) keys: Vec<&'static str>,
    pub(super) default: Option<&'static str>,
}

impl DocComment {
    /// Joins lines to paragraphs, which empty lines separate.
    pub(super) fn new(lines: &[&'static str]) -> Self {
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
