//! The budget: whatever hangs, fails or panics, there is a valid action in time. Time is paused, dependencies are fakes.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::State;
use futures_util::future::pending;
use rstest::rstest;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::level_filters::LevelFilter;

use super::super::on_attribute_collection_start::on_attribute_collection_start;
use super::super::on_attribute_collection_submit::on_attribute_collection_submit;
use super::*;
use crate::clock::{ManualClock, SystemClock};
use crate::decisions::{GuessLimit, SharedState};
use crate::entra::caller;
use crate::entra::signing_keys::{KeySource, SigningKeys, SourceError};
use crate::entra::test_key::{KEY, jwks};
use crate::invites::InviteSource;
use crate::invites::{InviteError, Invites};
use crate::lookups::{self, Lookups, UrlTemplate};
use crate::outbound::Outbound;
use crate::reservations::{RememberedStarts, Reservations, Visibility};
use crate::signup::identity::EmailSource;
use crate::signup::policy::{Gate, Mode, Policy, SignUpSettings};
use crate::storage::StateStore;
use crate::telemetry::{self, CapturedLines};
use crate::values::{AttributeName, Code, CodeDigest, EmailAddress, EmailMatch, Invitation, InvitationCode};
use store::Dead;

mod store;

const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const APP: &str = "99999999-2222-3333-4444-555555555555";
const BUDGET: Duration = Duration::from_millis(800);

/// How a dependency behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Answers,
    Hangs,
    Fails,
    Panics,
}

impl KeySource for Behaviour {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        match self {
            Self::Answers => Box::pin(async { Ok(jwks(&[KEY.jwk(KEY.kid)])) }),
            Self::Fails => Box::pin(async { Err(SourceError::TimedOut) }),
            Self::Hangs | Self::Panics => Box::pin(pending()),
        }
    }
}

impl InviteSource for Behaviour {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn find<'a>(&'a self, _: &'a EmailAddress, _: EmailMatch) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        self.nothing()
    }

    fn find_code<'a>(&'a self, _: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        self.nothing()
    }
}

impl Behaviour {
    fn nothing<'a>(self) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        match self {
            Self::Answers => Box::pin(async { Ok(Vec::new()) }),
            Self::Fails => Box::pin(async {
                Err(InviteError { source_name: "fake".into(), reason: "it is not there".to_owned() })
            }),
            Self::Hangs => Box::pin(pending()),
            Self::Panics => panic!("a defect in a source"),
        }
    }
}

fn hooks(keys: Behaviour, invites: Behaviour, on_failure: OnFailure) -> Arc<Hooks> {
    hooks_of(Policy::new("default", Gate::Open), &StateStore::in_memory(), keys, invites, on_failure)
}

fn hooks_of(
    policy: Policy,
    store: &StateStore,
    keys: Behaviour,
    invites: Behaviour,
    on_failure: OnFailure,
) -> Arc<Hooks> {
    let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
    let settings = caller::Settings {
        tenant: TENANT.parse().unwrap(),
        subdomain: None,
        login: "https://login.microsoftonline.com".parse().unwrap(),
        ciam: format!("https://{TENANT}.ciamlogin.com").parse().unwrap(),
        audience: vec![APP.to_owned()],
        allowed_callers: vec!["99045fe1-7639-4a75-9d4a-577b6ca3810f".parse().unwrap()],
    };
    let sources = [Box::new(keys) as Box<dyn KeySource>];
    let keys = SigningKeys::from_sources(sources, TaskTracker::new(), CancellationToken::new());
    let services = DecisionServices {
        sign_up: SignUpSettings { policies: vec![policy], ..SignUpSettings::default() },
        invites: Invites::new(vec![Arc::new(invites)]),
        lookups: Lookups::default(),
        state: SharedState::new(Reservations::new(store), RememberedStarts::new(store, None)),
        guess_limit: GuessLimit::default(),
        clock: clock.clone(),
    };
    Arc::new(Hooks {
        settings: HookSettings { tenant: TENANT.parse().unwrap(), budget: BUDGET, on_failure },
        verifier: Verifier::new(&settings, keys, clock),
        services,
        hasher: AddressHasher::new(None),
        counters: Counters::default(),
        forms: SetOnce::new_with(Some(())),
    })
}

fn token() -> String {
    let now = "2026-11-21T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    let issuer = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
    let claims = json!({
        "aud": APP, "iss": issuer, "tid": TENANT, "ver": "2.0", "nbf": now, "exp": now + 3600,
        "azp": "99045fe1-7639-4a75-9d4a-577b6ca3810f",
    });
    KEY.sign(&json!({ "alg": "RS256", "typ": "JWT", "kid": KEY.kid }), &claims)
}

