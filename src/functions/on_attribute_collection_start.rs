//! `OnAttributeCollectionStart`: Entra has verified who the person is, and the form is not shown yet.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;

use super::desk::{Decided, Decision, Desk, Failure, Times, Work, reader};
use super::hook::{self, Hooks};
use super::whose::scope_of_start;
use crate::entra::event::EventKind;
use crate::lookups::Inquiry;
use crate::reservations::Scope;
use crate::signup::answer;
use crate::signup::gate::{self, Admission, Question};
use crate::signup::identity::{self, Found};
use crate::signup::policy::{Mode, Policy};
use crate::values::AttributeValues;

/// How much time look-ups leave for the answer: a form without their values is better than none.
const RESERVE: Duration = Duration::from_millis(50);

/// Answers the hook: continue, prefill, or a block page.
pub async fn on_attribute_collection_start(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    hook::answer(&hooks, EventKind::Start, request, |desk, work| decide(desk, work).boxed()).await
}

/// Decides about the start of a sign-up.
pub async fn decide(desk: &Desk, work: &mut Work<'_>) -> Result<Decided, Failure> {
    let event = work.event;
    let policy = desk.sign_up.policy_for(&event.app);
    let found = identity::at_start(policy, &event.identities, &event.form);
    work.note_address(&found);
    let found = found.ok();
    let invitations = desk.invitations(policy, found.as_ref(), work).await?;
    let question =
        Question { policy, address: found.as_ref(), invitations: &invitations, app: &event.app, now: work.now };
    let admission = gate::decide(&question, &mut work.trace);
    let looked_up = match policy.filter(|policy| shows_the_form(policy, &admission)) {
        Some(policy) => prepare(desk, policy, found.as_ref(), &admission, work).await?,
        None => AttributeValues::new(),
    };
    let support_code = work.support_code.clone();
    let answered = answer::Start {
        admission: &admission,
        form: &event.form,
        looked_up: &looked_up,
        messages: &desk.sign_up.messages,
        reader: reader(event, &support_code, found.as_ref().map(|found| &found.address)),
    }
    .answer(policy, &mut work.trace);
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
    desk: &Desk,
    policy: &Policy,
    found: Option<&Found>,
    admission: &Admission<'_>,
    work: &mut Work<'_>,
) -> Result<AttributeValues, Failure> {
    let (event, now) = (work.event, work.now);
    let scope = scope_of_start(policy, admission);
    let remembered = async {
        let remembered = desk.state.remember(scope, event, found, now);
        match scope {
            Scope::Process => remembered.await,
            Scope::Shared => Times::of(&mut work.times.state, remembered).await,
        }
    };
    let asked = async {
        let refused = matches!(admission, Admission::Refused(_));
        let (Some(found), false) = (found, refused || policy.lookups.is_empty()) else {
            return AttributeValues::new();
        };
        let inquiry = Inquiry {
            address: &found.address,
            app: &event.app,
            invitation: admission.invitation(),
            locale: &event.client.locale,
        };
        let asked = desk.lookups.ask(&policy.lookups, &inquiry, work.deadline.earlier(RESERVE));
        Times::of(&mut work.times.lookups, asked).await.values
    };
    let (remembered, looked_up) = futures_util::join!(remembered, asked);
    remembered?;
    if scope == Scope::Shared {
        work.trace.note("remembered", "who came, for the form that comes back");
    }
    if !policy.lookups.is_empty() {
        work.trace.note("look-ups", format_args!("{} values", looked_up.len()));
    }
    Ok(looked_up)
}
