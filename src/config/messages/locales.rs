//! The locales of `[messages]`: language tags (BCP 47) such as `en` and `de-AT`, as Entra sends them.

use crate::config::engine::{Diagnostics, Origin};

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

fn is_language_tag(locale: &str) -> bool {
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
