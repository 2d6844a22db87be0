//! Which callers are accepted, through the process: tokens as Entra sends them, tokens it never sends, and keys that change.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use guestlist_emulator::Clock;
use guestlist_emulator::host::Level;
use guestlist_emulator::sign_up::{Event, Person};
use guestlist_emulator::tenant::{Authority, Fault, Forgery, Issuer, Keys, Route, SigningKey, Token};
use rstest::rstest;
use serde_json::Value;

use crate::support::stage::{Setting, Stage};

/// A part of a token that is longer than this is recognisable in a log.
const SEGMENT: usize = 20;

/// The status and body that a token gets, at Start.
async fn posted(stage: &Stage, token: Option<&str>) -> (u16, Vec<u8>) {
    let start = stage.sign_up(Person::email_otp("alex@fabrikam.com")).start().to_string();
    let answer = stage.entra.post(Event::Start, &start, token).await.answer.unwrap();
    (answer.status, answer.body)
}

/// No line of the process has a recognisable part of the token.
fn assert_unseen(stage: &Stage, token: &str) {
    for segment in token.split('.').filter(|segment| segment.len() > SEGMENT) {
        let head: String = segment.chars().take(SEGMENT).collect();
        let tail: String = segment.chars().skip(segment.chars().count() - SEGMENT).collect();
        for line in stage.lines() {
            assert!(!line.text.contains(&head) && !line.text.contains(&tail), "{}", line.text);
        }
    }
}

/// The token gets a 401 with an empty body, and one warning that says why and shows nothing of the token.
async fn assert_refused(stage: &Stage, token: Option<&str>, reason: &str) {
    let before = stage.events("unauthenticated").len();
    assert_eq!(posted(stage, token).await, (401, Vec::new()), "{reason}");
    stage.settle().await;
    let warned = stage.events("unauthenticated").split_off(before);
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert_eq!((&warned[0]["level"], &warned[0]["reason"]), (&"WARN".into(), &reason.into()), "{warned:?}");
    let lines = stage.lines();
    let line = lines.iter().rfind(|line| line.text.contains("\"unauthenticated\"")).unwrap();
    assert_eq!(line.level, Level::Warning);
    assert_unseen(stage, token.unwrap_or_default());
}

