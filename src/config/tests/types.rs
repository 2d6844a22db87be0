//! `[tenant.attributes]`: types that are accepted, and names that are not.

use rstest::rstest;

use super::sample::{EXTENSION_APP, LEAST, Sample, add};
use crate::config::Severity;
use crate::values::AttributeType;

/// A configuration with these declarations, and these lines in its policy.
fn sample(declared: &str, policy: &str) -> Sample {
    let text = add(LEAST, "tenant", &format!("{EXTENSION_APP}\nattributes = {{ {declared} }}"));
    Sample::new(&format!("{text}{policy}\n"))
}

#[test]
fn declared_types_reach_the_policies_in_both_forms_and_by_an_app_setting() {
    let inline = sample("\"ext.Newsletter\" = \"boolean\", \"ext.Seats\" = \"int64\", jobTitle = \"string\"", "");
    let table =
        "[tenant.attributes]\n\"ext.Newsletter\" = \"boolean\"\n\"ext.Seats\" = \"int64\"\njobTitle = \"string\"\n";
    let text = add(LEAST, "tenant", EXTENSION_APP);
    let table = Sample::new(&format!("{text}{table}"));
    let setting = "{ \"ext.Newsletter\" = \"boolean\", \"ext.Seats\" = \"int64\", jobTitle = \"string\" }";
    let setting = Sample::new(&text).with("GUESTLIST__TENANT__ATTRIBUTES", setting);
    for sample in [inline, table, setting] {
        let config = sample.load().unwrap_or_else(|invalid| panic!("{invalid}"));
        assert!(config.notes.is_empty(), "{:?}", config.notes);
        let types = &config.sign_up.policies[0].types;
        let full = |name: &str| format!("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_{name}");
        assert_eq!(types.declared(&full("newsletter")), Some(AttributeType::Boolean));
        assert_eq!(types.declared(&full("Seats")), Some(AttributeType::Int64));
        assert_eq!(types.declared("jobTitle"), Some(AttributeType::String));
    }
}

#[rstest]
#[case("countyr = \"string\"", "tenant.attributes: \"countyr\" is not an attribute's name: did you mean country?")]
#[case("\"ext.Vip\" = \"bool\"", "tenant.attributes.ext.Vip: \"bool\" is none of boolean, int64, string")]
#[case(
    "ext.Vip = \"boolean\"",
    "tenant.attributes.ext: write \"ext.Vip\" in quotes: without them the dot makes a table"
)]
#[case("ext.A = \"string\", ext.B = \"string\"", "tenant.attributes.ext: write \"ext.A\" and \"ext.B\" in quotes")]
#[case("\"ext.Vip\" = true", "tenant.attributes.ext.Vip: expected a string")]
#[case("\"ext.Vip\" = \"boolean\", \"ext.VIP\" = \"string\"", "occurs twice")]
#[case("displayName = \"boolean\"", ":5:30: tenant.attributes.displayName: is a text in every directory: leave it out")]
#[case("Email = \"int64\"", "tenant.attributes.Email: is a text in every directory")]
#[case("City = \"int64\"", "tenant.attributes.City: is a text in every directory")]
fn a_declaration_that_cannot_be_meant_is_refused(#[case] declared: &str, #[case] says: &str) {
    let sample = sample(declared, "");
    assert!(sample.load().is_err());
    let seen = sample.problems();
    assert!(seen.len() == 1 && seen[0].contains(says), "{seen:#?}");
}

