//! Who sent a form, and which address follows from that.
//!
//! First counts what the Submit itself proves. Otherwise the sender is the person of a Start, if the Submit can only
//! belong to them; their address is then the one from that Start, whatever the form says. Otherwise it is not known who
//! sent the form: the person may have typed the address in it, so that address can only get them refused.

use super::shared_state::{KnownSender, StateError};
use super::{DecisionContext, DecisionServices, WaitTimes};
use crate::reservations::{PersonId, Visibility};
use crate::signup::gate::Admission;
use crate::signup::identity::{self, FoundAddress, MissingAddress};
use crate::signup::policy::Policy;
use crate::values::KnownBy;

/// The person who sent a form.
#[derive(Debug)]
pub(super) struct Sender {
    /// Their address, or why there is none.
    pub(super) address: Result<FoundAddress, MissingAddress>,
    /// The person of the matching Start, if there is one.
    pub(super) person: Option<PersonId>,
    /// How it is known who they are.
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
    let lists_address = |address: &_| identity::lists_address(policy, &event.form, address);
    // If the policy shares no Starts, only the memory of this process can have one.
    let visibility = if policy.is_some_and(shares_starts) { Visibility::Shared } else { Visibility::Process };
    let search = services.state.find_sender(visibility, event, lists_address, context.now);
    let known_sender = match visibility {
        Visibility::Process => search.await?,
        Visibility::Shared => WaitTimes::measure(&mut context.times.state, search).await?,
    };
    Ok(match known_sender {
        Some(KnownSender { person, address, known_by }) => {
            Sender { address: address.map_or_else(typed, Ok), person: Some(person), known_by }
        }
        None => Sender { address: typed(), person: None, known_by: KnownBy::Nobody },
    })
}

/// Whether the policy can have Starts that all instances have to know.
fn shares_starts(policy: &Policy) -> bool {
    identity::email_is_editable(policy) || policy.invitation_code.is_some()
}

/// Where a Start is remembered. If the Submit will prove the address, the memory of this process is enough. People who
/// need a code see the form although their address does not admit them, so their Start is shared by all instances.
pub(super) fn visibility_of_start(policy: &Policy, admission: &Admission<'_>) -> Visibility {
    let shared = identity::email_is_editable(policy) || matches!(admission, Admission::NeedsCode(_));
    if shared { Visibility::Shared } else { Visibility::Process }
}
