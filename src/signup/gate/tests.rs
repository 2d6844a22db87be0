//! The precedence, case by case, and what holds for any input.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::signup::identity::{AddressSource, EmailSource};
use crate::values::{AppId, AttributeName};

const APP: &str = "44444444-0000-0000-0000-000000000001";

fn rules(list: &[&str]) -> Vec<AddressRule> {
    list.iter().map(|rule| rule.parse().unwrap()).collect()
}

fn policy(gate: Gate, allow: &[&str], deny: &[&str]) -> Policy {
    Policy { allow: rules(allow), deny: rules(deny), ..Policy::new("default", gate) }
}

fn found(address: &str, provenance: Provenance) -> FoundAddress {
    FoundAddress { address: address.parse().unwrap(), provenance, source: AddressSource::Event(EmailSource::Identity) }
}

/// A policy with a field for codes.
fn with_code(policy: Policy) -> Policy {
    Policy { invitation_code: Some(AttributeName::new("extension_0_Code")), ..policy }
}

fn invitation(rule: &str, line: u64) -> Invitation {
    Invitation::new("beta".into(), line, Some(rule.parse().unwrap()))
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// The reason, and the line of the invitation that fills the form.
fn asked(policy: &Policy, address: &str, invitations: &[Invitation]) -> (&'static str, Option<u64>) {
    asked_of(policy, &found(address, Provenance::Verified), invitations)
}

fn asked_of(policy: &Policy, found: &FoundAddress, invitations: &[Invitation]) -> (&'static str, Option<u64>) {
    let matches =
        |one: &&Invitation| one.rule.as_ref().is_some_and(|rule| rule.matches(&found.address, policy.email_match));
    let matching: Vec<Invitation> = invitations.iter().filter(matches).cloned().collect();
    let app = App { id: APP.parse().ok(), name: "Portal".into() };
    let input = GateInput { policy: Some(policy), address: Some(found), invitations: &matching, app: &app, now: now() };
    let admission = decide(&input, &mut Trace::off());
    (admission.reason().name(), admission.invitation().map(|invitation| invitation.line))
}

#[rstest]
#[case::nothing_speaks_for_it(Gate::InviteOnly, &[], &[], &[], "not-invited")]
#[case::an_open_gate(Gate::Open, &[], &[], &[], "open")]
#[case::a_closed_gate_refuses_the_invited(Gate::Closed, &["jo@mail.contoso.com"], &[], &["jo@mail.contoso.com"], "closed")]
#[case::an_exact_invitation(Gate::InviteOnly, &[], &[], &["jo@mail.contoso.com"], "invitation")]
#[case::an_exact_allow(Gate::InviteOnly, &["JO@mail.contoso.com"], &[], &[], "allow")]
#[case::an_exact_invitation_before_an_exact_deny(Gate::Open, &[], &["jo@mail.contoso.com"], &["jo@mail.contoso.com"], "invitation")]
#[case::an_exact_allow_before_an_exact_deny(Gate::Open, &["jo@mail.contoso.com"], &["jo@mail.contoso.com"], &[], "allow")]
#[case::an_exact_deny_before_a_domain(Gate::Open, &["@mail.contoso.com"], &["jo@mail.contoso.com"], &[], "denied")]
#[case::an_exact_invitation_before_a_denied_domain(Gate::InviteOnly, &[], &["@mail.contoso.com"], &["jo@mail.contoso.com"], "invitation")]
#[case::a_tag_does_not_help_who_is_denied(Gate::Open, &[], &["jo+x@mail.contoso.com"], &[], "denied")]
#[case::nor_does_it_invite(Gate::InviteOnly, &["jo+x@mail.contoso.com"], &[], &["jo+y@mail.contoso.com"], "not-invited")]
#[case::an_allowed_domain(Gate::InviteOnly, &["@mail.contoso.com"], &[], &[], "allow")]
#[case::a_domain_is_just_that_domain(Gate::InviteOnly, &["@contoso.com"], &[], &[], "not-invited")]
#[case::any_depth_below(Gate::InviteOnly, &["@*.contoso.com"], &[], &[], "allow")]
#[case::an_invited_domain(Gate::InviteOnly, &[], &[], &["@mail.contoso.com"], "invitation")]
#[case::a_denied_domain_at_an_open_gate(Gate::Open, &[], &["@mail.contoso.com"], &[], "denied")]
#[case::the_longer_allow_wins(Gate::InviteOnly, &["@mail.contoso.com"], &["@*.contoso.com"], &[], "allow")]
#[case::the_longer_deny_wins(Gate::InviteOnly, &["@*.contoso.com"], &["@mail.contoso.com"], &[], "denied")]
#[case::the_longer_invitation_wins(Gate::InviteOnly, &[], &["@*.contoso.com"], &["@mail.contoso.com"], "invitation")]
#[case::deny_wins_a_tie_with_allow(Gate::Open, &["@mail.contoso.com"], &["@mail.contoso.com"], &[], "denied")]
#[case::deny_wins_a_tie_with_an_invitation(Gate::Open, &[], &["@mail.contoso.com"], &["@mail.contoso.com"], "denied")]
fn follows_the_precedence(
    #[case] gate: Gate,
    #[case] allow: &[&str],
    #[case] deny: &[&str],
    #[case] invited: &[&str],
    #[case] reason: &str,
) {
    let invitations: Vec<Invitation> = invited.iter().map(|rule| invitation(rule, 2)).collect();
    assert_eq!(asked(&policy(gate, allow, deny), "jo@mail.contoso.com", &invitations).0, reason);
}

#[test]
fn an_invitation_that_does_not_count_names_the_refusal() {
    let policy = policy(Gate::InviteOnly, &[], &[]);
    let expired = Invitation { expires: Some(now()), ..invitation("jo@example.com", 2) };
    let early =
        Invitation { not_before: Some(now() + chrono::TimeDelta::seconds(1)), ..invitation("jo@example.com", 3) };
    let other: AppId = "44444444-0000-0000-0000-000000000002".parse().unwrap();
    let other = Invitation { apps: vec![other], ..invitation("jo@example.com", 4) };
    assert_eq!(asked(&policy, "jo@example.com", std::slice::from_ref(&expired)).0, "invitation-expired");
    assert_eq!(asked(&policy, "jo@example.com", &[early]).0, "invitation-not-yet-valid");
    assert_eq!(asked(&policy, "jo@example.com", &[other]).0, "invitation-for-another-app");
    // It counts as absent: a later one that is valid admits.
    assert_eq!(asked(&policy, "jo@example.com", &[expired, invitation("jo@example.com", 5)]), ("invitation", Some(5)));
}

#[test]
fn of_several_invitations_that_do_not_count_the_first_names_the_refusal() {
    let policy = policy(Gate::InviteOnly, &[], &[]);
    let expired = Invitation { expires: Some(now()), ..invitation("jo@example.com", 2) };
    let early = Invitation { not_before: Some(now() + chrono::TimeDelta::seconds(1)), ..invitation("@example.com", 3) };
    let other = vec!["44444444-0000-0000-0000-000000000002".parse().unwrap()];
    let other = Invitation { apps: other, ..invitation("jo@example.com", 4) };
    for (invitations, reason) in [
        ([&expired, &early, &other], "invitation-expired"),
        ([&early, &other, &expired], "invitation-not-yet-valid"),
        ([&other, &expired, &early], "invitation-for-another-app"),
    ] {
        assert_eq!(asked(&policy, "jo@example.com", &invitations.map(Clone::clone)).0, reason);
    }
}

#[test]
fn of_invited_domains_the_longest_fills_the_form_and_of_equally_long_ones_the_first() {
    let policy = policy(Gate::InviteOnly, &[], &[]);
    let listed = [
        invitation("@*.contoso.com", 2),
        invitation("@mail.contoso.com", 3),
        invitation("@mail.contoso.com", 4),
        invitation("@*.contoso.com", 5),
    ];
    assert_eq!(asked(&policy, "jo@mail.contoso.com", &listed), ("invitation", Some(3)));
    assert_eq!(asked(&policy, "jo@x.contoso.com", &listed), ("invitation", Some(2)));
}

#[test]
fn the_first_valid_invitation_fills_the_form_and_an_exact_one_before_a_domain() {
    let policy = policy(Gate::InviteOnly, &["jo@example.com"], &[]);
    let both = [invitation("@example.com", 2), invitation("jo@example.com", 3), invitation("jo@example.com", 4)];
    assert_eq!(asked(&policy, "jo@example.com", &both).1, Some(3));
    assert_eq!(asked(&policy, "jo@example.com", &both[..1]), ("allow", Some(2)));
}

#[test]
fn an_app_without_a_policy_is_refused() {
    let address = found("jo@example.com", Provenance::Verified);
    let app = App::default();
    let input = GateInput { policy: None, address: Some(&address), invitations: &[], app: &app, now: now() };
    assert_eq!(decide(&input, &mut Trace::off()).reason(), Reason::NoPolicy);
}

#[test]
fn nobody_without_an_address_passes_even_an_open_gate() {
    for policy in [policy(Gate::Open, &[], &[]), with_code(policy(Gate::Open, &[], &[]))] {
        assert_eq!(without_address(&policy), "no-address");
    }
}

fn without_address(policy: &Policy) -> &'static str {
    let app = App::default();
    let input = GateInput { policy: Some(policy), address: None, invitations: &[], app: &app, now: now() };
    decide(&input, &mut Trace::off()).reason().name()
}

