//! Who sent a form, and which address follows from that.
//!
//! What Submit itself proves goes first. Otherwise the sender is the person of a Start, if the Submit must belong to
//! them; then their address is the one that Start saw, whatever the form says. Otherwise nobody can tell who sent it:
//! the person may have typed what the form says, so it can only get them refused.

use super::shared_state::{KnownSender, StateError};
use super::{DecisionContext, DecisionServices, WaitTimes};
use crate::reservations::{PersonId, Visibility};
use crate::signup::gate::Admission;
use crate::signup::identity::{self, FoundAddress, MissingAddress};
use crate::signup::policy::Policy;
use crate::values::KnownBy;

/// Somebody who sent a form.
#[derive(Debug)]
pub(super) struct Sender {
    /// Their address, or why there is none.
    pub(super) address: Result<FoundAddress, MissingAddress>,
    /// Who they are, if a Start shows it.
    pub(super) person: Option<PersonId>,
    /// How that is known.
    pub(super) known_by: KnownBy,
}

/// Finds out who sent the form.
pub(super) async fn find(
    services: &DecisionServices,
    policy: Option<&Policy>,
    context: &mut DecisionContext<'_>,
) -> Result<Sender, StateError> {
    let event = context.event;
    let sender = match identity::proven_by_submit(policy, &event.identities, &event.form) {
        Some(address) => Sender { address, person: None, known_by: KnownBy::Submit },
        None => find_by_start(services, policy, context).await?,
    };
    context.trace.note("person", format_args!("known by: {}", sender.known_by.name()));
    Ok(sender)
}

async fn find_by_start(
    services: &DecisionServices,
    policy: Option<&Policy>,
    context: &mut DecisionContext<'_>,
) -> Result<Sender, StateError> {
    let event = context.event;
    let typed = || identity::typed_at_submit(policy, &event.form);
    let lists = |address: &_| identity::lists(policy, &event.form, address);
    // Where no Start is shared, the memory of this process is all there is.
    let visibility = if policy.is_some_and(shares_starts) { Visibility::Shared } else { Visibility::Process };
    let asked = services.state.whose(visibility, event, lists, context.now);
    let known = match visibility {
        Visibility::Process => asked.await?,
        Visibility::Shared => WaitTimes::measure(&mut context.times.state, asked).await?,
    };
    Ok(match known {
        Some(KnownSender { person, address, known_by }) => {
            Sender { address: address.map_or_else(typed, Ok), person: Some(person), known_by }
        }
        None => Sender { address: typed(), person: None, known_by: KnownBy::Nobody },
    })
}

/// Whether there can be Starts under a policy that every instance has to know of.
fn shares_starts(policy: &Policy) -> bool {
    identity::is_editable(policy) || policy.invitation_code.is_some()
}

/// Who has to know of a Start. Where Submit proves the address, this process is enough. People who need a code see the
/// form although their address does not admit them, so every instance has to know them.
pub(super) fn visibility_of_start(policy: &Policy, admission: &Admission<'_>) -> Visibility {
    let shared = identity::is_editable(policy) || matches!(admission, Admission::NeedsCode(_));
    if shared { Visibility::Shared } else { Visibility::Process }
}
