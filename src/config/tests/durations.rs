//! Durations that are not written as one: the error says what was probably meant.

use rstest::rstest;

use super::sample::{LEAST, Sample, add};

/// What is said of `hooks.budget`, whose default is 800ms.
fn about_budget(value: &str) -> Vec<String> {
    Sample::new(&add(LEAST, "hooks", &format!("budget = {value}"))).problems()
}

#[rstest]
#[case("800", "800 has no unit: write \"800ms\"")]
#[case("\"800\"", "\"800\" has no unit: write \"800ms\"")]
#[case("1", "1 has no unit: write \"1s\"")]
#[case("0.8", "0.8 has no unit: write \"800ms\"")]
#[case("\"800 ms\"", "\"800 ms\" is not a duration: write \"800ms\"")]
#[case("\" 800ms\"", "is not a duration: write \"800ms\"")]
#[case("\"800MS\"", "is not a duration: write \"800ms\"")]
#[case("\"0.8s\"", "\"0.8s\" is not a duration: write \"800ms\"")]
#[case("\"0,8 sec\"", "is not a duration: write \"800ms\"")]
#[case("\"800 milliseconds\"", "is not a duration: write \"800ms\"")]
#[case("\"1 second\"", "is not a duration: write \"1s\"")]
#[case("\"soon\"", "\"soon\" is not a duration: write a whole number with a unit, such as \"800ms\"")]
#[case("\"\"", "is not a duration: write a whole number with a unit, such as \"800ms\"")]
#[case("-800", "-800 is not a duration: write a whole number with a unit, such as \"800ms\"")]
#[case("\"3 weeks\"", "is not a duration: write a whole number")]
#[case("true", "expected a duration, found true or false")]
#[case("\"367d\"", "\"367d\" is too long: the limit is 366d")]
#[case("\"99999999999999999999ms\"", "is too long: the limit is 366d")]
#[case("\"40000000000ms\"", "is too long: the limit is 366d")]
#[case("2000", "2000 has no unit: write a duration from \"200ms\" to \"1800ms\"")]
#[case("0", "0 has no unit: write a duration from \"200ms\" to \"1800ms\"")]
#[case("\"2 seconds\"", "is not a duration: write a duration from \"200ms\" to \"1800ms\"")]
#[case("100", "100 has no unit: write a duration from \"200ms\"")]
#[case("\"2s\"", "2s is too large: the limit is 1800ms, since Entra waits 2000 ms at most")]
#[case("\"10ms\"", "10ms is too small: the least is 200ms")]
fn the_error_says_how_it_is_written(#[case] value: &str, #[case] says: &str) {
    let seen = about_budget(value);
    assert!(seen.len() == 1 && seen[0].contains("hooks.budget: "), "{seen:#?}");
    assert!(seen[0].contains(says), "{seen:#?}");
}

/// A number without a unit gets the unit that leads nearest to the default of its key.
#[rstest]
#[case("[accounts]\noverlap = 2", "\"2h\"")]
#[case("[accounts]\noverlap = 7200", "\"7200s\"")]
#[case("[accounts]\nlook_back = 10", "\"10m\"")]
#[case("[accounts]\nsettle = 30", "\"30s\"")]
#[case("[accounts]\nsettle = 0", "\"0s\"")]
#[case("[accounts]\nrun_limit = 8", "\"8m\"")]
#[case("[[invites]]\nname = \"a\"\nsource = \"invites.csv\"\nrefresh = 60", "\"60s\"")]
#[case(
    "[[lookups]]\nname = \"a\"\nurl = \"https://a.contoso.com\"\nprefill = { city = \"/a\" }\nbudget = 300",
    "\"300ms\""
)]
#[case(
    "[[lookups]]\nname = \"a\"\nurl = \"https://a.contoso.com\"\nprefill = { city = \"/a\" }\ncache = 60",
    "\"60s\""
)]
fn a_number_gets_the_unit_of_its_key(#[case] text: &str, #[case] says: &str) {
    let seen = Sample::new(&format!("{LEAST}{text}\n")).problems();
    assert!(seen.len() == 1 && seen[0].ends_with(&format!(" has no unit: write {says}")), "{seen:#?}");
}

#[test]
fn a_range_without_an_upper_end_ends_with_the_longest_duration() {
    let list = "[[invites]]\nname = \"a\"\nsource = \"invites.csv\"\nrefresh = 0\n";
    let seen = Sample::new(&format!("{LEAST}{list}")).problems();
    let says = "invites.a.refresh: 0 has no unit: write a duration from \"1s\" to \"366d\"";
    assert!(seen.len() == 1 && seen[0].ends_with(says), "{seen:#?}");
}

#[test]
fn an_app_setting_has_no_quotes() {
    let seen = Sample::new(LEAST).with("GUESTLIST__HOOKS__BUDGET", "800").problems();
    assert_eq!(seen, ["app setting GUESTLIST__HOOKS__BUDGET: hooks.budget: \"800\" has no unit: write 800ms"]);
}