#[test]
fn without_an_address_a_code_admits_only_if_the_policy_says_so() {
    let policy = with_code(policy(Gate::InviteOnly, &[], &[]));
    assert_eq!(without_address(&Policy { no_address: NoAddress::Code, ..policy.clone() }), "needs-code");
    assert_eq!(without_address(&Policy { gate: Gate::Closed, ..policy }), "closed");
}

#[rstest]
#[case::nothing_speaks_for_it(Gate::InviteOnly, &[], &[], "needs-code")]
#[case::an_invitation(Gate::InviteOnly, &[], &["jo@mail.contoso.com"], "invitation")]
#[case::an_open_gate(Gate::Open, &[], &[], "open")]
#[case::a_denied_address(Gate::InviteOnly, &["jo@mail.contoso.com"], &[], "denied")]
#[case::a_denied_domain(Gate::InviteOnly, &["@*.contoso.com"], &[], "denied")]
#[case::a_closed_gate(Gate::Closed, &[], &[], "closed")]
fn a_code_is_for_whom_nothing_admits_and_nothing_denies(
    #[case] gate: Gate,
    #[case] deny: &[&str],
    #[case] invited: &[&str],
    #[case] reason: &str,
) {
    let invitations: Vec<Invitation> = invited.iter().map(|rule| invitation(rule, 2)).collect();
    assert_eq!(asked(&with_code(policy(gate, &[], deny)), "jo@mail.contoso.com", &invitations).0, reason);
}

