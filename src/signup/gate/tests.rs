//! The precedence, case by case, and what holds for any input.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::values::AppId;

const APP: &str = "44444444-0000-0000-0000-000000000001";

fn rules(list: &[&str]) -> Vec<AddressRule> {
    list.iter().map(|rule| rule.parse().unwrap()).collect()
}

fn policy(gate: Gate, allow: &[&str], deny: &[&str]) -> Policy {
    Policy {
        name: "default".into(),
        apps: Vec::new(),
        gate,
        allow: rules(allow),
        deny: rules(deny),
        prefill: Vec::new(),
        rules: Vec::new(),
    }
}

fn invitation(rule: &str, line: u64) -> Invitation {
    Invitation::new("beta".into(), line, Some(rule.parse().unwrap()))
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// The reason, and the line of the invitation that fills the form.
fn asked(policy: &Policy, address: &str, invitations: &[Invitation]) -> (&'static str, Option<u64>) {
    let address: EmailAddress = address.parse().unwrap();
    let matching: Vec<Invitation> = invitations
        .iter()
        .filter(|one| one.rule.as_ref().is_some_and(|rule| rule.matches(&address, EmailMatch::Exact)))
        .cloned()
        .collect();
    let app = App { id: APP.parse().ok(), name: "Portal".into() };
    let question =
        Question { policy: Some(policy), address: Some(&address), invitations: &matching, app: &app, now: now() };
    let admission = decide(&question, &mut Trace::default());
    let line = match admission {
        Admission::Admitted(admitted) => admitted.invitation.map(|invitation| invitation.line),
        Admission::Refused(_) => None,
    };
    (admission.reason(), line)
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
fn the_first_valid_invitation_fills_the_form_and_an_exact_one_before_a_domain() {
    let policy = policy(Gate::InviteOnly, &["jo@example.com"], &[]);
    let both = [invitation("@example.com", 2), invitation("jo@example.com", 3), invitation("jo@example.com", 4)];
    assert_eq!(asked(&policy, "jo@example.com", &both).1, Some(3));
    assert_eq!(asked(&policy, "jo@example.com", &both[..1]), ("allow", Some(2)));
}

#[test]
fn an_app_without_a_policy_is_refused() {
    let address: EmailAddress = "jo@example.com".parse().unwrap();
    let app = App::default();
    let question = Question { policy: None, address: Some(&address), invitations: &[], app: &app, now: now() };
    assert_eq!(decide(&question, &mut Trace::default()).reason(), "no-policy");
}

#[test]
fn nobody_without_an_address_passes_even_an_open_gate() {
    let policy = policy(Gate::Open, &[], &[]);
    let app = App::default();
    let question = Question { policy: Some(&policy), address: None, invitations: &[], app: &app, now: now() };
    assert_eq!(decide(&question, &mut Trace::default()).reason(), "no-address");
}

#[test]
fn the_trace_never_holds_an_address() {
    let address: EmailAddress = "jo@example.com".parse().unwrap();
    let policy = policy(Gate::InviteOnly, &["jo@example.com"], &[]);
    let app = App::default();
    let invitations = [invitation("jo@example.com", 2)];
    let question =
        Question { policy: Some(&policy), address: Some(&address), invitations: &invitations, app: &app, now: now() };
    let mut trace = Trace::default();
    let _ = decide(&question, &mut trace);
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
}

#[test]
fn whatever_is_wrong_with_an_address_reads_the_same() {
    use Refusal::{Denied, InvitationExpired, InvitationNotYetValid, InvitationOtherApp, NotInvited};
    for refusal in [NotInvited, Denied, InvitationExpired, InvitationNotYetValid, InvitationOtherApp] {
        assert_eq!(refusal.message(), "not-invited", "{refusal:?}");
    }
}
