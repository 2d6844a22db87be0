use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use rstest::rstest;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::signing_keys::{KeySource, SourceError};
use super::super::test_key::{KEY, OTHER_KEY, base64, jwks};
use super::*;
use crate::clock::ManualClock;

const TENANT: &str = "12345678-0000-0000-0000-000000000000";
const APP: &str = "99999999-2222-3333-4444-555555555555";
const NOW: &str = "2023-11-14T22:30:00Z";

/// A document that always answers, or never.
#[derive(Debug)]
struct Fixed(Option<Vec<u8>>);

impl KeySource for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(async { self.0.clone().ok_or(SourceError::TimedOut) })
    }
}

fn settings() -> Settings {
    Settings {
        tenant: TENANT.parse().unwrap(),
        subdomain: Some("Contoso".to_owned()),
        login: "https://login.microsoftonline.com".parse().unwrap(),
        ciam: format!("https://{TENANT}.ciamlogin.com/").parse().unwrap(),
        audience: vec![APP.to_owned(), format!("api://func.example.net/{APP}"), String::new()],
        allowed_callers: vec!["99045fe1-7639-4a75-9d4a-577b6ca3810f".parse().unwrap()],
    }
}

struct Setting {
    verifier: Verifier,
    clock: Arc<ManualClock>,
}

impl Setting {
    fn with_document(document: Option<Vec<u8>>) -> Self {
        Self::with_all(document, &settings())
    }

    fn with(settings: &Settings) -> Self {
        Self::with_all(Some(jwks(&[KEY.jwk(KEY.kid)])), settings)
    }

    fn with_all(document: Option<Vec<u8>>, settings: &Settings) -> Self {
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        let sources = [Box::new(Fixed(document)) as Box<dyn KeySource>];
        let keys = SigningKeys::from_sources(sources, TaskTracker::new(), CancellationToken::new());
        Self { verifier: Verifier::new(settings, keys, clock.clone()), clock }
    }

    fn new() -> Self {
        Self::with_document(Some(jwks(&[KEY.jwk(KEY.kid)])))
    }

    async fn verify_headers(&self, headers: &HeaderMap) -> Result<(), CallerError> {
        let deadline = Deadline::new(tokio::time::Instant::now().into_std(), Duration::from_secs(1));
        self.verifier.verify(headers, deadline).await
    }

    async fn verify(&self, token: &str) -> Result<(), CallerError> {
        self.verify_headers(&headers(&[&format!("Bearer {token}")])).await
    }

    /// The name of the check that a token fails.
    async fn refusal(&self, token: &str) -> &'static str {
        match self.verify(token).await {
            Err(CallerError::Unauthenticated(reason)) => reason.name(),
            other => panic!("{other:?}"),
        }
    }
}

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
}

fn header() -> Json {
    json!({ "typ": "JWT", "alg": "RS256", "kid": KEY.kid, "x5t": KEY.kid })
}

/// The claims of a token of this version, with this issuer and audience.
fn claims_of(version: &str, issuer: &str, audience: &str) -> Json {
    let caller = if version == "1.0" { "appid" } else { "azp" };
    let service = "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb";
    let now = NOW.parse::<DateTime<Utc>>().unwrap().timestamp();
    json!({
        "aud": audience, "iss": issuer, "tid": TENANT, "ver": version, "oid": service, "sub": service,
        "iat": now - 1800, "nbf": now - 1800, "exp": now + 2100, caller: "99045fe1-7639-4a75-9d4a-577b6ca3810f",
    })
}

/// The usual ones: version 2.0, from the tenant's own authority.
fn claims() -> Json {
    claims_of("2.0", &format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), APP)
}

