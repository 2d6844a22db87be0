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
