//! The rules of a form from outside: what is tidied, what is marked, what ends the sign-up, and in which types.

use guestlist_emulator::sign_up::{EmptyFields, Event, Form, Kind, Person, attribute};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{Config, invite_only, open, value};
use crate::support::service::{INVITES, Service, ext};
use crate::support::with_codes;

async fn service(policy: Config) -> Service {
    with_codes::service(policy, INVITES).await
}

/// A policy that admits everybody, with these rules.
fn rules(sections: &str) -> Config {
    open().and(sections)
}

/// The action for a form with these fields.
async fn sent(service: &Service, fields: &[(&str, Kind, Value)]) -> Value {
    let mut submit = service.sign_up(Person::email_otp("jo@example.org")).submit();
    for (name, kind, value) in fields {
        submit["data"]["userSignUpInfo"]["attributes"][name] = attribute(name, *kind, value);
    }
    let answer = service.call(Event::Submit, &submit).await;
    let mut action = answer.action();
    action["name"] = json!(answer.action_name());
    action
}

/// The action for a form with these texts.
async fn texts(service: &Service, fields: &[(&str, &str)]) -> Value {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, Kind::Text, json!(value))).collect();
    sent(service, &fields).await
}

/// A box that has to be ticked, a name, and a question that a flow may leave out.
const REQUIRED: &str = r#"
  [[policies.rules]]
  attribute = "ext.Terms"
  required = true
  message = "terms"
  [[policies.rules]]
  attribute = "displayName"
  required = true
  [[policies.rules]]
  attribute = "companyName"
  required = "if-asked"
  [[policies.rules]]
  attribute = "jobTitle"
  min_length = 3
[tenant.attributes]
"ext.Terms" = "boolean"
[messages.en]
terms = "Accept the terms, {{ email }}."
"#;

/// The answer to a form of which nothing was filled in.
async fn sent_empty(service: &Service, empty_fields: EmptyFields) -> Value {
    let mut sign_up = service.sign_up(Person::email_otp("jo@example.org"));
    sign_up.form = Form::new().boolean(&ext("Terms")).text("displayName").text("companyName").text("jobTitle");
    sign_up.empty_fields = empty_fields;
    service.call(Event::Submit, &sign_up.submit()).await.action()
}

#[rstest]
#[case::null(EmptyFields::Null)]
#[case::empty(EmptyFields::Empty)]
#[tokio::test]
async fn a_listed_field_that_was_left_empty_has_its_error(#[case] empty_fields: EmptyFields) {
    let service = service(rules(REQUIRED)).await;
    let action = sent_empty(&service, empty_fields).await;
    let required = "This field is required.";
    let errors =
        json!({ ext("Terms"): "Accept the terms, jo@example.org.", "displayName": required, "companyName": required });
    assert_eq!(
        (&action["attributeErrors"], &action["message"]),
        (&errors, &json!("Please correct the marked fields."))
    );
    assert!(service.logged("required-not-listed").is_empty() && service.logged("rule-skipped").is_empty());
}

