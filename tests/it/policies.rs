//! What a policy decides beyond its lists: report mode, disposable addresses, ways of comparing, and the pages.

use std::collections::BTreeSet;

use guestlist_emulator::sign_up::{Event, Person};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{BETA, Config};
use crate::support::service::{Service, ext, fill};
use crate::support::with_codes::{self, code, form, is_admitted, list};

const CONTINUE: &str = "continueWithDefaultBehavior";

/// A policy for everybody, with these keys besides the name.
fn policy(keys: &str) -> Config {
    Config::from(BETA).and(format!("[[policies]]\nname = \"default\"\n{keys}\n"))
}

const LIST: &str = "email,name,apps,not_before,expires\nalex@fabrikam.com,Alex,,,\nold@fabrikam.com,,,,2020-01-31\n\
    new@fabrikam.com,,,2099-01-31,\nshop@fabrikam.com,,44444444-5555-6666-7777-999999999999,,\njo@mailinator.com,,,,\n";

async fn service(keys: &str) -> Service {
    with_codes::service(policy(keys), LIST).await
}

fn line(service: &Service) -> Value {
    service.logged("decision").pop().unwrap()
}

#[tokio::test]
async fn a_policy_that_only_reports_stops_nobody_and_says_what_it_would_do() {
    let rule = "[[policies.rules]]\nattribute = \"city\"\nrequired = true\n";
    let service = service(&format!("gate = \"invite-only\"\nmode = \"report\"\n{rule}")).await;
    for (address, event, reason, reported) in [
        ("jo@example.org", Event::Start, "not-invited", Some("refuse")),
        ("jo@example.org", Event::Submit, "not-invited", Some("refuse")),
        ("alex@fabrikam.com", Event::Start, "invitation", None),
        ("alex@fabrikam.com", Event::Submit, "rules", Some("reject")),
    ] {
        let mut body = service.sign_up(Person::email_otp(address)).event(event);
        fill(&mut body, "city", "");
        assert_eq!(service.call(event, &body).await.action_name(), CONTINUE);
        let line = line(&service);
        assert_eq!((line["action"].as_str(), line["reason"].as_str()), (Some("continue"), Some(reason)));
        assert_eq!(line["reported"].as_str(), reported, "{line}");
    }
}

#[tokio::test]
async fn a_policy_that_only_reports_fills_and_tidies_the_form() {
    let rule = "[[policies.rules]]\nattribute = \"city\"\nnormalise = [\"upper\"]\n";
    let keys = "gate = \"invite-only\"\nmode = \"report\"\nprefill = { country = \"AU\" }\n";
    let service = service(&format!("{keys}{rule}")).await;
    assert_eq!(service.start_for("alex@fabrikam.com").await.action()["inputs"], json!({ "country": "AU" }));
    let mut submit = service.sign_up(Person::email_otp("alex@fabrikam.com")).submit();
    fill(&mut submit, "city", "leeds");
    assert_eq!(service.call(Event::Submit, &submit).await.action()["attributes"], json!({ "city": "LEEDS" }));
}

#[tokio::test]
async fn a_policy_that_only_reports_blanks_codes_good_and_bad() {
    let policy = policy("gate = \"invite-only\"\nmode = \"report\"\ninvitation_code = \"ext.InvitationCode\"");
    let service = with_codes::service(policy, &list(&[(1, ",,,,,1")])).await;
    for (typed, reason, reported) in [
        (code(1).reveal(), "code", None),
        (code(1).reveal(), "code-used-up", Some("reject")),
        ("WELCOME".to_owned(), "code-wrong", Some("reject")),
    ] {
        let address = format!("{}@example.org", service.reasons().len());
        let answer = service.call(Event::Submit, &form(&service, Person::email_otp(&address), &typed)).await;
        assert!(is_admitted(&answer), "{answer:?}");
        let line = line(&service);
        assert_eq!((line["reason"].as_str(), line["reported"].as_str()), (Some(reason), reported));
    }
}

#[tokio::test]
async fn a_policy_that_only_reports_stops_nobody_by_a_failure_either() {
    let service = service("gate = \"open\"\nmode = \"report\"\nemail_sources = [\"attribute:ext.IdpEmail\"]").await;
    std::fs::write(service.folder.path().join(".guestlist"), "in the way").unwrap();
    let mut start = service.sign_up(Person::email_otp("jo@example.org")).start();
    fill(&mut start, &ext("IdpEmail"), "jo@example.org");
    assert_eq!(service.call(Event::Start, &start).await.action_name(), CONTINUE);
    let failure = &service.logged("failure-action")[0];
    assert_eq!((&failure["action"], &failure["reason"]), (&json!("continue"), &json!("state-unavailable")));
}