/// A source that knows one code.
#[derive(Debug)]
struct OneCode(Code);

impl InviteSource for OneCode {
    fn name(&self) -> &'static str {
        "one code"
    }

    fn find<'a>(&'a self, _: &'a EmailAddress, _: EmailMatch) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn find_code<'a>(&'a self, digest: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        let code = InvitationCode { digest: self.0.digest(), uses: 1 };
        let known = Invitation { code: Some(code), ..Invitation::new("one code".into(), 2, None) };
        let found = if *digest == self.0.digest() { vec![known] } else { Vec::new() };
        Box::pin(async { Ok(found) })
    }
}

/// A store that does not work is the end of a decision that needs it, and of no other.
#[rstest]
#[case::hangs(Dead::Hangs, BUDGET)]
#[case::fails(Dead::Fails, Duration::ZERO)]
#[tokio::test(start_paused = true)]
async fn a_state_store_that_does_not_work_leads_to_the_failure_action(
    #[case] dead: Dead,
    #[case] takes: Duration,
    #[values(OnFailure::Block, OnFailure::Continue)] on_failure: OnFailure,
) {
    let code = (0..=u8::MAX).find_map(|byte| Code::from_random([byte; 16])).unwrap();
    let field = AttributeName::new("extension_0_Code");
    let with_code = Policy { invitation_code: Some(field), ..Policy::new("default", Gate::InviteOnly) };
    let remembers = Policy { email_sources: vec![EmailSource::Identity], ..Policy::new("default", Gate::Open) };
    for (policy, kind) in [(&with_code, EventKind::Submit), (&remembers, EventKind::Start)] {
        let mut event: Value = serde_json::from_str(&event(kind)).unwrap();
        let value = json!({ "@odata.type": "microsoft.graph.stringDirectoryAttributeValue", "value": code.reveal() });
        event["data"]["userSignUpInfo"]["attributes"]["extension_0_Code"] = value;
        let store = StateStore::over(Arc::new(dead));
        let hooks = hooks_of(policy.clone(), &store, Behaviour::Answers, Behaviour::Answers, on_failure);
        let mut hooks = Arc::into_inner(hooks).unwrap();
        hooks.services.invites = Invites::new(vec![Arc::new(OneCode(code.clone()))]);
        let (action, _, took) = ask(&Arc::new(hooks), kind, event.to_string().into()).await;
        let wanted = match on_failure {
            OnFailure::Block => ["showBlockPage"].as_slice(),
            OnFailure::Continue => ["continueWithDefaultBehavior", "modifyAttributeValues"].as_slice(),
        };
        assert!(wanted.contains(&action.as_str()), "{kind:?} {action}");
        assert_eq!(took, takes, "{kind:?}");
    }
    // What needs no store does not notice.
    let store = StateStore::over(Arc::new(dead));
    let policy = Policy::new("default", Gate::Open);
    let hooks = hooks_of(policy, &store, Behaviour::Answers, Behaviour::Answers, on_failure);
    for kind in [EventKind::Start, EventKind::Submit] {
        let (action, _, took) = ask(&hooks, kind, event(kind).into()).await;
        assert_eq!((action.as_str(), took), ("continueWithDefaultBehavior", Duration::ZERO));
    }
}

/// A store that can never be used is not taken for an empty one: whoever needs it gets the failure action.
#[tokio::test(start_paused = true)]
async fn a_state_store_that_can_never_be_used_leads_to_the_failure_action_and_is_named_in_the_log() {
    let lines = CapturedLines::default();
    // With two subscribers, asking whether a level is on that is off would silence the line that follows.
    let subscriber = telemetry::subscriber(LevelFilter::DEBUG, lines.clone(), Arc::new(SystemClock));
    // With one subscriber alone, an event that another thread reaches first stays off in all threads.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let remembers = Policy { email_sources: vec![EmailSource::Identity], ..Policy::new("default", Gate::Open) };
    for (policy, wanted) in
        [(remembers, "showBlockPage"), (Policy::new("default", Gate::Open), "continueWithDefaultBehavior")]
    {
        let store = StateStore::unusable();
        let hooks = hooks_of(policy, &store, Behaviour::Answers, Behaviour::Answers, OnFailure::Block);
        let (action, ..) = ask(&hooks, EventKind::Start, event(EventKind::Start).into()).await;
        assert_eq!(action, wanted);
    }
    let failures: Vec<_> = lines.events().into_iter().filter(|line| line["event"] == "failure-action").collect();
    assert!(failures.len() == 1 && failures[0]["reason"] == "state-unavailable", "{failures:?}");
    assert!(failures[0]["error"].as_str().unwrap().contains("on Azure"), "{failures:?}");
}

