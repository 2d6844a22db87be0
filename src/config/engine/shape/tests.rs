//! What is taken from a declaration.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::config::engine::{Decode, Diagnostics, Node, Origin, Value, choice, parse_file, section};

/// How firm something is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) enum Firmness {
    Soft,
    Hard,
}
choice!(Firmness {
    /// gives way
    "soft" => Self::Soft,
    "hard" => Self::Hard,
});

section! {
    /// A test.
    ///
    /// Of sections.
    struct SampleSection {
        /// First line
        /// and second.
        /// Example: `"2h"`
        /// Example: `"3h"`
        wait: Duration = Duration::from_mins(90),
        /// Names.
        /// Keys: colour
        /// Keys: shade
        names: BTreeMap<String, BTreeMap<String, String>> as Guid => BTreeMap::new(),
        /// Worked out.
        /// Default: the moon
        place: Option<String> = None,
        /// One of two.
        firmness: Firmness = Firmness::Hard,
        /// Must be there.
        count: usize => 0,
    }
    only {
        /// The one.
        kind: Firmness,
    }
    planned { "later" }
}

fn sample() -> Section {
    let Shape::Section(section) = SampleSection::shape() else { panic!() };
    section
}

fn key(name: &str) -> Key {
    sample().keys.into_iter().find(|key| key.name == name).unwrap()
}

#[test]
fn a_default_is_shown_as_it_is_taken() {
    let mut problems = Vec::new();
    let root = parse_file("names = {}\ncount = 3", &mut problems);
    let read = SampleSection::decode(&root, &mut Diagnostics::new(problems)).unwrap();
    assert_eq!((read.place, read.names.len(), read.count), (None, 0, 3));
    assert_eq!((read.wait.written(), read.firmness.written()), (key("wait").default, key("firmness").default));
}

#[test]
fn a_section_is_described_by_its_declaration() {
    let section = sample();
    assert_eq!((section.name, section.about.as_str()), ("Sample", "A test.\n\nOf sections."));
    let required: Vec<(&str, bool)> = section.keys.iter().map(|key| (key.name, key.required)).collect();
    let expected =
        [("wait", false), ("names", true), ("place", false), ("firmness", false), ("count", true), ("kind", false)];
    assert_eq!(required, expected);
}

#[test]
fn a_doc_comment_is_prose_with_examples_names_of_keys_and_a_default() {
    let wait = key("wait");
    assert_eq!(wait.about, "First line and second.");
    assert_eq!(wait.examples(), [json!("2h"), json!("3h")]);
    assert_eq!(wait.default, Some(json!("90m")));
    let Shape::Map("colour", shades) = key("names").shape else { panic!() };
    let Shape::Map("shade", names) = *shades else { panic!() };
    assert!(matches!(*names, Shape::Text(TextFormat::Guid)), "{names:?}");
    assert_eq!((key("place").default, key("place").default_in_words), (None, Some("the moon")));
}

#[test]
fn words_are_shown_with_their_meaning_and_a_default_by_its_word() {
    let firmness = key("firmness");
    assert_eq!(firmness.default, Some(json!("hard")));
    let Shape::Choice(words) = firmness.shape else { panic!() };
    let words: Vec<(&str, &str)> = words.iter().map(|word| (word.word, word.about.as_str())).collect();
    assert_eq!(words, [("soft", "gives way"), ("hard", "")]);
    assert_eq!(key("kind").default, None, "two words, so neither of them is what an absent key means");
}

#[test]
fn an_example_that_is_no_toml_is_told_apart() {
    let slip = Key::new("x", &["Example: `not toml`", "Example: `1`"], usize::shape());
    assert_eq!((slip.examples(), slip.written_examples()), (vec![json!(1)], 2));
}

#[test]
fn in_a_section_of_a_kind_the_key_says_so() {
    let Shape::Kinds { kinds, .. } = Shape::kinds("sort", None, [("soft", sample())]) else { panic!() };
    let keys: Vec<&str> = kinds[0].1.keys.iter().map(|key| key.name).collect();
    assert_eq!(keys, ["sort", "wait", "names", "place", "firmness", "count", "kind"]);
    assert!(kinds[0].1.keys[0].required);
}

fn read<T: Decode>(text: &str) -> Option<T> {
    let node = Node { value: Value::String(text.to_owned()), origin: Origin::File { line: 1, column: 1 } };
    T::decode(&node, &mut Diagnostics::default())
}

fn fits(form: TextFormat, text: &str) -> bool {
    form.pattern().is_none_or(|pattern| regex::Regex::new(&pattern).unwrap().is_match(text))
}

#[rstest]
#[case("0s")]
#[case("1ms")]
#[case("60s")]
#[case("007m")]
#[case("366d")]
#[case("1H")]
#[case(" 1h")]
#[case("1 h")]
#[case("1.5h")]
#[case("-1s")]
#[case("s")]
#[case("")]
#[case("1")]
fn the_pattern_of_durations_is_what_the_decoder_reads(#[case] text: &str) {
    assert_eq!(read::<Duration>(text).is_some(), fits(TextFormat::Duration, text));
}

proptest! {
    #[test]
    fn a_duration_is_written_as_it_is_read(milliseconds in 0_u64..=366 * 86_400_000) {
        let duration = Duration::from_millis(milliseconds);
        let written = duration.written().unwrap();
        prop_assert_eq!(read::<Duration>(written.as_str().unwrap()), Some(duration));
        prop_assert!(fits(TextFormat::Duration, written.as_str().unwrap()));
    }

    #[test]
    fn the_pattern_of_guids_is_what_is_read(
        text in "[{(]?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{11,13}[})]?\
                 |\\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\}\
                 |[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\
                 |[0-9a-fA-F]{32}",
    ) {
        let is_zero = text.chars().all(|c| "{}-0".contains(c));
        prop_assert_eq!(text.parse::<crate::values::AppId>().is_ok(), fits(TextFormat::Guid, &text) && !is_zero, "{}", text);
    }

    #[test]
    fn every_address_rule_fits_the_pattern(text in "(\\*@|@)?[a-z@*.]{0,12}") {
        prop_assert!(text.parse::<crate::values::AddressRule>().is_err() || fits(TextFormat::AddressRule, &text));
    }
}
