//! The decision at the start of a sign-up: Entra has verified who the person is, and the form is not shown yet.

use std::time::Duration;

use super::sender::scope_of_start;
use super::{Decided, Decision, DecisionContext, DecisionFailure, DecisionServices, WaitTimes, message_context};
use crate::lookups::LookupSubject;
use crate::reservations::Scope;
use crate::signup::answer;
use crate::signup::gate::{self, Admission, GateInput};
use crate::signup::identity::{self, FoundAddress};
use crate::signup::policy::{Mode, Policy};
use crate::values::AttributeValues;

/// How much time look-ups leave for the answer: a form without their values is better than none.
const RESERVE: Duration = Duration::from_millis(50);

/// Decides about the start of a sign-up.
pub async fn start(services: &DecisionServices, context: &mut DecisionContext<'_>) -> Result<Decided, DecisionFailure> {
    let event = context.event;
    let policy = services.sign_up.policy_for(&event.app);
    let found = identity::at_start(policy, &event.identities, &event.form);
    context.note_address(&found);
    let found = found.ok();
    let invitations = services.invitations(policy, found.as_ref(), context).await?;
    let question =
        GateInput { policy, address: found.as_ref(), invitations: &invitations, app: &event.app, now: context.now };
    let admission = gate::decide(&question, &mut context.trace);
    let looked_up = match policy.filter(|policy| shows_the_form(policy, &admission)) {
        Some(policy) => prepare(services, policy, found.as_ref(), &admission, context).await?,
        None => AttributeValues::new(),
    };
    let support_code = context.support_code.clone();
    let answered = answer::StartInput {
        admission: &admission,
        form: &event.form,
        looked_up: &looked_up,
        messages: &services.sign_up.messages,
        message_context: message_context(event, &support_code, found.as_ref().map(|found| &found.address)),
    }
    .answer(policy, &mut context.trace);
    Ok(Decided {
        decision: Decision::Start(answered.decision),
        reason: answered.reason,
        reported: answered.reported,
        policy: policy.map(|policy| policy.name.clone()),
        found,
        known_by: None,
    })
}

/// Whether the person goes on to the form. A policy that only reports stops nobody.
fn shows_the_form(policy: &Policy, admission: &Admission<'_>) -> bool {
    policy.mode == Mode::Report || !matches!(admission, Admission::Refused(_))
}

/// What has to be there before the form is shown: the Start, where Submit may need it, and what look-ups find, which is
/// nothing if they are late.
async fn prepare(
    services: &DecisionServices,
    policy: &Policy,
    found: Option<&FoundAddress>,
    admission: &Admission<'_>,
    context: &mut DecisionContext<'_>,
) -> Result<AttributeValues, DecisionFailure> {
    let (event, now) = (context.event, context.now);
    let scope = scope_of_start(policy, admission);
    let remembered = async {
        let remembered = services.state.remember(scope, event, found, now);
        match scope {
            Scope::Process => remembered.await,
            Scope::Shared => WaitTimes::of(&mut context.times.state, remembered).await,
        }
    };
    let asked = async {
        let refused = matches!(admission, Admission::Refused(_));
        let (Some(found), false) = (found, refused || policy.lookups.is_empty()) else {
            return AttributeValues::new();
        };
        let inquiry = LookupSubject {
            address: &found.address,
            app: &event.app,
            invitation: admission.invitation(),
            locale: &event.client.locale,
        };
        let asked = services.lookups.ask(&policy.lookups, &inquiry, context.deadline.earlier(RESERVE));
        WaitTimes::of(&mut context.times.lookups, asked).await.values
    };
    let (remembered, looked_up) = futures_util::join!(remembered, asked);
    remembered?;
    if scope == Scope::Shared {
        context.trace.note("remembered", "who came, for the form that comes back");
    }
    if !policy.lookups.is_empty() {
        context.trace.note("look-ups", format_args!("{} values", looked_up.len()));
    }
    Ok(looked_up)
}