#[test]
fn a_disposable_address_is_refused_unless_something_names_it() {
    let disposable = |allow: &[&str]| Policy { deny_disposable: true, ..policy(Gate::Open, allow, &[]) };
    let asked = |policy: &Policy, invited: &[Invitation]| asked(policy, "jo@mailinator.com", invited).0;
    assert_eq!(asked(&disposable(&[]), &[]), "disposable");
    assert_eq!(asked(&with_code(disposable(&[])), &[]), "disposable");
    assert_eq!(asked(&disposable(&["@mailinator.com"]), &[]), "allow");
    assert_eq!(asked(&disposable(&[]), &[invitation("jo@mailinator.com", 2)]), "invitation");
    assert_eq!(asked(&policy(Gate::Open, &[], &[]), &[]), "open");
}

#[test]
fn addresses_are_compared_as_the_policy_says() {
    let asked = |how, allow: &str, address: &str| {
        asked(&Policy { email_match: how, ..policy(Gate::InviteOnly, &[allow], &[]) }, address, &[]).0
    };
    assert_eq!(asked(EmailMatch::Exact, "jo@contoso.com", "jo+x@contoso.com"), "not-invited");
    assert_eq!(asked(EmailMatch::IgnoreTag, "jo@contoso.com", "jo+x@contoso.com"), "allow");
    assert_eq!(asked(EmailMatch::IgnoreTag, "jo+y@contoso.com", "jo+x@contoso.com"), "allow");
    assert_eq!(asked(EmailMatch::IgnoreTag, "j.o@gmail.com", "jo@gmail.com"), "not-invited");
    assert_eq!(asked(EmailMatch::IgnoreTagAndDots, "j.o@gmail.com", "jo+x@googlemail.com"), "allow");
}

#[test]
fn a_typed_address_closes_the_gate_and_never_opens_it() {
    let typed = |policy: &Policy, invited: &[Invitation]| {
        asked_of(policy, &found("jo@contoso.com", Provenance::Typed), invited).0
    };
    for gate in [Gate::Open, Gate::InviteOnly] {
        let policy = policy(gate, &["jo@contoso.com", "@contoso.com"], &[]);
        assert_eq!(typed(&policy, &[invitation("jo@contoso.com", 2), invitation("@contoso.com", 3)]), "address-typed");
        // Start has seen an address, and nobody remembers which: no code brings it back.
        assert_eq!(typed(&with_code(policy.clone()), &[]), "address-typed");
        let code = Policy { no_address: NoAddress::Code, ..with_code(policy) };
        assert_eq!(typed(&code, &[invitation("jo@contoso.com", 2)]), "needs-code");
        assert_eq!(typed(&Policy { deny: rules(&["jo+x@contoso.com"]), ..code.clone() }, &[]), "denied");
        assert_eq!(typed(&Policy { deny: rules(&["@contoso.com"]), ..code }, &[]), "denied");
    }
}