#[rstest]
#[case("jo@yopmail.com", "disposable")]
#[case("jo@YOPMAIL.com", "disposable")]
#[case("jo@anything.yopmail.com", "disposable")]
#[case("jo@mailinator.com", "invitation")]
#[case("jo@guerrillamail.com", "allow")]
#[case("jo@yopmail.example.org", "open")]
#[case("jo@gmail.com", "open")]
#[tokio::test]
async fn disposable_addresses_are_refused_unless_they_are_invited_or_allowed(
    #[case] address: &str,
    #[case] reason: &str,
) {
    let refusing = service("gate = \"open\"\nallow = [\"@guerrillamail.com\"]\ndeny_disposable = true").await;
    refusing.start_for(address).await;
    assert_eq!(refusing.reasons(), [reason]);
    let lenient = service("gate = \"open\"").await;
    assert_ne!(lenient.start_for(address).await.action_name(), "showBlockPage");
}

/// The ways of comparing, from narrow to wide.
const WAYS: [&str; 3] = ["exact", "ignore-tag", "ignore-tag-and-dots"];

#[rstest]
#[case::itself("alex@fabrikam.com", 0)]
#[case::in_another_case("ALEX@FABRIKAM.COM", 0)]
#[case::with_a_tag("alex+news@fabrikam.com", 1)]
#[case::with_dots_elsewhere("a.lex@fabrikam.com", 3)]
#[case::allowed_with_a_tag("ada.l+news@gmail.com", 1)]
#[case::allowed_with_other_dots("a.dal@gmail.com", 2)]
#[case::allowed_at_the_other_domain("adal+x@googlemail.com", 2)]
#[tokio::test]
async fn invitations_and_allow_are_compared_as_the_policy_says(#[case] address: &str, #[case] from: usize) {
    for (number, way) in WAYS.into_iter().enumerate() {
        let keys = format!("gate = \"invite-only\"\nallow = [\"ada.l@gmail.com\"]\nemail_match = \"{way}\"");
        let service = service(&keys).await;
        let admitted = service.start_for(address).await.action_name() != "showBlockPage";
        assert_eq!(admitted, number >= from, "{way}");
    }
}

#[rstest]
#[case("jo@gmail.com")]
#[case("j.o+news@googlemail.com")]
#[case("kim+1@example.org")]
#[case("KIM@example.org")]
#[tokio::test]
async fn deny_is_always_compared_in_the_widest_way(#[case] address: &str) {
    for way in WAYS {
        let deny = "deny = [\"j.o@gmail.com\", \"kim+2@example.org\"]";
        let service = service(&format!("gate = \"open\"\n{deny}\nemail_match = \"{way}\"")).await;
        service.start_for(address).await;
        assert_eq!(service.reasons(), ["denied"], "{way}");
    }
}

/// A page for every reason, each with another text.
const PAGES: &str = "[messages.en]\nnot-invited = { title = \"By invitation only\", text = \"Not you.\" }\n\
    denied = \"denied\"\ndisposable = \"disposable\"\ninvitation-expired = \"expired\"\nclosed = \"closed\"\n\
    invitation-not-yet-valid = \"not yet\"\ninvitation-for-another-app = \"other app\"\nno-address = \"no address\"\n\
    too-young = \"too young\"\n";

/// Somebody for each reason, and the page they see.
async fn pages(uniform: bool) -> Vec<(String, Value)> {
    let rule =
        "[[policies.rules]]\nattribute = \"city\"\npattern = \"x\"\noutcome = \"block\"\nmessage = \"too-young\"\n";
    let keys = |gate: &str| {
        let deny = "deny = [\"@contoso.com\"]\ndeny_disposable = true";
        format!("gate = \"{gate}\"\n{deny}\nuniform_refusals = {uniform}\n{rule}{PAGES}")
    };
    let (open, closed) = (service(&keys("invite-only")).await, service(&keys("closed")).await);
    let mut pages = Vec::new();
    for local in [
        "nobody@example.org",
        "ada@contoso.com",
        "jo@yopmail.com",
        "old@fabrikam.com",
        "new@fabrikam.com",
        "shop@fabrikam.com",
    ] {
        pages.push(open.start_for(local).await.action());
    }
    let nobody = open.sign_up(Person::facebook_without_address());
    pages.push(open.call(Event::Start, &nobody.start()).await.action());
    let mut blocked = open.sign_up(Person::email_otp("alex@fabrikam.com")).submit();
    fill(&mut blocked, "city", "y");
    let mut blocked = open.call(Event::Submit, &blocked).await.action();
    assert_eq!(blocked["@odata.type"], "microsoft.graph.attributeCollectionSubmit.showBlockPage");
    blocked["@odata.type"] = pages[0]["@odata.type"].clone();
    pages.push(blocked);
    pages.push(closed.start_for("alex@fabrikam.com").await.action());
    [open.reasons(), closed.reasons()].concat().into_iter().zip(pages).collect()
}

