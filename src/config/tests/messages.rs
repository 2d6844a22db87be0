//! `[messages]`: locales, texts that nobody sees, and languages that lack some.

use rstest::rstest;

use super::sample::{LEAST, Sample};

fn problems(text: &str) -> Vec<String> {
    Sample::new(&format!("{LEAST}{text}\n")).problems()
}

/// A rule for each of these texts.
fn rules(messages: &[&str]) -> String {
    let rule = |message: &&str| {
        format!("[[policies.rules]]\nattribute = \"city\"\nrequired = true\nmessage = \"{message}\"\n")
    };
    messages.iter().map(rule).collect()
}

#[rstest]
#[case("deutsch", "de")]
#[case("Deutsch", "de")]
#[case("german", "de")]
#[case("deu", "de")]
#[case("english", "en")]
#[case("\"français\"", "fr")]
#[case("\"日本語\"", "ja")]
#[case("italiano", "it")]
fn the_name_of_a_language_is_told_its_tag(#[case] locale: &str, #[case] tag: &str) {
    let seen = problems(&format!("[messages.{locale}]\nclosed = \"x\""));
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let says = format!("is not a language tag: write [messages.{tag}]");
    assert!(seen[0].contains(&format!("messages.{}: {says}", locale.trim_matches('"'))), "{seen:#?}");
}

#[rstest]
#[case("d")]
#[case("germany-at")]
#[case("\"de AT\"")]
#[case("de-Oesterreich")]
#[case("\"\"")]
#[case("12")]
fn what_is_no_language_tag_is_an_error_also_without_texts(#[case] locale: &str) {
    for text in ["", "closed = \"x\""] {
        let seen = problems(&format!("[messages.{locale}]\n{text}"));
        assert!(seen.len() == 1 && seen[0].contains("is not a language tag such as en or de-AT"), "{seen:#?}");
    }
}

#[rstest]
#[case("en-us")]
#[case("de_AT")]
#[case("zh-Hans-CN")]
#[case("es-419")]
#[case("fil")]
#[case("ca-valencia")]
fn a_language_tag_is_no_problem(#[case] locale: &str) {
    assert_eq!(problems(&format!("[messages.{locale}]\nclosed = \"x\"")), [""; 0]);
}

#[test]
fn a_language_that_lacks_texts_is_named_with_them_and_with_what_is_seen_instead() {
    let texts = "[messages.en]\ncity = \"a\"\ntown = \"b\"\nclosed = \"c\"\n[messages.fr]\ncity = \"d\"\nfield-required = \"e\"\n";
    let only_french = "street = \"f\"\n";
    let seen = problems(&format!("{}{texts}{only_french}", rules(&["city", "town", "street"])));
    assert_eq!(seen.len(), 2, "{seen:#?}");
    assert!(seen[0].contains("warning: messages.en: has no street, so people see that of [messages.fr]"), "{seen:#?}");
    let says = "warning: messages.fr: has no closed, town, so people see that of [messages.en]";
    assert!(seen[1].ends_with(says), "{seen:#?}");
}

#[test]
fn a_language_without_a_built_in_text_that_another_translates_is_told_that_people_see_english() {
    let seen = problems("[messages.de]\nclosed = \"a\"\n[messages.fr]\nclosed = \"b\"\nfield-required = \"c\"\n");
    let says = "messages.de: has no field-required, so people see the built-in English text";
    assert!(seen.len() == 1 && seen[0].ends_with(says), "{seen:#?}");
}

#[rstest]
#[case::region_of_a_language("[messages.de]\nclosed = \"a\"\n[messages.de-AT]\ntry-later = \"b\"\n")]
#[case::english_is_built_in("[messages.en]\nclosed = \"a\"\n[messages.de]\nclosed = \"b\"\ntry-later = \"c\"\n")]
#[case::reasons_without_a_text_have_that_of_another(
    "[messages.en]\nclosed = \"a\"\n[messages.de]\nclosed = \"b\"\ndenied = \"c\"\n"
)]
#[case::one_language("[messages.de]\nclosed = \"a\"\n")]
fn a_text_that_people_see_in_their_language_is_not_missing(#[case] texts: &str) {
    assert_eq!(problems(texts), [""; 0]);
}

#[test]
fn a_text_that_no_rule_names_is_one_warning_for_all_languages() {
    let seen = problems("[messages.en]\ncity = \"a\"\n[messages.de]\ncity = \"b\"\n");
    assert!(seen.len() == 1 && seen[0].contains("messages.de.city: no rule names this text"), "{seen:#?}");
}