/// Someone answers the connection, and never the request.
#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_costs_its_values_and_leaves_time_for_the_answer() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/people?email={{{{ email }}}}", silent.local_addr().unwrap());
    let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
    let settings = lookups::Settings {
        name: Arc::from("crm"),
        url: UrlTemplate::try_new(&url).unwrap(),
        method: lookups::MethodAndBody::Get,
        headers: Vec::new(),
        prefill: vec![(AttributeName::new("city"), "/city".parse().unwrap())],
        budget: BUDGET * 2,
        cache: Duration::ZERO,
        max_body: 65_536,
        private: true,
    };
    let policy = Policy { lookups: vec![Arc::from("crm")], ..Policy::new("default", Gate::Open) };
    let answers = Behaviour::Answers;
    let hooks = hooks_of(policy, &StateStore::in_memory(), answers, answers, OnFailure::Block);
    let mut hooks = Arc::into_inner(hooks).unwrap();
    hooks.services.lookups = Lookups::try_new(vec![settings], &Outbound::try_new(clock).unwrap()).unwrap();
    let (action, _, took) = ask(&Arc::new(hooks), EventKind::Start, event(EventKind::Start).into()).await;
    assert_eq!(action, "continueWithDefaultBehavior");
    assert!(took + Duration::from_millis(45) <= BUDGET, "{took:?}");
}

fn event(kind: EventKind) -> String {
    let (event, data) = match kind {
        EventKind::Start => ("attributeCollectionStart", "onAttributeCollectionStartCalloutData"),
        EventKind::Submit => ("attributeCollectionSubmit", "onAttributeCollectionSubmitCalloutData"),
    };
    json!({
        "type": format!("microsoft.graph.authenticationEvent.{event}"),
        "data": {
            "@odata.type": format!("microsoft.graph.{data}"),
            "tenantId": TENANT,
            "authenticationContext": {
                "correlationId": "6b264006-9d46-4409-bdb7-a501b6c22527",
                "clientServicePrincipal": { "appId": "44444444-5555-6666-7777-888888888888" },
            },
            "userSignUpInfo": {
                "attributes": {},
                "identities": [{ "signInType": "federated", "issuer": "mail", "issuerAssignedId": "jo@example.com" }],
            },
        },
    })
    .to_string()
}

