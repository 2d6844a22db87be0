//! Invitation codes: who is asked for one, what is said about a bad one, and what a good one does.

use guestlist_emulator::sign_up::{Event, Person};
use rstest::rstest;
use serde_json::json;

use crate::support::config::value;
use crate::support::service::{Service, ext, fill};
use crate::support::with_codes::{
    code, code_error, files, form, is_admitted, list, policy, reservations, service, submit_code,
};

const PORTAL: &str = "44444444-5555-6666-7777-888888888888";
const OTHER_APP: &str = "44444444-5555-6666-7777-999999999999";

/// The numbers of the codes in [`codes`]. This one is good for everybody.
const GOOD: u8 = 1;
const EXPIRED: u8 = 2;
const FUTURE: u8 = 3;
const FOR_ANOTHER_APP: u8 = 4;
const FOR_JO: u8 = 5;
const FOR_NORTHWIND: u8 = 6;
const ONCE: u8 = 7;
const FOR_THE_PORTAL: u8 = 8;
const UNKNOWN: u8 = 99;

fn codes() -> String {
    let (other, portal) = (format!(",,{OTHER_APP},,,"), format!(",,{PORTAL},2020-01-31,2099-01-31,"));
    list(&[
        (GOOD, ",,,,,100"),
        (EXPIRED, ",,,,2020-01-31,"),
        (FUTURE, ",,,2099-01-31,,"),
        (FOR_ANOTHER_APP, &other),
        (FOR_JO, "jo@example.org,,,,,"),
        (FOR_NORTHWIND, "@northwind.com,,,,,5"),
        (ONCE, ",,,,,1"),
        (FOR_THE_PORTAL, &portal),
    ])
}

async fn usual() -> Service {
    service(policy(), &codes()).await
}

#[rstest]
#[case::a_stranger("jo@example.org", "continueWithDefaultBehavior", "needs-code")]
#[case::somebody_with_a_code_of_their_own("kim@northwind.com", "continueWithDefaultBehavior", "needs-code")]
#[case::somebody_denied("jo@mailinator.com", "showBlockPage", "denied")]
#[case::somebody_invited("alex@fabrikam.com", "setPrefillValues", "invitation")]
#[case::somebody_allowed("ada@contoso.com", "continueWithDefaultBehavior", "allow")]
#[tokio::test]
async fn start_shows_the_form_to_people_who_are_neither_admitted_nor_denied(
    #[case] address: &str,
    #[case] action: &str,
    #[case] reason: &str,
) {
    let policy = policy().add("policies.default.prefill", value("{ jobTitle = \"{{ invite.name }}\" }"));
    let service = service(policy, &codes()).await;
    assert_eq!(service.start_for(address).await.action_name(), action);
    assert_eq!(service.reasons(), [reason]);
}

#[tokio::test]
async fn people_who_are_denied_are_refused_whatever_code_they_have() {
    let service = usual().await;
    let answer = submit_code(&service, "jo@mailinator.com", &code(GOOD).reveal()).await;
    assert_eq!(answer.action_name(), "showBlockPage");
    assert_eq!((service.reasons(), reservations(&service).len()), (vec!["denied".to_owned()], 0));
}

#[tokio::test]
async fn a_closed_gate_takes_no_code() {
    let service = service(policy().set("policies.default.gate", "closed"), &codes()).await;
    assert_eq!(service.start_for("jo@example.org").await.action_name(), "showBlockPage");
    let answer = submit_code(&service, "jo@example.org", &code(GOOD).reveal()).await;
    assert_eq!(answer.action()["message"].as_str().map(|text| text.starts_with("Sign-up is closed.")), Some(true));
}

/// The code with another symbol in its first place.
fn mistyped(number: u8) -> String {
    let shown = code(number).reveal();
    let other = if shown.starts_with('X') { "Y" } else { "X" };
    shown.replacen(|_| true, other, 1)
}

const WRONG: &str = "This is not a valid invitation code.";

#[rstest]
#[case::missing(String::new(), "code-missing", "Enter your invitation code.")]
#[case::nothing_but_dashes(" – - ".to_owned(), "code-missing", "Enter your invitation code.")]
#[case::no_code("WELCOME".to_owned(), "code-wrong", WRONG)]
#[case::an_address("jo@example.org".to_owned(), "code-wrong", WRONG)]
#[case::endless("7".repeat(50_000), "code-wrong", WRONG)]
#[case::a_digest(code(GOOD).digest().to_string(), "code-wrong", WRONG)]
#[case::mistyped(mistyped(GOOD), "code-wrong", WRONG)]
#[case::of_nobody(code(UNKNOWN).reveal(), "code-wrong", WRONG)]
#[case::expired(code(EXPIRED).reveal(), "code-expired", "This invitation code has expired.")]
#[case::too_early(code(FUTURE).reveal(), "code-not-yet-valid", WRONG)]
#[case::for_another_app(code(FOR_ANOTHER_APP).reveal(), "code-for-another-app", WRONG)]
#[case::for_another_address(code(FOR_JO).reveal(), "code-for-another-address", WRONG)]
#[case::for_another_domain(code(FOR_NORTHWIND).reveal(), "code-for-another-address", WRONG)]
#[case::used_up(code(ONCE).reveal(), "code-used-up", "This invitation code has been used already.")]
#[tokio::test]
async fn a_code_that_does_not_admit_is_an_error_at_its_field(
    #[case] typed: String,
    #[case] reason: &str,
    #[case] text: &str,
) {
    let service = usual().await;
    assert!(is_admitted(&submit_code(&service, "first@example.org", &code(ONCE).reveal()).await));
    let answer = submit_code(&service, "kim@example.org", &typed).await;
    assert_eq!(code_error(&answer), text);
    let action = answer.action();
    assert_eq!(action["message"], "Please correct the marked fields.");
    assert_eq!(action["attributeErrors"].as_object().unwrap().len(), 1, "{action}");
    assert_eq!(service.reasons(), ["code", reason]);
    assert_eq!(reservations(&service).len(), 1);
}