#[test]
fn a_misspelt_key_of_a_text_is_one_message_wherever_it_is() {
    // In one language.
    let texts = "[messages.en]\npostal-code = \"a\"\n[messages.de]\nposal-code = \"b\"\n";
    let seen = problems(&format!("{}{texts}", rules(&["postal-code"])));
    let says = "messages.de.posal-code: no rule names this text: did you mean postal-code?";
    assert!(seen.len() == 1 && seen[0].ends_with(says), "{seen:#?}");
    // In the rule.
    let seen = problems(&format!("{}[messages.en]\npostal-code = \"a\"\n", rules(&["postal-cod"])));
    assert!(seen.len() == 1 && seen[0].contains("did you mean postal-code?"), "{seen:#?}");
    // A name that is like no other.
    let seen = problems(&format!("{}[messages.en]\npostal-code = \"a\"\n", rules(&["zip"])));
    assert!(seen.len() == 1 && seen[0].contains("[messages] has no \"zip\""), "{seen:#?}");
    // A template that does not compile is still a text.
    let seen = problems(&format!("{}[messages.en]\npostal-code = \"{{{{ x\"\n", rules(&["postal-code"])));
    assert!(seen.len() == 1 && seen[0].contains("messages.en.postal-code: "), "{seen:#?}");
}

#[rstest]
#[case::table("not-invited = { title = \"T\", text = \"x\" }", "not-invited", "")]
#[case::string("not-invited = \"x\"", "not-invited", "")]
#[case::own_text("postal-code = { text = \"x\" }", "postal-code", "")]
#[case::own_string("postal-code = \"x\"", "postal-code", "")]
#[case::named_by_the_rule("postal-code = { en = \"x\" }", "postal-code", "")]
#[case::several("closed = \"x\"\npostal-code = \"x\"", "closed", " (also postal-code)")]
#[case::header("[messages.closed]\ntext = \"x\"", "closed", "")]
fn a_text_without_a_locale_is_one_error(#[case] text: &str, #[case] key: &str, #[case] others: &str) {
    let others_texts = "[messages.fr]\nfield-required = \"a\"\n";
    for also in ["", others_texts] {
        let seen = problems(&format!("{}[messages]\n{text}\n{also}", rules(&["postal-code"])));
        let says = format!(": messages.{key}: texts belong to a locale{others}: write [messages.en]");
        assert!(seen.len() == 1 && seen[0].ends_with(&says), "{seen:#?}");
    }
}

#[test]
fn a_text_that_a_rule_names_lacks_its_locale_even_if_its_name_could_be_a_language() {
    let rules = rules(&["zip"]);
    for text in ["[messages.zip]\nen = \"x\"", "[messages]\nzip = \"x\"", "[messages]\nzip = { text = \"x\" }"] {
        let seen = problems(&format!("{rules}{text}"));
        let says = "messages.zip: texts belong to a locale: write [messages.en]";
        assert!(seen.len() == 1 && seen[0].ends_with(says), "{text}: {seen:#?}");
    }
    assert_eq!(problems(&format!("{rules}[messages.en]\nzip = \"x\"\n[messages.zip]\nzip = \"y\"\n")), [""; 0]);
    // A text may be called `text`.
    assert_eq!(problems(&format!("{}[messages.en]\ntext = \"x\"", self::rules(&["text"]))), [""; 0]);
}

#[test]
fn a_text_without_a_locale_hides_none_of_its_own_mistakes() {
    let seen = problems("[messages]\nclosed = \"{{ ap.name }}\"");
    assert!(seen.len() == 2 && seen.iter().any(|line| line.contains("did you mean app?")), "{seen:#?}");
}

#[test]
fn an_app_setting_of_a_text_names_its_locale() {
    let table = Sample::new(LEAST).with("GUESTLIST__MESSAGES__NOT_INVITED__TEXT", "x").problems();
    assert!(table.len() == 1 && table[0].contains("texts belong to a locale"), "{table:#?}");
    let seen = Sample::new(LEAST).with("GUESTLIST__MESSAGES__NOT_INVITED", "x").problems();
    let says = "texts belong to a locale: write GUESTLIST__MESSAGES__EN__NOT_INVITED";
    assert!(seen.len() == 1 && seen[0].ends_with(says), "{seen:#?}");
}

#[test]
fn what_is_no_language_lacks_no_texts() {
    let texts = "[messages.en]\nclosed = \"a\"\n[messages.de]\nclosed = \"b\"\n";
    let setting = "GUESTLIST__MESSAGES__DEUTSCH__NOT_INVITED";
    let seen = Sample::new(&format!("{LEAST}{texts}")).with(setting, "x").problems();
    assert!(seen.len() == 1 && seen[0].ends_with("is not a language tag: write [messages.de]"), "{seen:#?}");
}

#[test]
fn a_text_of_another_type_is_told_that_it_is_a_text() {
    let seen = problems("[messages.en]\nclosed = 7");
    let says = "messages.en.closed: expected a text in quotes, found a number";
    assert!(seen.len() == 1 && seen[0].ends_with(says), "{seen:#?}");
}