#[test]
fn an_invitation_with_a_code_does_not_admit_by_its_address() {
    let digest = "0".repeat(64).parse().unwrap();
    let code = Some(crate::values::InvitationCode { digest, uses: 1 });
    let invited = Invitation { code, ..invitation("jo@contoso.com", 2) };
    assert_eq!(asked(&policy(Gate::InviteOnly, &[], &[]), "jo@contoso.com", &[invited]).0, "not-invited");
}

#[test]
fn the_trace_never_holds_an_address() {
    let address = found("jo@example.com", Provenance::Verified);
    let policy = policy(Gate::InviteOnly, &["jo@example.com"], &[]);
    let app = App::default();
    let invitations = [invitation("jo@example.com", 2)];
    let input =
        GateInput { policy: Some(&policy), address: Some(&address), invitations: &invitations, app: &app, now: now() };
    let mut trace = Trace::on(Box::new(std::time::Duration::default));
    let _ = decide(&input, &mut trace);
    assert!(trace.steps().len() >= 4, "{trace:?}");
    assert!(!format!("{trace:?}").contains("jo@"), "{trace:?}");
}

proptest! {
    /// Whatever the rules: who is admitted at an invite-only gate has a rule that names the address or its domain.
    #[test]
    fn nobody_is_admitted_without_a_rule(
        local in "[a-c]{1,2}",
        domain in "([ab]\\.){0,2}(contoso|fabrikam)\\.com",
        allow in proptest::collection::vec("(|[a-c]{1,2})@(|\\*\\.)([ab]\\.){0,2}(contoso|fabrikam)\\.com", 0..4),
        deny in proptest::collection::vec("(|[a-c]{1,2})@([ab]\\.){0,2}(contoso|fabrikam)\\.com", 0..4),
    ) {
        let usable = |rules: Vec<String>| rules.iter().filter_map(|rule| rule.parse().ok()).collect::<Vec<AddressRule>>();
        let policy = Policy { allow: usable(allow), deny: usable(deny), ..policy(Gate::InviteOnly, &[], &[]) };
        let address = format!("{local}@{domain}");
        let named = policy.allow.iter().any(|rule| rule.matches(&address.parse().unwrap(), EmailMatch::Exact));
        let (reason, _) = asked(&policy, &address, &[]);
        prop_assert!(named || reason != "allow");
        prop_assert!(reason != "open" && reason != "invitation");
    }

    /// Whatever the policy and the lists: an address that was typed admits nobody.
    #[test]
    fn a_typed_address_never_admits(
        gate in 0..3_usize,
        code: bool,
        no_address: bool,
        how in 0..3_usize,
        disposable: bool,
        allow in proptest::collection::vec("(|[a-b])@(|\\*\\.)(a\\.){0,1}(contoso|gmail)\\.com", 0..4),
        deny in proptest::collection::vec("(|[a-b])@(a\\.){0,1}(contoso|gmail)\\.com", 0..2),
        invited in proptest::collection::vec("(|[a-b])@(a\\.){0,1}(contoso|gmail)\\.com", 0..4),
        address in "[a-b]{1,2}(\\+x)?@(a\\.){0,1}(contoso|gmail)\\.com",
    ) {
        let usable = |rules: Vec<String>| rules.iter().filter_map(|rule| rule.parse().ok()).collect::<Vec<AddressRule>>();
        let policy = Policy {
            allow: usable(allow),
            deny: usable(deny),
            deny_disposable: disposable,
            email_match: EmailMatch::ALL[how],
            no_address: if no_address { NoAddress::Code } else { NoAddress::Refuse },
            ..policy([Gate::InviteOnly, Gate::Open, Gate::Closed][gate], &[], &[])
        };
        let policy = if code { with_code(policy) } else { policy };
        let invitations: Vec<Invitation> = invited.iter().map(|rule| invitation(rule, 2)).collect();
        let typed = found(&address, Provenance::Typed);
        let app = App::default();
        let input =
            GateInput { policy: Some(&policy), address: Some(&typed), invitations: &invitations, app: &app, now: now() };
        let admission = decide(&input, &mut Trace::off());
        prop_assert!(!matches!(admission, Admission::Admitted(_)), "{:?}", admission.reason());
    }
}
