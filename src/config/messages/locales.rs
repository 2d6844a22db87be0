//! The locales of `[messages]`: language tags (BCP 47) such as `en` and `de-AT`, as Entra sends them.

use crate::config::engine::{Diagnostics, Entry, Node, Origin, Value, is_inline_table};
use crate::signup::messages::is_built_in;

/// Languages by the names that people write instead of their tags: in English, and in the language itself. These are the
/// languages of Entra's own pages.
const LANGUAGES: [(&str, &[&str]); 42] = [
    ("ar", &["arabic", "العربية"]),
    ("az", &["azerbaijani"]),
    ("bg", &["bulgarian", "български"]),
    ("ca", &["catalan", "català"]),
    ("cs", &["czech", "čeština", "česky"]),
    ("da", &["danish", "dansk"]),
    ("de", &["german", "deutsch", "ger", "deu"]),
    ("el", &["greek", "ελληνικά"]),
    ("en", &["english", "eng"]),
    ("es", &["spanish", "español", "espanol", "castellano", "spa"]),
    ("et", &["estonian", "eesti"]),
    ("eu", &["basque", "euskara"]),
    ("fi", &["finnish", "suomi"]),
    ("fr", &["french", "français", "francais", "fra", "fre"]),
    ("gl", &["galician", "galego"]),
    ("he", &["hebrew", "עברית"]),
    ("hi", &["hindi", "हिन्दी"]),
    ("hr", &["croatian", "hrvatski"]),
    ("hu", &["hungarian", "magyar"]),
    ("id", &["indonesian", "bahasa", "bahasa-indonesia"]),
    ("is", &["icelandic", "íslenska"]),
    ("it", &["italian", "italiano", "ita"]),
    ("ja", &["japanese", "日本語", "jpn"]),
    ("kk", &["kazakh"]),
    ("ko", &["korean", "한국어"]),
    ("lt", &["lithuanian", "lietuvių"]),
    ("lv", &["latvian", "latviešu"]),
    ("ms", &["malay", "bahasa-melayu"]),
    ("nb", &["norwegian", "norsk", "bokmål"]),
    ("nl", &["dutch", "nederlands", "flemish", "nld"]),
    ("pl", &["polish", "polski", "pol"]),
    ("pt", &["portuguese", "português", "portugues", "por"]),
    ("ro", &["romanian", "română", "romana"]),
    ("ru", &["russian", "русский", "rus"]),
    ("sk", &["slovak", "slovenčina", "slovensky"]),
    ("sl", &["slovenian", "slovene", "slovenščina"]),
    ("sr", &["serbian", "srpski", "српски"]),
    ("sv", &["swedish", "svenska", "swe"]),
    ("th", &["thai", "ไทย"]),
    ("tr", &["turkish", "türkçe", "turkce"]),
    ("uk", &["ukrainian", "українська"]),
    ("zh", &["chinese", "mandarin", "中文", "zho"]),
];

/// Whether a member of `[messages]` is a text that lacks its locale: a string, or a table that has a text, or that has the
/// key of one as its name.
pub(super) fn is_text(entry: &Entry) -> bool {
    let is_tag = is_language_tag(&entry.written) || tag_of_language(&entry.written).is_some();
    // The key of an app setting is written `NOT_INVITED`.
    let is_built_in = || match entry.origin {
        Origin::Setting(_) => is_built_in(&entry.key.replace('_', "-")),
        Origin::File { .. } => is_built_in(&entry.written),
    };
    match &entry.node.value {
        Value::String(_) => true,
        Value::Table(_) => is_built_in() || !is_tag && is_whole_text(&entry.node),
        Value::Setting(text) => is_built_in() || !is_tag && !is_inline_table(text),
        _ => false,
    }
}

/// Whether a node can be read as a text.
pub(super) fn is_whole_text(node: &Node) -> bool {
    match &node.value {
        Value::Table(table) => table.get("text").is_some() || table.get("title").is_some(),
        Value::String(_) | Value::Setting(_) => true,
        _ => false,
    }
}

/// Reports texts that lack their locale: one error for all of them, at the first.
pub(super) fn report_texts<'t>(mut texts: impl Iterator<Item = (&'t str, &'t Origin)>, diagnostics: &mut Diagnostics) {
    let Some((first, origin)) = texts.next() else { return };
    let others: Vec<&str> = texts.map(|(key, _)| key).collect();
    let others = if others.is_empty() { String::new() } else { format!(" (also {})", others.join(", ")) };
    let write = match origin {
        Origin::File { .. } => "[messages.en]".to_owned(),
        Origin::Setting(_) => format!("GUESTLIST__MESSAGES__EN__{}", first.to_ascii_uppercase()),
    };
    diagnostics.error_at(first, origin, format!("texts belong to a locale{others}: write {write}"));
}

/// Whether it begins with one of the usual languages.
pub(super) fn is_usual(locale: &str) -> bool {
    let normalised = normalised(locale);
    LANGUAGES.iter().any(|(tag, _)| *tag == language(&normalised))
}

/// Reports what is no language tag, and a locale that another table has in another spelling.
pub(super) fn check<'l>(
    locale: &str,
    origin: &Origin,
    mut others: impl Iterator<Item = &'l String>,
    diagnostics: &mut Diagnostics,
) {
    let message = if let Some(other) = others.find(|other| normalised(other) == normalised(locale)) {
        format!("is the same locale as {other:?}: put the texts together")
    } else if let Some(tag) = tag_of_language(locale) {
        format!("is not a language tag: write [messages.{tag}]")
    } else if is_language_tag(locale) {
        return;
    } else {
        "is not a language tag such as en or de-AT: two or three letters for the language, then a region if need be"
            .to_owned()
    };
    diagnostics.error_at(locale, origin, message);
}

/// The locale as locales are compared.
pub(super) fn normalised(locale: &str) -> String {
    locale.to_ascii_lowercase().replace('_', "-")
}

/// The locale's language.
pub(super) fn language(normalised: &str) -> &str {
    normalised.split('-').next().unwrap_or_default()
}

/// Whether it is a language tag: a language, and parts of a few letters or digits.
pub(super) fn is_language_tag(locale: &str) -> bool {
    let normalised = normalised(locale);
    let language = language(&normalised);
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && normalised
            .split('-')
            .skip(1)
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The tag of the language that has this name.
fn tag_of_language(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    LANGUAGES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(tag, _)| *tag)
}