#[tokio::test]
async fn a_field_left_empty_that_is_not_listed_has_its_error_too_and_is_named_above_the_form() {
    let service = service(rules(REQUIRED)).await;
    let action = sent_empty(&service, EmptyFields::LeftOut).await;
    let (terms, name) = ("Accept the terms, jo@example.org.", "This field is required.");
    assert_eq!(action["attributeErrors"], json!({ ext("Terms"): terms, "displayName": name }));
    let above = format!("Please correct the marked fields. ext.Terms: {terms} displayName: {name}");
    assert_eq!(action["message"], above);
    let named = |event| {
        let lines = service.logged(event);
        lines.into_iter().map(|line| line["attribute"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named("required-not-listed"), [ext("Terms"), "displayName".to_owned()]);
    assert_eq!(named("rule-skipped"), ["companyName", "jobTitle"]);
    assert!(service.lines.all().iter().all(|(_, line)| !line.contains("jo@example.org")));
    let filled = [(&*ext("Terms"), Kind::Boolean, json!(true)), ("displayName", Kind::Text, json!("Jo"))];
    assert_eq!(sent(&service, &filled).await["name"], "continueWithDefaultBehavior");
}

#[tokio::test]
async fn the_text_above_the_form_has_500_characters_at_most() {
    let service = service(rules(REQUIRED).set("messages.en.terms", "x".repeat(490))).await;
    let action = sent_empty(&service, EmptyFields::LeftOut).await;
    assert_eq!(action["message"].as_str().unwrap().chars().count(), 500, "{action}");
}

const ORDER: &str = r#"
  [[policies.rules]]
  attribute = "city"
  normalise = ["trim", "title"]
  required = true
  [[policies.rules]]
  when = "attributes.country == 'AU' && attributes.state == ''"
  attribute = "state"
  message = "state-required"
  [[policies.rules]]
  when = "attributes.givenName != '' && attributes.givenName == attributes.surname"
  message = "same-name"
  [[policies.rules]]
  when = "attributes.country == 'XX'"
  outcome = "block"
  message = "not-there"
  [[policies.rules]]
  attribute = "postalCode"
  pattern = "[0-9]{4}"
  outcome = "block"
[messages.en]
state-required = "Say which state, {{ email }}."
same-name = "Two names, please."
not-there = { title = "Sorry", text = "Not in {{ app.name }}." }
"#;

#[tokio::test]
async fn a_page_goes_before_errors_and_errors_before_changes() {
    let service = service(rules(ORDER)).await;
    let all = [("city", ""), ("country", "AU"), ("state", ""), ("givenName", "Jo"), ("surname", "Jo")];
    let errors = texts(&service, &all).await;
    assert_eq!(errors["name"], "showValidationError");
    assert_eq!(errors["message"], "Two names, please.");
    let marked = json!({ "city": "This field is required.", "state": "Say which state, jo@example.org." });
    assert_eq!(errors["attributeErrors"], marked);
    let page = texts(&service, &[&all[..], &[("country", "XX")]].concat()).await;
    assert_eq!((&page["title"], &page["message"]), (&json!("Sorry"), &json!("Not in Contoso Portal.")));
    let changed = texts(&service, &[("city", "  st kilda "), ("country", "AU"), ("state", "VIC")]).await;
    assert_eq!(
        (&changed["name"], &changed["attributes"]),
        (&json!("modifyAttributeValues"), &json!({ "city": "St Kilda" }))
    );
    let as_it_is = texts(&service, &[("city", "Oslo"), ("postalCode", "")]).await;
    assert_eq!(as_it_is["name"], "continueWithDefaultBehavior");
    assert_eq!(service.reasons(), ["rules", "rule-blocked", "open", "open"]);
}

#[tokio::test]
async fn an_error_of_the_whole_form_stands_above_it_and_marks_no_field() {
    let service = service(rules(ORDER)).await;
    let action = texts(&service, &[("city", "Oslo"), ("givenName", "Jo"), ("surname", "Jo")]).await;
    assert_eq!((&action["message"], &action["attributeErrors"]), (&json!("Two names, please."), &json!({})));
}

#[tokio::test]
async fn a_page_without_a_text_of_its_own_has_one_with_the_support_code() {
    let service = service(rules(ORDER)).await;
    let action = texts(&service, &[("city", "Oslo"), ("postalCode", "x")]).await;
    let support_code = service.logged("decision")[0]["support_code"].as_str().unwrap().to_owned();
    assert_eq!(action["message"], format!("You cannot sign up with these answers. Support code: {support_code}"));
}

#[tokio::test]
async fn a_rule_sees_the_value_that_the_one_before_has_tidied() {
    let sections = "[[policies.rules]]\nattribute = \"country\"\nnormalise = [\"trim\", \"upper\"]\n\
        [[policies.rules]]\nattribute = \"mobilePhone\"\nnormalise = [\"phone\"]\nphone_country = \"attributes.country\"\n\
        [[policies.rules]]\nwhen = \"attributes.country == 'AU'\"\nattribute = \"state\"\none_of = [\"VIC\", \"NSW\"]\n";
    let service = service(rules(sections)).await;
    let right = [("country", " au"), ("mobilePhone", "0412 345 678"), ("state", "VIC")];
    let changed = texts(&service, &right).await;
    assert_eq!(changed["attributes"], json!({ "country": "AU", "mobilePhone": "+61412345678" }));
    let wrong = texts(&service, &[("country", "au"), ("mobilePhone", "call me"), ("state", "TX")]).await;
    let invalid = "This value cannot be used.";
    assert_eq!(wrong["attributeErrors"], json!({ "mobilePhone": invalid, "state": invalid }));
}

/// A policy under which `ext.Interests` holds several choices.
fn several() -> Config {
    let rules = rules(
        r#"
  [[policies.rules]]
  attribute = "ext.Interests"
  normalise = ["lower"]
  one_of = ["news", "jazz", "golf"]
  min_items = 1
  max_items = 2
  [[policies.rules]]
  when = "'golf' in attributes.ext.Interests && attributes.companyName == ''"
  attribute = "companyName"
"#,
    );
    rules.add("policies.default.multi_select", vec!["ext.Interests"])
}

#[rstest]
#[case("News , jazz", "modifyAttributeValues", json!({ ext("Interests"): "news,jazz" }))]
#[case("news,jazz", "continueWithDefaultBehavior", Value::Null)]
#[case("jazz,,JAZZ", "modifyAttributeValues", json!({ ext("Interests"): "jazz,jazz" }))]
#[case("", "continueWithDefaultBehavior", Value::Null)]
#[case("news,jazz,golf", "showValidationError", Value::Null)]
#[case("news,chess", "showValidationError", Value::Null)]
#[tokio::test]
async fn several_choices_in_one_text_are_checked_one_by_one(
    #[case] typed: &str,
    #[case] name: &str,
    #[case] attributes: Value,
) {
    let service = service(several()).await;
    let action = texts(&service, &[(&ext("Interests"), typed), ("companyName", "Contoso")]).await;
    assert_eq!((&action["name"], &action["attributes"]), (&json!(name), &attributes), "{action}");
}

#[tokio::test]
async fn a_condition_sees_several_choices_as_a_list() {
    let service = service(several()).await;
    let action = texts(&service, &[(&ext("Interests"), "news, GOLF"), ("companyName", "")]).await;
    assert_eq!(action["attributeErrors"], json!({ "companyName": "This field is required." }));
    let action = texts(&service, &[(&ext("Interests"), "golfing"), ("companyName", "")]).await;
    assert!(action["attributeErrors"].get("companyName").is_none(), "{action}");
}

/// A policy that asks for a number and a ticked box, and fills both in.
fn typed() -> Config {
    let rules = rules(
        r#"
  [[policies.rules]]
  attribute = "ext.Seats"
  min = 1
  max = 20
  [[policies.rules]]
  attribute = "ext.Terms"
  required = true
  one_of = [true]
  message = "terms"
  [[policies.rules]]
  when = "attributes.ext.Seats > 10 && !(attributes.ext.Terms && attributes.city != '')"
  message = "many"
[messages.en]
terms = "Accept the terms."
many = "So many?"
"#,
    );
    let prefill = r#"{ "ext.Seats" = "{{ email | length }}", "ext.Terms" = false, city = 4 }"#;
    rules.add("policies.default.prefill", value(prefill))
}

#[rstest]
#[case::right(json!(4), json!(true), json!({ "name": "continueWithDefaultBehavior" }))]
#[case::as_a_text(json!("4"), json!("true"), json!({ "name": "continueWithDefaultBehavior" }))]
#[case::too_many(json!(21), json!(true), json!({ "name": "showValidationError", "seats": "This value cannot be used." }))]
#[case::no_number(json!("many"), json!(true), json!({ "name": "showValidationError", "seats": "This value cannot be used." }))]
#[case::not_ticked(json!(4), json!(false), json!({ "name": "showValidationError", "terms": "Accept the terms." }))]
#[case::not_answered(json!(4), Value::Null, json!({ "name": "showValidationError", "terms": "Accept the terms." }))]
#[case::a_condition(json!(11), json!(true), json!({ "name": "showValidationError", "message": "So many?" }))]
#[tokio::test]
async fn numbers_and_boxes_are_checked_as_what_they_are(
    #[case] seats: Value,
    #[case] terms: Value,
    #[case] expected: Value,
) {
    let service = service(typed()).await;
    let (named_seats, named_terms) = (ext("Seats"), ext("Terms"));
    let fields = [(named_seats.as_str(), Kind::Integer, seats), (&named_terms, Kind::Boolean, terms)];
    let action = sent(&service, &[&fields[..], &[("city", Kind::Text, json!(""))]].concat()).await;
    assert_eq!(action["name"], expected["name"], "{action}");
    assert_eq!(action["attributeErrors"][&named_seats], expected["seats"]);
    assert_eq!(action["attributeErrors"][&named_terms], expected["terms"]);
    assert!(expected["message"].is_null() || action["message"] == expected["message"], "{action}");
}

#[tokio::test]
async fn the_form_is_filled_in_its_own_types() {
    let service = service(typed()).await;
    let mut start = service.sign_up(Person::email_otp("jo@example.org")).start();
    let attributes = &mut start["data"]["userSignUpInfo"]["attributes"];
    attributes[ext("Seats")] = attribute(&ext("Seats"), Kind::Integer, &Value::Null);
    attributes[ext("Terms")] = attribute(&ext("Terms"), Kind::Boolean, &Value::Null);
    attributes["city"] = attribute("city", Kind::Text, &Value::Null);
    let inputs = service.call(Event::Start, &start).await.action()["inputs"].clone();
    assert_eq!(inputs, json!({ ext("Seats"): 14, ext("Terms"): false, "city": "4" }));
}

#[tokio::test]
async fn a_value_that_cannot_be_said_in_the_fields_type_is_left_out_with_a_warning() {
    let prefill = value("{ \"ext.Seats\" = \"{{ email }}\", city = \"Oslo\" }");
    let service = service(open().add("policies.default.prefill", prefill)).await;
    let mut start = service.sign_up(Person::email_otp("jo@example.org")).start();
    let attributes = &mut start["data"]["userSignUpInfo"]["attributes"];
    attributes[ext("Seats")] = attribute(&ext("Seats"), Kind::Integer, &Value::Null);
    attributes["city"] = attribute("city", Kind::Text, &Value::Null);
    let inputs = service.call(Event::Start, &start).await.action()["inputs"].clone();
    assert_eq!(inputs, json!({ "city": "Oslo" }));
    assert_eq!(service.logged("prefill-type")[0]["attribute"], ext("Seats"));
}

#[rstest]
#[case("identity.provenance == 'asserted' && identity.domain == 'example.org'")]
#[case("identity.email == 'jo@example.org' && identity.signInType == ''")]
#[case("app.name == 'Contoso Portal' && app.id.startsWith('44444444')")]
#[case("client.ip == '2001:db8::7' && client.locale == 'en-us'")]
#[case("invite.name == '' && !('press' in invite.tags)")]
#[case("attributes.city == '' && size(attributes.surname) == 0")]
#[tokio::test]
async fn a_condition_sees_who_signs_up_to_what_from_where(#[case] when: &str) {
    for (when, name) in
        [(when.to_owned(), "showValidationError"), (format!("!({when})"), "continueWithDefaultBehavior")]
    {
        let rule = format!("[[policies.rules]]\nwhen = \"{when}\"\nmessage = \"seen\"\n");
        let service = service(rules(&format!("{rule}[messages.en]\nseen = \"Seen.\"\n"))).await;
        let sign_up = service.sign_up(Person::email_otp("jo@example.org"));
        service.call(Event::Start, &sign_up.start()).await;
        assert_eq!(service.call(Event::Submit, &sign_up.submit()).await.action_name(), name, "{when}");
    }
}

#[tokio::test]
async fn a_condition_sees_the_identity_that_says_how_somebody_signs_in() {
    let rule = "[[policies.rules]]\nwhen = \"identity.signInType == 'federated'\"\noutcome = \"block\"";
    let service = service(rules(rule)).await;
    let mut submit = service.sign_up(Person::email_otp("jo@example.org")).submit();
    submit["data"]["userSignUpInfo"]["identities"] = json!([
        { "signInType": "", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": "1" },
        { "signInType": "federated", "issuer": "https://idp.fabrikam.com", "issuerAssignedId": "2" },
    ]);
    assert_eq!(service.call(Event::Submit, &submit).await.action_name(), "showBlockPage");
}

/// Rules whose condition is their check, and one whose condition is not.
const CONDITIONS: &str = r#"
  [[policies.rules]]
  when = "attributes.companyName.contains('Competitor')"
  outcome = "block"
  message = "no-competitors"
  [[policies.rules]]
  when = "int(attributes.city) < 18"
  message = "too-young"
  [[policies.rules]]
  when = "int(attributes.state) > 3"
  attribute = "state"
  max_length = 1
[messages.en]
no-competitors = "Not for competitors."
too-young = "Too young."
"#;

#[rstest]
#[case::as_it_is("Competitor Ltd", "20", json!({ "name": "showBlockPage" }))]
#[case::behind_blanks("1100", "20", json!({ "name": "showValidationError", "companyName": "This value is too long." }))]
#[case::no_number("Fabrikam", "five", json!({ "name": "showValidationError", "city": "This value cannot be used." }))]
#[case::below("Fabrikam", "5", json!({ "name": "showValidationError", "message": "Too young." }))]
#[case::left_empty("", "", json!({ "name": "continueWithDefaultBehavior" }))]
#[case::right("Fabrikam", "18", json!({ "name": "continueWithDefaultBehavior" }))]
#[tokio::test]
async fn a_rule_that_can_stop_somebody_is_not_passed_by_a_value_that_its_condition_cannot_read(
    #[case] company: &str,
    #[case] city: &str,
    #[case] expected: Value,
) {
    let service = service(rules(CONDITIONS)).await;
    let behind = format!("{}Competitor", " ".repeat(company.parse().unwrap_or(0)));
    let company = if company == "1100" { behind.as_str() } else { company };
    let action = texts(&service, &[("companyName", company), ("city", city)]).await;
    assert_eq!(action["name"], expected["name"], "{action}");
    for field in ["companyName", "city"] {
        assert_eq!(action["attributeErrors"][field], expected[field], "{action}");
    }
    assert!(expected["message"].is_null() || action["message"] == expected["message"], "{action}");
}

#[tokio::test]
async fn a_condition_that_cannot_be_evaluated_is_named_without_values() {
    let service = service(rules(CONDITIONS)).await;
    let fields = [("companyName", "Fabrikam"), ("city", "zebediah"), ("state", "zebediah")];
    assert_eq!(texts(&service, &fields).await["attributeErrors"], json!({ "city": "This value cannot be used." }));
    let lines = service.logged("condition-failed");
    assert_eq!(lines.iter().map(|line| &line["rule"]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(lines.iter().map(|line| &line["level"]).collect::<Vec<_>>(), ["WARN", "WARN"]);
    assert_eq!(lines[0]["fields"], "city");
    assert!(lines[1]["fields"].is_null(), "no error of the person");
    let lines: Vec<String> = service.lines.all().into_iter().map(|(_, line)| line).collect();
    assert!(!lines.iter().any(|line| line.contains("zebediah")), "{lines:#?}");
}

#[tokio::test]
async fn a_policy_that_only_reports_stops_nobody_by_a_condition_without_an_answer() {
    let service = service(rules(CONDITIONS).add("policies.default.mode", "report")).await;
    let action = texts(&service, &[("companyName", "Fabrikam"), ("city", "five")]).await;
    assert_eq!(action["name"], "continueWithDefaultBehavior");
    assert_eq!(service.logged("decision")[0]["reported"], "reject");
}

#[tokio::test]
async fn an_attribute_is_not_hidden_by_another_that_differs_in_case_only() {
    let sections = "[[policies.rules]]\nattribute = \"city\"\none_of = [\"Leeds\"]\n\
        [[policies.rules]]\nwhen = \"attributes.country == 'XX'\"\noutcome = \"block\"\n";
    let service = service(rules(sections)).await;
    for fields in [[("City", "Leeds"), ("city", "York")], [("City", "York"), ("city", "Leeds")]] {
        let action = texts(&service, &fields).await;
        let wrong = fields.iter().find(|(_, value)| *value == "York").unwrap().0;
        assert_eq!(action["attributeErrors"], json!({ wrong: "This value cannot be used." }));
    }
    for fields in [[("Country", "XX"), ("country", "AU")], [("Country", "AU"), ("country", "XX")]] {
        assert_eq!(texts(&service, &fields).await["name"], "showBlockPage");
    }
}

#[tokio::test]
async fn a_text_above_the_limit_is_an_error_at_its_field_before_any_rule() {
    let sections = "[[policies.rules]]\nattribute = \"ext.Bio\"\nnormalise = [\"trim\"]\npattern = \"[a-z]+\"\n\
        [[policies.rules]]\nwhen = \"attributes.country == 'XX'\"\noutcome = \"block\"\n";
    let service = service(rules(sections)).await;
    let bio = ext("Bio");
    let sent = async |length: usize, city: usize, country: &str| {
        let (long, city) = ("x".repeat(length), "é".repeat(city));
        texts(&service, &[(&bio, &long), ("city", &city), ("country", country)]).await
    };
    let too_long = "This value is too long.";
    assert_eq!(sent(4096, 128, "AU").await["name"], "continueWithDefaultBehavior");
    assert_eq!(sent(4097, 128, "XX").await["attributeErrors"], json!({ &bio: too_long }));
    assert_eq!(sent(4096, 129, "XX").await["attributeErrors"], json!({ "city": too_long }));
    assert_eq!(sent(5000, 129, "XX").await["attributeErrors"], json!({ &bio: too_long, "city": too_long }));
    assert_eq!(sent(1, 1, "XX").await["name"], "showBlockPage");
}

#[tokio::test]
async fn the_limit_of_texts_can_be_changed() {
    let service = service(open().add("policies.default.max_text", 300)).await;
    for (attribute, length, name) in [
        (ext("Bio"), 300, "continueWithDefaultBehavior"),
        (ext("Bio"), 301, "showValidationError"),
        ("streetAddress".to_owned(), 301, "showValidationError"),
        ("mobilePhone".to_owned(), 301, "showValidationError"),
        ("displayName".to_owned(), 256, "continueWithDefaultBehavior"),
        ("DisplayName".to_owned(), 257, "showValidationError"),
    ] {
        let action = texts(&service, &[(&attribute, &"x".repeat(length))]).await;
        assert_eq!(action["name"], name, "{attribute} {length}");
    }
}

#[tokio::test]
async fn a_code_that_is_too_long_is_an_error_at_its_field_and_no_code() {
    let service = service(invite_only().add("policies.default.invitation_code", "ext.Code")).await;
    let action = texts(&service, &[(&ext("Code"), &" -".repeat(100_000))]).await;
    assert_eq!(action["name"], "showValidationError");
    assert!(action["attributeErrors"].get(ext("Code")).is_some(), "{action}");
}

#[tokio::test]
async fn a_policy_that_only_reports_lets_a_text_above_the_limit_through() {
    let service = service(open().add("policies.default.mode", "report")).await;
    let action = texts(&service, &[("city", &"x".repeat(5000))]).await;
    assert_eq!(action["name"], "continueWithDefaultBehavior");
    assert_eq!(service.logged("decision")[0]["reported"], "reject");
}