/// The name of the action that a token gets. It tells the failure action from the decision about somebody invited.
async fn action(stage: &Stage, token: Token) -> String {
    let (status, body) = posted(stage, Some(&token.encode().unwrap())).await;
    assert_eq!(status, 200);
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["data"]["actions"][0]["@odata.type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()
}

async fn assert_accepted(stage: &Stage, token: Token) {
    assert_eq!(action(stage, token).await, "setPrefillValues");
}

/// Returns when both key documents were asked for, and the key is known.
async fn with_keys(stage: &Stage) {
    assert_accepted(stage, stage.entra.token()).await;
    stage.tenant.faults().reached(Route::LoginKeys, 1).await;
}

#[tokio::test]
async fn every_issuer_of_the_tenant_is_accepted_with_the_claims_of_its_version() {
    let stage = Setting::default().start().await;
    for issuer in Issuer::ALL {
        assert_accepted(&stage, stage.entra.token().issuer(issuer)).await;
        // The same issuer with the other version's claim for the caller.
        let v1 = matches!(issuer, Issuer::StsV1 | Issuer::CiamV1);
        let (own, other) = if v1 { ("appid", "azp") } else { ("azp", "appid") };
        let swapped =
            stage.entra.token().issuer(issuer).without(own).claim(other, guestlist_emulator::tenant::ENTRA_CALLER);
        assert_refused(&stage, Some(&swapped.encode().unwrap()), "caller").await;
        let version = stage.entra.token().issuer(issuer).claim("ver", if v1 { "2.0" } else { "1.0" });
        assert_refused(&stage, Some(&version.encode().unwrap()), "issuer").await;
    }
    assert_eq!(stage.events_after("decision", Issuer::ALL.len()).await.len(), Issuer::ALL.len());
}

#[rstest]
#[case(Forgery::None, "algorithm")]
#[case(Forgery::Hs256WithPublicKey, "algorithm")]
#[case(Forgery::TamperedSignature, "bad-signature")]
#[case(Forgery::TamperedClaims, "bad-signature")]
#[case(Forgery::WrongKey, "bad-signature")]
#[tokio::test]
async fn a_forged_token_is_refused(#[case] forgery: Forgery, #[case] reason: &str) {
    let stage = Setting::default().start().await;
    let token = stage.entra.token().forged(forgery).encode().unwrap();
    assert_refused(&stage, Some(&token), reason).await;
    assert!(stage.events("decision").is_empty());
}

/// A change to a good token, and the check that it fails.
type Wrong = (fn(Token) -> Token, &'static str);

fn at(minutes: i64) -> i64 {
    (Clock::system().now() + TimeDelta::minutes(minutes)).timestamp()
}

const FOREIGN: &str = "bbbbcccc-0000-cccc-1111-dddd2222eeee";

#[tokio::test]
async fn a_token_with_a_wrong_or_missing_claim_is_refused() {
    let stage = Setting::default().start().await;
    let wrong: [Wrong; 22] = [
        (|token| token.claim("exp", at(-2)), "expired"),
        (|token| token.without("exp"), "no-expiry"),
        (|token| token.claim("exp", "tomorrow"), "malformed"),
        (|token| token.claim("nbf", at(2)), "not-yet-valid"),
        (|token| token.claim("aud", FOREIGN), "audience"),
        (|token| token.without("aud"), "audience"),
        (|token| token.claim("aud", vec!["99999999-2222-3333-4444-555555555555"]), "audience"),
        (|token| token.claim("tid", FOREIGN), "tenant"),
        (|token| token.without("tid"), "tenant"),
        (|token| token.claim("iss", format!("https://login.microsoftonline.com/{FOREIGN}/v2.0")), "issuer"),
        (
            |token| token.claim("iss", "https://fabrikam.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"),
            "issuer",
        ),
        (|token| token.without("iss"), "issuer"),
        (|token| token.claim("azp", FOREIGN), "caller"),
        (|token| token.without("azp"), "caller"),
        (|token| token.claim("ver", "3.0"), "version"),
        (|token| token.claim("ver", 2), "version"),
        (|token| token.without("ver"), "version"),
        (|token| token.header("alg", "RS384"), "algorithm"),
        (|token| token.without_header("kid"), "no-kid"),
        (|token| token.header("crit", vec!["exp"]), "critical-header"),
        (|token| token.header("kid", "unheard-of"), "unknown-key"),
        (|token| token.header("alg", "rs256"), "algorithm"),
    ];
    for (change, reason) in wrong {
        let token = change(stage.entra.token()).encode().unwrap();
        assert_refused(&stage, Some(&token), reason).await;
    }
    assert!(stage.events("decision").is_empty());
}

#[tokio::test]
async fn a_value_that_is_no_token_is_refused() {
    let stage = Setting::default().start().await;
    assert_refused(&stage, None, "missing-token").await;
    assert_refused(&stage, Some(&stage.entra.token().encrypted()), "encrypted-token").await;
    let remedy = stage.events("unauthenticated").pop().unwrap()["remedy"].to_string();
    assert!(remedy.contains("tokenEncryptionKeyId"), "{remedy}");
    let good = stage.entra.token().encode().unwrap();
    let (claims, _) = good.rsplit_once('.').unwrap();
    assert_refused(&stage, Some(claims), "malformed").await;
    assert_refused(&stage, Some("not-a-token"), "malformed").await;
    assert_refused(&stage, Some(&format!("{good}.{good}")), "malformed").await;
}

#[tokio::test]
async fn odd_keys_in_a_document_do_no_harm() {
    let setting = Setting::default();
    let tenant = setting.tenant().await;
    tenant.keys().prepend(Authority::Ciam, guestlist_emulator::tenant::odd_keys());
    let stage = setting.start_before(tenant).await;
    with_keys(&stage).await;
}

fn rotate(keys: &Keys) {
    keys.rotate_to(SigningKey::second().unwrap());
}

#[tokio::test]
async fn an_unknown_key_right_after_a_fetch_is_refused_without_another_one() {
    let stage = Setting::default().start().await;
    with_keys(&stage).await;
    rotate(stage.tenant.keys());
    for _ in 0..3 {
        assert_refused(&stage, Some(&stage.entra.token().encode().unwrap()), "unknown-key").await;
    }
    let fetched = [Route::CiamKeys, Route::LoginKeys].map(|route| stage.tenant.faults().count(route));
    assert_eq!(fetched, [1, 1]);
    // A process that starts now knows the new key and no longer the old one.
    let old = stage.entra.token().signed_by(SigningKey::first().unwrap()).encode().unwrap();
    stage.host.restart().await.unwrap();
    assert_accepted(&stage, stage.entra.token()).await;
    assert_refused(&stage, Some(&old), "unknown-key").await;
}

#[tokio::test]
async fn a_new_key_is_fetched_on_demand_once() {
    let setting = Setting::default();
    let tenant = setting.tenant().await;
    // The login document has the old key. The other document fails at first, and again when it is tried again.
    tenant.keys().publish(Authority::Login, vec![SigningKey::first().unwrap().jwk()]);
    tenant.faults().arm(Route::CiamKeys, 0, Some(2), Fault::Status(503));
    let stage = setting.start_before(tenant).await;
    with_keys(&stage).await;
    rotate(stage.tenant.keys());
    // The background tries again after two seconds, and once more four seconds later.
    stage.tenant.faults().reached(Route::CiamKeys, 2).await;
    let demanded = Instant::now();
    let mut accepted = false;
    while !accepted && demanded.elapsed() < Duration::from_millis(3500) {
        // Until the cool-down is over the caller is unknown: the failure action, not a 401.
        accepted = action(&stage, stage.entra.token()).await == "setPrefillValues";
        assert_eq!(stage.tenant.faults().count(Route::CiamKeys), if accepted { 3 } else { 2 });
    }
    assert!(accepted, "nothing was fetched on demand");
    assert_accepted(&stage, stage.entra.token().claim("uti", "another")).await;
    assert_eq!(stage.tenant.faults().count(Route::CiamKeys), 3);
    // The other authority still publishes the old key.
    assert_accepted(&stage, stage.entra.token().signed_by(SigningKey::first().unwrap())).await;
}