/// The action's name, its message, and how long it took.
async fn ask(hooks: &Arc<Hooks>, kind: EventKind, body: Body) -> (String, String, Duration) {
    let request = Request::post("/").header("authorization", format!("Bearer {}", token())).body(body).unwrap();
    let started = Instant::now();
    let response = match kind {
        EventKind::Start => on_attribute_collection_start(State(Arc::clone(hooks)), request).await,
        EventKind::Submit => on_attribute_collection_submit(State(Arc::clone(hooks)), request).await,
    };
    let took = started.elapsed();
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let action = &body["data"]["actions"][0];
    let name = action["@odata.type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    (name, action["message"].as_str().unwrap_or_default().to_owned(), took)
}

#[rstest]
#[case::keys_hang(Behaviour::Hangs, Behaviour::Answers)]
#[case::keys_fail(Behaviour::Fails, Behaviour::Answers)]
#[case::invites_hang(Behaviour::Answers, Behaviour::Hangs)]
#[case::invites_fail(Behaviour::Answers, Behaviour::Fails)]
#[case::invites_panic(Behaviour::Answers, Behaviour::Panics)]
#[tokio::test(start_paused = true)]
async fn whatever_hangs_there_is_a_valid_action_in_time(
    #[case] keys: Behaviour,
    #[case] invites: Behaviour,
    #[values(EventKind::Start, EventKind::Submit)] kind: EventKind,
    #[values(OnFailure::Block, OnFailure::Continue)] on_failure: OnFailure,
) {
    let hooks = hooks(keys, invites, on_failure);
    let (action, message, took) = ask(&hooks, kind, event(kind).into()).await;
    match on_failure {
        OnFailure::Block => {
            assert_eq!(action, "showBlockPage");
            assert!(message.contains("try again"), "{message}");
        }
        OnFailure::Continue => assert_eq!(action, "continueWithDefaultBehavior"),
    }
    assert!(took < BUDGET + Duration::from_millis(50), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_cut_off_in_time() {
    let hooks = hooks(Behaviour::Answers, Behaviour::Answers, OnFailure::Block);
    let begun = futures_util::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    let endless = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
    let (action, _, took) = ask(&hooks, EventKind::Start, Body::from_stream(endless)).await;
    assert_eq!((action.as_str(), took), ("showBlockPage", BUDGET));
}

#[rstest]
#[case::without_a_token(None, "100", StatusCode::UNAUTHORIZED)]
#[case::with_rubbish(Some("Bearer a.b.c"), "100", StatusCode::UNAUTHORIZED)]
#[case::too_large(None, "300000", StatusCode::PAYLOAD_TOO_LARGE)]
#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_refused_for_what_can_be_seen_without_it(
    #[case] authorization: Option<&str>,
    #[case] length: &str,
    #[case] status: StatusCode,
) {
    let hooks = hooks(Behaviour::Hangs, Behaviour::Answers, OnFailure::Continue);
    let mut request = Request::post("/").header("content-length", length);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let started = Instant::now();
    let response = on_attribute_collection_start(State(hooks), request.body(never).unwrap()).await;
    assert_eq!((response.status(), started.elapsed()), (status, BUDGET));
}

/// Whether a Submit that proves nothing by itself is known to be somebody's.
async fn is_known(hooks: &Hooks) -> bool {
    let tenant = TENANT.parse().unwrap();
    let mut submit = SignUpEvent::parse(event(EventKind::Submit).as_bytes(), EventKind::Submit, &tenant).unwrap();
    submit.identities.clear();
    let known =
        hooks.services.state.find_sender(Visibility::Process, &submit, |_| true, hooks.services.clock.now()).await;
    known.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_for_a_caller_who_is_unknown() {
    let unknown = hooks(Behaviour::Hangs, Behaviour::Panics, OnFailure::Continue);
    let (action, ..) = ask(&unknown, EventKind::Start, event(EventKind::Start).into()).await;
    assert_eq!(action, "continueWithDefaultBehavior");
    assert!(!is_known(&unknown).await);
    let known = hooks(Behaviour::Answers, Behaviour::Answers, OnFailure::Continue);
    ask(&known, EventKind::Start, event(EventKind::Start).into()).await;
    assert!(is_known(&known).await);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_only_reports_stops_nobody_even_if_no_decision_can_be_made() {
    let policy = Policy { mode: Mode::Report, ..Policy::new("default", Gate::InviteOnly) };
    for invites in [Behaviour::Fails, Behaviour::Hangs, Behaviour::Panics] {
        let store = StateStore::in_memory();
        let hooks = hooks_of(policy.clone(), &store, Behaviour::Answers, invites, OnFailure::Block);
        for kind in [EventKind::Start, EventKind::Submit] {
            let (action, ..) = ask(&hooks, kind, event(kind).into()).await;
            assert_eq!(action, "continueWithDefaultBehavior", "{invites:?}");
        }
    }
    // Who is not known to be Entra is not known to sign up to anything.
    let hooks = hooks_of(policy, &StateStore::in_memory(), Behaviour::Hangs, Behaviour::Answers, OnFailure::Block);
    let (action, ..) = ask(&hooks, EventKind::Start, event(EventKind::Start).into()).await;
    assert_eq!(action, "showBlockPage");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_in_time_is_the_decision() {
    let hooks = hooks(Behaviour::Answers, Behaviour::Answers, OnFailure::Block);
    let (action, _, took) = ask(&hooks, EventKind::Start, event(EventKind::Start).into()).await;
    assert_eq!((action.as_str(), took), ("continueWithDefaultBehavior", Duration::ZERO));
}

/// What forms need is prepared once the service listens, and no worker waits for it meanwhile.
#[tokio::test(start_paused = true)]
async fn a_form_waits_until_forms_can_be_checked_and_no_longer_than_its_budget() {
    let mut hooks = Arc::into_inner(hooks(Behaviour::Answers, Behaviour::Answers, OnFailure::Block)).unwrap();
    hooks.forms = SetOnce::new();
    let hooks = Arc::new(hooks);
    let (action, _, took) = ask(&hooks, EventKind::Submit, event(EventKind::Submit).into()).await;
    assert_eq!((action.as_str(), took), ("showBlockPage", BUDGET));
    let (action, _, took) = ask(&hooks, EventKind::Start, event(EventKind::Start).into()).await;
    assert_eq!((action.as_str(), took), ("continueWithDefaultBehavior", Duration::ZERO));
    let prepared = async {
        tokio::time::sleep(BUDGET / 2).await;
        hooks.forms.set(()).unwrap();
    };
    let (asked, ()) = tokio::join!(ask(&hooks, EventKind::Submit, event(EventKind::Submit).into()), prepared);
    assert_eq!((asked.0.as_str(), asked.2), ("continueWithDefaultBehavior", BUDGET / 2));
}
