//! The decision at the start of a sign-up: Entra has verified who the person is, and the form is not shown yet.

use std::sync::Arc;
use std::time::Duration;

use super::context::message_context;
use super::sender::visibility_of_start;
use super::{Decision, DecisionContext, DecisionError, DecisionRecord, DecisionServices, StateError, WaitTimes};
use crate::lookups::LookupSubject;
use crate::reservations::Visibility;
use crate::signup::answer::StartInput;
use crate::signup::gate::{self, Admission, GateInput};
use crate::signup::identity::{self, FoundAddress};
use crate::signup::policy::{Mode, Policy};
use crate::values::AttributeValues;

/// How long before the deadline look-ups must end. A form without their values is better than no form.
const TIME_FOR_ANSWER: Duration = Duration::from_millis(50);

/// Decides whether the person sees the form, and which values it shows.
pub(crate) async fn start(
    services: &DecisionServices,
    context: &mut DecisionContext<'_>,
) -> Result<DecisionRecord, DecisionError> {
    let event = context.event;
    let policy = services.sign_up.policy_for(&event.app);
    let address = identity::at_start(policy, &event.identities, &event.form);
    context.note_missing_address(&address);
    let address = address.ok();
    let invitations = services.invitations(policy, address.as_ref(), context).await?;
    let input =
        GateInput { policy, address: address.as_ref(), invitations: &invitations, app: &event.app, now: context.now };
    let admission = gate::decide(&input, &mut context.trace);
    let looked_up = match policy.filter(|policy| shows_form(policy, &admission)) {
        Some(policy) => prepare_form(services, policy, address.as_ref(), &admission, context).await?,
        None => AttributeValues::new(),
    };
    let answer = StartInput {
        admission: &admission,
        form: &event.form,
        looked_up: &looked_up,
        messages: &services.sign_up.messages,
        message_context: message_context(event, address.as_ref().map(|found| &found.address)),
    }
    .answer(policy, &mut context.trace);
    Ok(DecisionRecord {
        decision: Decision::Start(answer.decision),
        reason: answer.reason,
        reported: answer.reported,
        policy: policy.map(|policy| Arc::clone(&policy.name)),
        address,
        known_by: None,
    })
}

/// Whether the person goes on to the form. A policy that only reports stops nobody.
fn shows_form(policy: &Policy, admission: &Admission<'_>) -> bool {
    policy.mode == Mode::Report || !matches!(admission, Admission::Refused(_))
}

/// Does the work before the form is shown: remembers the Start and asks the look-ups, both at once. Returns the values
/// from the look-ups.
async fn prepare_form(
    services: &DecisionServices,
    policy: &Policy,
    address: Option<&FoundAddress>,
    admission: &Admission<'_>,
    context: &mut DecisionContext<'_>,
) -> Result<AttributeValues, StateError> {
    let (event, now) = (context.event, context.now);
    let visibility = visibility_of_start(policy, admission);
    let remembered = async {
        let remembered = services.state.remember(visibility, event, address, now);
        match visibility {
            Visibility::Process => remembered.await,
            Visibility::Shared => WaitTimes::measure(&mut context.times.state, remembered).await,
        }
    };
    let looked_up = async {
        let refused = matches!(admission, Admission::Refused(_));
        let (Some(found), false) = (address, refused || policy.lookups.is_empty()) else {
            return AttributeValues::new();
        };
        let subject = LookupSubject {
            address: &found.address,
            app: &event.app,
            invitation: admission.invitation(),
            locale: &event.client.locale,
        };
        let queries = services.lookups.ask(&policy.lookups, &subject, context.deadline.earlier(TIME_FOR_ANSWER));
        WaitTimes::measure(&mut context.times.lookups, queries).await
    };
    let (remembered, looked_up) = futures_util::join!(remembered, looked_up);
    remembered?;
    if visibility == Visibility::Shared {
        context.trace.note("remembered", "who came, for the form that comes back");
    }
    if !policy.lookups.is_empty() {
        context.trace.note("look-ups", format_args!("{} values", looked_up.len()));
    }
    Ok(looked_up)
}