#[tokio::test]
async fn a_form_without_the_field_is_told_above_the_form() {
    let service = usual().await;
    let mut submit = service.sign_up(Person::email_otp("jo@example.org")).submit();
    fill(&mut submit, "displayName", "Jo");
    let action = service.call(Event::Submit, &submit).await.action();
    assert_eq!((&action["message"], &action["attributeErrors"]), (&json!("Enter your invitation code."), &json!({})));
}

#[tokio::test]
async fn a_good_code_is_taken_in_every_spelling_and_not_stored() {
    let service = usual().await;
    let shown = code(GOOD).reveal();
    let spellings = [
        shown.clone(),
        shown.to_lowercase(),
        shown.replace('-', ""),
        format!("\t {} \n", shown.replace('-', "  ")),
        shown.replace('-', "–"),
        shown.replace('0', "O").replace('1', "I"),
        shown.replace('0', "o").replace('1', "l"),
        shown.chars().flat_map(|c| [c, ' ']).collect(),
    ];
    for (number, typed) in spellings.iter().enumerate() {
        let answer = submit_code(&service, &format!("jo{number}@example.org"), typed).await;
        assert!(is_admitted(&answer), "{typed}: {answer:?}");
    }
    assert!(service.reasons().iter().all(|reason| reason == "code"), "{:?}", service.reasons());
    assert_eq!(reservations(&service).len(), spellings.len());
}

#[rstest]
#[case::its_address(FOR_JO, "jo@example.org")]
#[case::its_address_in_any_case(FOR_JO, "JO@Example.ORG")]
#[case::its_domain(FOR_NORTHWIND, "kim@northwind.com")]
#[case::its_app_and_its_time(FOR_THE_PORTAL, "kim@example.org")]
#[tokio::test]
async fn a_code_with_conditions_is_good_for_those_who_meet_them(#[case] number: u8, #[case] address: &str) {
    let service = usual().await;
    assert!(is_admitted(&submit_code(&service, address, &code(number).reveal()).await));
}

#[tokio::test]
async fn errors_of_the_form_and_of_the_code_are_shown_together() {
    let service = usual().await;
    let mut submit = form(&service, Person::email_otp("jo@example.org"), &code(UNKNOWN).reveal());
    fill(&mut submit, "displayName", " ");
    let action = service.call(Event::Submit, &submit).await.action();
    let errors = json!({ "displayName": "This field is required.", ext("InvitationCode"): WRONG });
    assert_eq!(action["attributeErrors"], errors);
    assert_eq!(service.reasons(), ["code-wrong"]);
}

#[rstest]
#[case("alex@fabrikam.com", "invitation")]
#[case("ada@contoso.com", "allow")]
#[tokio::test]
async fn a_code_of_somebody_who_needs_none_is_blanked_and_not_used(#[case] address: &str, #[case] reason: &str) {
    let service = usual().await;
    for typed in [code(GOOD).reveal(), "WELCOME".to_owned(), code(EXPIRED).reveal()] {
        assert!(is_admitted(&submit_code(&service, address, &typed).await), "{typed}");
    }
    assert_eq!(service.reasons(), [reason; 3]);
    assert_eq!(files(&service.folder.path().join(".guestlist")).len(), 0);
}

#[tokio::test]
async fn a_code_is_blanked_in_every_attribute_of_its_name_in_any_case() {
    let service = usual().await;
    let mut submit = form(&service, Person::email_otp("alex@fabrikam.com"), "WELCOME");
    fill(&mut submit, &ext("invitationcode"), "WELCOME");
    let action = service.call(Event::Submit, &submit).await.action();
    assert_eq!(action["attributes"], json!({ ext("InvitationCode"): "", ext("invitationcode"): "" }));
}

#[tokio::test]
async fn rules_see_the_line_of_the_code() {
    let rule = "[[policies.rules]]\nwhen = \"invite.name == 'Press' && attributes.city == ''\"\nattribute = \"city\"";
    let service = service(policy().and(rule), &list(&[(1, ",Press,,,,"), (2, ",Other,,,,")])).await;
    let asked = |number: u8| {
        let mut submit = form(&service, Person::email_otp("jo@example.org"), &code(number).reveal());
        fill(&mut submit, "city", "");
        submit
    };
    let action = service.call(Event::Submit, &asked(1)).await.action();
    assert_eq!(action["attributeErrors"], json!({ "city": "This field is required." }));
    assert!(is_admitted(&service.call(Event::Submit, &asked(2)).await));
}

#[tokio::test]
async fn the_text_at_the_field_is_in_the_persons_language() {
    let texts = "[messages.de]\ncode-wrong = \"Diesen Code kennen wir nicht.\"\n";
    let service = service(policy().and(texts), &codes()).await;
    let person = Person::email_otp("jo@example.org").locale("de-CH");
    let answer = service.call(Event::Submit, &form(&service, person, "WELCOME")).await;
    assert_eq!(code_error(&answer), "Diesen Code kennen wir nicht.");
}