#[rstest]
#[case::prefill("ext.NewsLetter", "prefill = { \"ext.Newslettr\" = 1 }", "ext.Newslettr")]
#[case::rule("ext.Seats", "[[policies.rules]]\nattribute = \"ext.Seat\"\nmin_length = 1", "ext.Seat")]
#[case::condition("ext.Terms", "[[policies.rules]]\nwhen = \"!attributes.ext.Term\"", "ext.Term")]
#[case::column("ext.Plann", "[[invites]]\nname = \"beta\"\nsource = \"plans.csv\"", "ext.Plan")]
#[case::another_case("ext.NEWSLETTER", "prefill = { \"ext.newsletter\" = 1 }", "")]
#[case::nothing_like_it("ext.Seats", "prefill = { \"ext.Plan\" = 1 }", "")]
#[case::not_used("ext.Seats", "", "")]
#[case::declared_as_well(
    "ext.Line1\" = \"int64\", \"ext.Line2",
    "prefill = { \"ext.Line1\" = 1, \"ext.Line2\" = 2 }",
    ""
)]
fn a_name_that_is_nearly_one_that_is_used_is_a_warning(
    #[case] declared: &str,
    #[case] policy: &str,
    #[case] near: &str,
) {
    let sample = sample(&format!("\"{declared}\" = \"int64\""), policy);
    std::fs::write(sample.folder.path().join("plans.csv"), "email,ext.Plan\njo@example.com,7\n").unwrap();
    let config = sample.load().unwrap_or_else(|invalid| panic!("{invalid}"));
    let notes: Vec<_> = sample.problems().into_iter().filter(|note| note.contains("nearly")).collect();
    assert!(config.notes.iter().all(|note| note.severity == Severity::Warning), "{notes:?}");
    if near.is_empty() {
        assert!(notes.is_empty(), "{notes:#?}");
    } else {
        let named = [format!("tenant.attributes.{declared}: "), format!("{near}, which is used"), ":5:".to_owned()];
        assert!(notes.len() == 1 && named.iter().all(|part| notes[0].contains(part)), "{notes:#?}");
    }
}

#[test]
fn a_prefilled_value_fits_the_declared_type() {
    let declared = "\"ext.Vip\" = \"boolean\", \"ext.Seats\" = \"int64\"";
    let policy = |prefill: &str| sample(declared, &format!("prefill = {{ {prefill} }}")).problems();
    assert!(policy("\"ext.Vip\" = true, \"ext.Seats\" = \"4\", city = \"Oslo\"").is_empty());
    assert!(policy("\"ext.Vip\" = \"{{ app.name }}\"").is_empty(), "nobody knows before what it will be");
    let never = policy("\"ext.Vip\" = \"perhaps\", \"ext.Seats\" = true");
    assert!(never.len() == 2 && never.iter().all(|line| line.contains("cannot be said in the type")), "{never:#?}");
    let undeclared = policy("\"ext.Age\" = 7");
    assert!(undeclared.len() == 1 && undeclared[0].contains("warning"), "{undeclared:#?}");
    assert!(undeclared[0].contains("write \"ext.Age\" = \"int64\" into [tenant.attributes]"), "{undeclared:#?}");
}

#[rstest]
#[case("invitation_code = \"ext.Seats\"", "policies.default.invitation_code: ext.Seats is declared as \"int64\"")]
#[case("multi_select = [\"city\", \"ext.Vip\"]", "policies.default.multi_select: ext.Vip is declared as \"boolean\"")]
#[case("email_sources = [\"attribute:ext.Vip\"]", "policies.default.email_sources: ext.Vip is declared as \"boolean\"")]
fn what_has_to_be_a_text_cannot_be_declared_as_something_else(#[case] policy: &str, #[case] says: &str) {
    let declared = "\"ext.Vip\" = \"boolean\", \"ext.Seats\" = \"int64\", \"ext.Code\" = \"string\"";
    let sample = sample(declared, policy);
    assert!(sample.load().is_err());
    let seen = sample.problems();
    let [place, remedy] = [":11:", "name an attribute that is a text, or correct [tenant.attributes]"];
    assert!(seen.iter().any(|line| [place, says, remedy].iter().all(|part| line.contains(part))), "{seen:#?}");
    for text in ["invitation_code = \"ext.Code\"", "multi_select = [\"ext.Code\", \"ext.Topics\"]"] {
        let seen = self::sample(declared, text).problems();
        assert!(seen.iter().all(|line| line.contains("warning")), "{seen:#?}");
    }
}

#[test]
fn a_constant_for_a_built_in_attribute_is_not_to_be_declared() {
    let seen = sample("\"ext.Vip\" = \"boolean\"", "prefill = { city = true, country = 5 }").problems();
    let says = "is sent as a text, since that is what the attribute is: write it in quotes";
    assert!(seen.len() == 2 && seen.iter().all(|line| line.contains("warning") && line.contains(says)), "{seen:#?}");
}