#[tokio::test]
async fn each_reason_has_its_page_or_all_have_the_same() {
    let different = pages(false).await;
    let reasons: Vec<&str> = different.iter().map(|(reason, _)| reason.as_str()).collect();
    let all = ["not-invited", "denied", "disposable", "invitation-expired", "invitation-not-yet-valid"];
    let rest = ["invitation-for-another-app", "no-address", "rule-blocked", "closed"];
    assert_eq!(reasons, [&all[..], &rest].concat());
    let texts: BTreeSet<String> = different.iter().map(|(_, page)| page.to_string()).collect();
    assert_eq!(texts.len(), 9, "{different:#?}");
    let same = pages(true).await;
    assert_eq!(same.iter().map(|(reason, _)| reason.as_str()).collect::<Vec<_>>(), reasons);
    let texts: BTreeSet<String> = same.iter().map(|(_, page)| page.to_string()).collect();
    assert_eq!(texts.len(), 1, "{same:#?}");
    assert_eq!((&same[0].1["title"], &same[0].1["message"]), (&json!("By invitation only"), &json!("Not you.")));
}

#[tokio::test]
async fn without_texts_of_their_own_most_refusals_read_like_no_invitation() {
    let service = service("gate = \"invite-only\"\ndeny = [\"@contoso.com\"]\ndeny_disposable = true").await;
    let start = "You need an invitation to sign up with this email address. Support code: ";
    for address in ["jo@example.org", "ada@contoso.com", "jo@yopmail.com", "old@fabrikam.com", "new@fabrikam.com"] {
        let action = service.start_for(address).await.action();
        assert!(action["message"].as_str().unwrap().starts_with(start), "{action}");
    }
    assert_eq!(service.reasons().iter().collect::<BTreeSet<_>>().len(), 5);
}

#[tokio::test]
async fn the_support_code_on_the_page_is_the_one_in_the_log() {
    let texts = "[messages.en]\nnot-invited = { title = \"{{ support_code }}\", text = \"Say {{ support_code }}.\" }\n";
    let mut codes = BTreeSet::new();
    for texts in ["", texts] {
        let service = service(&format!("gate = \"invite-only\"\n{texts}")).await;
        let sign_up = service.sign_up(Person::email_otp("jo@example.org"));
        for event in [Event::Start, Event::Submit] {
            let page = service.call(event, &sign_up.event(event)).await.action();
            let line = line(&service);
            let code = line["support_code"].as_str().unwrap();
            assert!(page["message"].as_str().unwrap().contains(code), "{page} {line}");
            assert!(page.get("title").is_none_or(|title| title == code), "{page}");
            assert!(!sign_up.correlation_id.contains(code));
            codes.insert(code.to_owned());
        }
    }
    assert_eq!(codes.len(), 2, "one for each sign-up: {codes:?}");
}

#[rstest]
#[case("de-AT", "Servus")]
#[case("DE_at", "Servus")]
#[case("de-AT-1996", "Servus")]
#[case("de-CH", "Hallo")]
#[case("de", "Hallo")]
#[case("en-US", "Hello")]
#[case("fr-FR", "Hello")]
#[case("", "Hello")]
#[case("x", "Hello")]
#[tokio::test]
async fn a_text_is_looked_for_in_the_locale_then_the_language_then_english(#[case] locale: &str, #[case] text: &str) {
    let texts = "[messages.en]\nnot-invited = \"Hello\"\n[messages.de]\nnot-invited = \"Hallo\"\n\
        [messages.de-AT]\nnot-invited = \"Servus\"\n";
    let service = service(&format!("gate = \"invite-only\"\n{texts}")).await;
    let sign_up = service.sign_up(Person::email_otp("jo@example.org").locale(locale));
    assert_eq!(service.call(Event::Start, &sign_up.start()).await.action()["message"], text);
}

#[tokio::test]
async fn a_text_that_only_other_languages_have_gives_way_to_the_one_that_is_built_in() {
    let service = service("gate = \"closed\"\n[messages.de]\nclosed = \"Zu.\"\n").await;
    let action = service.start_for("jo@example.org").await.action();
    assert!(action["message"].as_str().unwrap().starts_with("Sign-up is closed."), "{action}");
}