/// The valid claims with one changed, or taken out when the value is null.
fn claims_with(name: &str, value: Json) -> Json {
    let mut claims = claims();
    match value {
        Json::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    claims
}

fn header_with(name: &str, value: Json) -> Json {
    let mut header = header();
    header.as_object_mut().unwrap().insert(name.to_owned(), value);
    header
}

fn token(claims: &Json) -> String {
    KEY.sign(&header(), claims)
}

#[rstest]
#[case("2.0", "https://12345678-0000-0000-0000-000000000000.ciamlogin.com/12345678-0000-0000-0000-000000000000/v2.0")]
#[case("2.0", "https://login.microsoftonline.com/12345678-0000-0000-0000-000000000000/v2.0")]
#[case("2.0", "https://contoso.ciamlogin.com/12345678-0000-0000-0000-000000000000/v2.0")]
#[case("1.0", "https://sts.windows.net/12345678-0000-0000-0000-000000000000/")]
#[case("1.0", "https://12345678-0000-0000-0000-000000000000.ciamlogin.com/12345678-0000-0000-0000-000000000000/")]
#[tokio::test]
async fn accepts_every_issuer_of_the_tenant_with_every_audience(#[case] version: &str, #[case] issuer: &str) {
    for audience in [APP, "api://func.example.net/99999999-2222-3333-4444-555555555555"] {
        let claims = claims_of(version, issuer, audience);
        Setting::new().verify(&token(&claims)).await.unwrap();
    }
}

#[rstest]
#[case("https://contoso.ciamlogin.com/{tid}/v2.0", "2.0", "azp", None)]
#[case("https://login.microsoftonline.com/{tid}/v2.0/", "2.0", "azp", Some("issuer"))]
#[case("https://login.microsoftonline.com/{tid}/V2.0", "2.0", "azp", Some("issuer"))]
#[case("http://login.microsoftonline.com/{tid}/v2.0", "2.0", "azp", Some("issuer"))]
#[case("https://fabrikam.ciamlogin.com/{tid}/v2.0", "2.0", "azp", Some("issuer"))]
#[case("https://contoso.ciamlogin.com/{tid}/", "1.0", "appid", Some("issuer"))]
#[case("https://sts.windows.net/{tid}", "1.0", "appid", Some("issuer"))]
#[case("https://sts.windows.net/{tid}/", "2.0", "azp", Some("issuer"))]
#[case("https://{tid}.ciamlogin.com/{tid}/", "2.0", "azp", Some("issuer"))]
#[case("https://{tid}.ciamlogin.com/{tid}/v2.0", "1.0", "appid", Some("issuer"))]
#[case("https://login.microsoftonline.com/{tid}/v2.0", "1.0", "appid", Some("issuer"))]
#[case("https://sts.windows.net/{tid}/", "1.0", "azp", Some("caller"))]
#[case("https://sts.windows.net/{tid}/", "1.0", "appid", None)]
#[tokio::test]
async fn issuer_and_caller_depend_on_the_version(
    #[case] issuer: &str,
    #[case] version: &str,
    #[case] caller: &str,
    #[case] refused: Option<&str>,
) {
    let mut claims = claims_with("azp", Json::Null);
    claims[caller] = json!("99045FE1-7639-4A75-9D4A-577B6CA3810F");
    claims["iss"] = json!(issuer.replace("{tid}", TENANT));
    claims["ver"] = json!(version);
    let outcome = Setting::new().verify(&token(&claims)).await;
    match (outcome, refused) {
        (Ok(()), None) => {}
        (Err(CallerError::Unauthenticated(reason)), Some(name)) => assert_eq!(reason.name(), name),
        (outcome, _) => panic!("{issuer}: {outcome:?}"),
    }
}

#[rstest]
#[case("ver", json!(null), "version")]
#[case("ver", json!(2.0), "version")]
#[case("ver", json!("2"), "version")]
#[case("ver", json!("1.0"), "issuer")]
#[case("iss", json!(null), "issuer")]
#[case("iss", json!(["https://login.microsoftonline.com/12345678-0000-0000-0000-000000000000/v2.0"]), "issuer")]
#[case("tid", json!(null), "tenant")]
#[case("tid", json!(""), "tenant")]
#[case("aud", json!(null), "audience")]
#[case("aud", json!(""), "audience")]
#[case("aud", json!([APP]), "audience")]
#[case("aud", json!("api://FUNC.example.net/99999999-2222-3333-4444-555555555555"), "audience")]
#[case::begins_with_an_id("aud", json!("99999999-2222-3333-4444-5555555555550"), "audience")]
#[case::begins_with_an_id_and_goes_on("aud", json!("99999999-2222-3333-4444-555555555555/x"), "audience")]
#[case::is_within_an_id("aud", json!("99999999-2222-3333-4444-55555555555"), "audience")]
#[case::begins_with_a_uri("aud", json!("api://func.example.net/99999999-2222-3333-4444-555555555555/"), "audience")]
#[case::is_within_a_uri("aud", json!("api://func.example.net/99999999-2222-3333-4444-55555555555"), "audience")]
#[case::ends_with_a_uri("aud", json!("xapi://func.example.net/99999999-2222-3333-4444-555555555555"), "audience")]
#[case::ends_with_an_id("aud", json!("x99999999-2222-3333-4444-555555555555"), "audience")]
#[case::an_id_without_hyphens("aud", json!("99999999222233334444555555555555"), "audience")]
#[case::an_id_in_braces("aud", json!("{99999999-2222-3333-4444-555555555555}"), "audience")]
#[case::an_id_among_blanks("aud", json!(" 99999999-2222-3333-4444-555555555555 "), "audience")]
#[case::a_caller_without_hyphens("azp", json!("99045fe176394a759d4a577b6ca3810f"), "caller")]
#[case::begins_with_a_caller("azp", json!("99045fe1-7639-4a75-9d4a-577b6ca3810f0"), "caller")]
#[case::a_tenant_without_hyphens("tid", json!("12345678000000000000000000000000"), "tenant")]
#[case::a_tenant_in_braces("tid", json!("{12345678-0000-0000-0000-000000000000}"), "tenant")]
#[case("azp", json!(null), "caller")]
#[case("azp", json!(""), "caller")]
#[case("azp", json!(["99045fe1-7639-4a75-9d4a-577b6ca3810f"]), "caller")]
#[case("exp", json!(null), "no-expiry")]
#[case("exp", json!("1700003900"), "malformed")]
#[case("exp", json!(1_700_003_900.5), "malformed")]
#[case("exp", json!(i64::MAX), "malformed")]
#[case("exp", json!(-1), "expired")]
#[case("nbf", json!("1700000000"), "malformed")]
#[case("ver", json!("3.0"), "version")]
#[case("iss", json!("https://99999999-0000-0000-0000-000000000000.ciamlogin.com/99999999-0000-0000-0000-000000000000/v2.0"), "issuer")]
#[case("iss", json!("https://12345678-0000-0000-0000-000000000000.ciamlogin.com/12345678-0000-0000-0000-000000000000/v2.0/"), "issuer")]
#[case("tid", json!("99999999-0000-0000-0000-000000000000"), "tenant")]
#[case("aud", json!("00000003-0000-0000-c000-000000000000"), "audience")]
#[case("azp", json!("11111111-0000-0000-0000-000000000000"), "caller")]
#[case("exp", json!(1_600_000_000), "expired")]
#[case("nbf", json!(4_000_000_000_i64), "not-yet-valid")]
#[tokio::test]
async fn refuses_a_missing_or_wrong_claim(#[case] name: &str, #[case] value: Json, #[case] reason: &str) {
    assert_eq!(Setting::new().refusal(&token(&claims_with(name, value))).await, reason);
}

#[rstest]
#[case("99999999222233334444555555555555")]
#[case("{99999999-2222-3333-4444-555555555555}")]
#[case(" 99999999-2222-3333-4444-555555555555 ")]
#[tokio::test]
async fn an_accepted_audience_may_be_configured_in_any_form_of_a_guid(#[case] written: &str) {
    let setting = Setting::with(&Settings { audience: vec![written.to_owned()], ..settings() });
    setting.verify(&token(&claims())).await.unwrap();
    assert_eq!(setting.refusal(&token(&claims_with("aud", json!(written)))).await, "audience");
}

#[tokio::test]
async fn takes_guids_in_any_case_and_does_without_nbf() {
    let setting = Setting::new();
    setting.verify(&token(&claims_with("nbf", Json::Null))).await.unwrap();
    setting.verify(&token(&claims_with("tid", json!(TENANT.to_uppercase())))).await.unwrap();
    setting.verify(&token(&claims_with("aud", json!(APP.to_uppercase())))).await.unwrap();
}

#[rstest]
#[case(&[], "missing-token")]
#[case(&[""], "missing-token")]
#[case(&["Bearer"], "missing-token")]
#[case(&["Bearer  "], "missing-token")]
#[case(&["Basic YTpi"], "not-bearer")]
#[case(&["BearerX a.b.c"], "not-bearer")]
#[case(&["Bearer a.b.c", "Bearer a.b.c"], "several-authorization-headers")]
#[case(&["Bearer a.b.c", ""], "several-authorization-headers")]
#[case(&["Bearer a.b.c d"], "malformed")]
#[case(&["Bearer a.b.c, Bearer a.b.c"], "malformed")]
#[case(&["Bearer a.b"], "malformed")]
#[case(&["Bearer a"], "malformed")]
#[case(&["Bearer a.b.c.d"], "malformed")]
#[case(&["Bearer a.b.c.d.e"], "encrypted-token")]
#[case(&["Bearer a.b.c.d.e.f"], "malformed")]
#[case(&["Bearer a.b.c=="], "malformed")]
#[case(&["Bearer .."], "malformed")]
#[tokio::test]
async fn refuses_a_header_of_the_wrong_shape(#[case] values: &[&str], #[case] expected: &str) {
    let outcome = Setting::new().verify_headers(&headers(values)).await;
    let Err(CallerError::Unauthenticated(reason)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason.name(), expected);
}

#[tokio::test]
async fn refuses_a_header_that_is_too_long_or_not_ascii() {
    let setting = Setting::new();
    assert_eq!(setting.refusal(&"a".repeat(16 * 1024)).await, "too-long");
    let bytes = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").unwrap())]);
    assert_eq!(setting.verify_headers(&bytes).await, Err(TokenProblem::Malformed.into()));
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case() {
    let value = format!(" bEARER  {} ", token(&claims()));
    Setting::new().verify_headers(&headers(&[value.trim_start()])).await.unwrap();
}

#[rstest]
#[case(header_with("alg", json!("none")), "algorithm")]
#[case(header_with("alg", json!("HS256")), "algorithm")]
#[case(header_with("alg", json!("rs256")), "algorithm")]
#[case(header_with("alg", json!("RS512")), "algorithm")]
#[case(header_with("alg", json!("PS256")), "algorithm")]
#[case(header_with("alg", json!(["RS256"])), "algorithm")]
#[case(json!({ "kid": "key-1" }), "algorithm")]
#[case(json!({ "alg": "RS256" }), "no-kid")]
#[case(header_with("kid", json!("")), "no-kid")]
#[case(header_with("kid", json!(1)), "no-kid")]
#[case(header_with("kid", json!("k".repeat(257))), "no-kid")]
#[case(header_with("kid", json!("key-9")), "unknown-key")]
#[case(header_with("crit", json!(["b64"])), "critical-header")]
#[case(json!("RS256"), "malformed")]
#[case(json!([]), "malformed")]
#[tokio::test]
async fn refuses_a_wrong_token_header(#[case] header: Json, #[case] reason: &str) {
    assert_eq!(Setting::new().refusal(&KEY.sign(&header, &claims())).await, reason);
}

#[tokio::test]
async fn refuses_an_unsigned_token() {
    let token =
        |signature: &str| format!("{}.{}.{signature}", base64(header().to_string()), base64(claims().to_string()));
    let setting = Setting::new();
    assert_eq!(setting.refusal(&token("")).await, "malformed");
    assert_eq!(setting.refusal(&token("AAAA")).await, "bad-signature");
    let none = format!("{}.{}.", base64(header_with("alg", json!("none")).to_string()), base64(claims().to_string()));
    assert_eq!(setting.refusal(&none).await, "algorithm");
}

#[tokio::test]
async fn refuses_a_token_signed_with_the_public_key_as_a_secret() {
    let message =
        format!("{}.{}", base64(header_with("alg", json!("HS256")).to_string()), base64(claims().to_string()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, KEY.modulus().as_bytes());
    let token = format!("{message}.{}", base64(aws_lc_rs::hmac::sign(&key, message.as_bytes())));
    assert_eq!(Setting::new().refusal(&token).await, "algorithm");
}

#[tokio::test]
async fn refuses_a_token_signed_by_somebody_else() {
    let setting = Setting::new();
    assert_eq!(setting.refusal(&OTHER_KEY.sign(&header(), &claims())).await, "bad-signature");
    let embedded = header_with("jwk", OTHER_KEY.jwk(KEY.kid));
    assert_eq!(setting.refusal(&OTHER_KEY.sign(&embedded, &claims())).await, "bad-signature");
    let elsewhere = header_with("jku", json!("https://fabrikam.com/keys"));
    assert_eq!(setting.refusal(&OTHER_KEY.sign(&elsewhere, &claims())).await, "bad-signature");
}

#[tokio::test]
async fn refuses_a_tampered_token() {
    let setting = Setting::new();
    let token = token(&claims());
    setting.verify(&token).await.unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let payload = base64(claims_with("nbf", Json::Null).to_string());
    assert_eq!(setting.refusal(&[parts[0], &payload, parts[2]].join(".")).await, "bad-signature");
    let header = base64(header_with("typ", json!("at+jwt")).to_string());
    assert_eq!(setting.refusal(&[&header, parts[1], parts[2]].join(".")).await, "bad-signature");
    assert_eq!(setting.refusal(&token.replacen("ey", "eY", 1)).await, "malformed");
    assert_eq!(setting.refusal(&format!("{token}AAA")).await, "malformed");
    assert_eq!(setting.refusal(&format!("{token}AAAA")).await, "bad-signature");
}

#[tokio::test]
async fn tries_every_key_of_the_same_id() {
    let both = jwks(&[OTHER_KEY.jwk(KEY.kid), KEY.jwk(KEY.kid)]);
    Setting::with_document(Some(both)).verify(&token(&claims())).await.unwrap();
}

#[tokio::test]
async fn allows_for_a_minute_between_the_clocks() {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let at = |seconds: i64| json!((now + TimeDelta::seconds(seconds)).timestamp());
    let setting = Setting::new();
    setting.verify(&token(&claims_with("exp", at(-59)))).await.unwrap();
    assert_eq!(setting.refusal(&token(&claims_with("exp", at(-60)))).await, "expired");
    setting.verify(&token(&claims_with("nbf", at(60)))).await.unwrap();
    assert_eq!(setting.refusal(&token(&claims_with("nbf", at(61)))).await, "not-yet-valid");
}

#[tokio::test]
async fn a_remembered_token_is_held_against_the_clock_each_time() {
    let setting = Setting::new();
    let token = token(&claims());
    setting.verify(&token).await.unwrap();
    assert_eq!(setting.verify(&token).await, Ok(()));
    assert_eq!(setting.verifier.remembered.count(), 1);
    setting.clock.advance(TimeDelta::minutes(37));
    assert_eq!(setting.refusal(&token).await, "expired");
    setting.clock.advance(TimeDelta::hours(2));
    assert_eq!(setting.refusal(&token).await, "expired");
    setting.clock.advance(TimeDelta::hours(-4));
    assert_eq!(setting.refusal(&token).await, "not-yet-valid");
}

#[tokio::test]
async fn a_token_of_a_withdrawn_key_is_accepted_for_an_hour_at_most() {
    let mut setting = Setting::new();
    let late = NOW.parse::<DateTime<Utc>>().unwrap().timestamp() + 100_000;
    let token = token(&claims_with("exp", json!(late)));
    setting.verify(&token).await.unwrap();
    setting.verifier.keys = Setting::with_document(Some(jwks(&[OTHER_KEY.jwk("key-2")]))).verifier.keys;
    setting.clock.advance(TimeDelta::minutes(59));
    setting.verify(&token).await.unwrap();
    setting.clock.advance(TimeDelta::minutes(1));
    assert_eq!(setting.refusal(&token).await, "unknown-key");
    setting.clock.advance(TimeDelta::minutes(-61));
    assert_eq!(setting.refusal(&token).await, "unknown-key", "the clock was set back, so nobody knows how long ago");
}

#[tokio::test]
async fn only_verified_tokens_are_remembered() {
    let setting = Setting::new();
    let forged = OTHER_KEY.sign(&header(), &claims());
    for _ in 0..2 {
        assert_eq!(setting.refusal(&forged).await, "bad-signature");
    }
    assert_eq!(setting.verifier.remembered.count(), 0);
}

#[tokio::test]
async fn without_keys_only_what_needs_none_is_refused() {
    let setting = Setting::with_document(None);
    assert_eq!(setting.refusal(&token(&claims_with("aud", json!("x")))).await, "audience");
    assert_eq!(setting.verify(&token(&claims())).await, Err(CallerError::KeysUnavailable));
}

#[rstest]
#[case("https://fabrikam.com/v2.0", "https://fabrikam.com/v2.0")]
#[case("https://jo@example.com/", "(not shown)")]
#[case("https://fabrikam.com/\nWARN", "(not shown)")]
#[case("jo%40example.com", "(not shown)")]
#[tokio::test]
async fn says_what_it_saw_if_it_looks_like_a_service_and_never_the_token(#[case] issuer: &str, #[case] shown: &str) {
    let token = token(&claims_with("iss", json!(issuer)));
    let Err(error) = Setting::new().verify(&token).await else { panic!() };
    let CallerError::Unauthenticated(reason) = &error else { panic!() };
    assert_eq!(reason.observed(), Some(shown));
    assert_eq!(error.to_string(), "the caller is not authenticated: issuer");
    assert!(!format!("{error:?}").contains(&token));
}

#[tokio::test]
async fn what_it_saw_is_cut_at_200_characters() {
    let token = token(&claims_with("iss", json!("x".repeat(500))));
    let Err(CallerError::Unauthenticated(reason)) = Setting::new().verify(&token).await else { panic!() };
    assert_eq!(reason.observed().unwrap().len(), 200);
}

#[test]
fn the_key_documents_are_those_of_both_authorities() {
    let urls: Vec<_> = settings().key_documents().iter().map(ToString::to_string).collect();
    let expected = [
        format!("https://{TENANT}.ciamlogin.com/{TENANT}/discovery/v2.0/keys"),
        format!("https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"),
    ];
    assert_eq!(urls, expected);
}
