//! Which text people see.

use std::sync::LazyLock;

use rstest::rstest;

use super::*;
use crate::signup::reason::Reason;

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
    messages.text(key, message_context(locale, &email, &app))
}

/// The sign-up whose support code is `XFGV-5W9X`.
static SIGN_UP: LazyLock<CorrelationId> = LazyLock::new(|| "6b264006-9d46-4409-bdb7-a501b6c22527".parse().unwrap());

fn message_context<'a>(locale: &'a str, email: &'a EmailAddress, app: &'a App) -> MessageContext<'a> {
    MessageContext { locale, email: Some(email), app, correlation_id: Some(&SIGN_UP) }
}

fn page(messages: &Messages, key: &str, locale: &str) -> Page {
    messages.page(key, message_context(locale, &"Jo@example.com".parse().unwrap(), &App::default()))
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
fn a_page_shows_the_support_code() {
    assert!(page(&Messages::default(), "closed", "en").text.ends_with(" Support code: XFGV-5W9X"));
    let own = messages(&[("en", "closed", "Closed. Ask us and say {{ support_code }}.")]);
    assert_eq!(page(&own, "closed", "en").text, "Closed. Ask us and say XFGV-5W9X.");
    assert!(!text(&Messages::default(), "field-required", "en").contains("XFGV"));
}

#[test]
fn a_refusal_without_a_text_of_its_own_reads_like_any_other() {
    let none = Messages::default();
    for reason in crate::signup::reason::tests::REFUSALS.map(Reason::message) {
        let same = page(&none, reason, "en") == page(&none, "not-invited", "en");
        assert_eq!(same, !["no-policy", "closed", "no-address", "start-again"].contains(&reason), "{reason}");
        assert_ne!(page(&none, reason, "en").text, FALLBACK, "{reason}");
    }
    let own = messages(&[("en", "denied", "Not you."), ("de", "not-invited", "Nur mit Einladung.")]);
    assert_eq!(page(&own, "denied", "de").text, "Not you.");
    assert_eq!(page(&own, "disposable", "de").text, "Nur mit Einladung.");
}

#[test]
fn a_template_that_fails_blanks_what_it_is_for() {
    let failing = Template::compile("{{ email | int | abs }}{% for a in email %}{{ a }}{% endfor %}", &NAMES).unwrap();
    let fails_always = failing.render(&json!({ "email": "x", "app": {}, "support_code": "" })).is_err();
    assert!(fails_always);
    let text = Template::compile("Closed.", &NAMES).unwrap();
    let title = |title, text| {
        Messages::new(BTreeMap::from([(
            "en".to_owned(),
            BTreeMap::from([("closed".to_owned(), Message { title: Some(title), text })]),
        )]))
    };
    let seen = page(&title(failing.clone(), text.clone()), "closed", "en");
    assert_eq!((seen.title, seen.text.as_str()), (None, "Closed."));
    let seen = page(&title(text, failing), "closed", "en");
    assert!(seen.text.starts_with("Sign-up is closed."), "{}", seen.text);
}

#[test]
fn a_long_text_is_cut() {
    let messages = messages(&[("en", "closed", &"ä".repeat(600))]);
    assert_eq!(text(&messages, "closed", "en").chars().count(), 500);
}
