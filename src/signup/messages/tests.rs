//! Which text people see.

use rstest::rstest;

use super::*;

fn messages(texts: &[(&str, &str, &str)]) -> Messages {
    let mut locales: BTreeMap<String, BTreeMap<String, Message>> = BTreeMap::new();
    for (locale, key, text) in texts {
        let message = Message { title: None, text: Template::compile(text, &NAMES).unwrap() };
        locales.entry((*locale).to_owned()).or_default().insert((*key).to_owned(), message);
    }
    Messages::new(locales)
}

fn text(messages: &Messages, key: &str, locale: &str) -> String {
    let email = "Jo@example.com".parse().unwrap();
    let app = App { id: None, name: "Portal".into() };
    messages.text(key, Reader { locale, email: Some(&email), app: &app })
}

#[rstest]
#[case("de-AT", "Servus")]
#[case("de_at", "Servus")]
#[case("de-DE", "Hallo")]
#[case("de", "Hallo")]
#[case("en-us", "Hello")]
#[case("fr-FR", "Hello")]
#[case("", "Hello")]
fn falls_back_from_the_locale_to_the_language_to_english(#[case] locale: &str, #[case] wanted: &str) {
    let messages = messages(&[("de-AT", "closed", "Servus"), ("de", "closed", "Hallo"), ("en", "closed", "Hello")]);
    assert_eq!(text(&messages, "closed", locale), wanted);
}

#[test]
fn english_is_built_in() {
    for key in ["not-invited", "no-address", "closed", "no-policy", "fix-errors", "try-later"] {
        assert!(text(&Messages::default(), key, "de").len() > 10, "{key}");
    }
    assert_eq!(text(&messages(&[("de", "closed", "Zu")]), "closed", "en"), "Sign-up is closed.");
}

#[test]
fn names_the_address_as_it_was_given_and_the_app() {
    let messages = messages(&[("en", "not-invited", "{{ email }} is not on the list of {{ app.name }}.")]);
    assert_eq!(text(&messages, "not-invited", "en"), "Jo@example.com is not on the list of Portal.");
}

#[test]
fn a_long_text_is_cut() {
    let messages = messages(&[("en", "closed", &"ä".repeat(600))]);
    assert_eq!(text(&messages, "closed", "en").chars().count(), 500);
}
