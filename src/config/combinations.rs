//! Checks that need several sections at once.

use super::engine::Diagnostics;
use super::file::File;
use crate::signup::identity::email_is_editable;
use crate::signup::policy::Policy;
use crate::storage;

/// Checks that policies with codes or remembered addresses have a state that outlives the instance, and that codes have
/// lists and a timer.
pub(super) fn check_state(
    file: &File,
    policies: &[Policy],
    store: Option<&storage::Settings>,
    diagnostics: &mut Diagnostics,
) {
    for (section, policy) in file.policies.iter().zip(policies) {
        let codes = policy.invitation_code.is_some();
        if !codes && !email_is_editable(policy) {
            continue;
        }
        let path = format!("policies.{}", policy.name);
        if store == Some(&storage::Settings::LocalOnAzure) {
            let what = if codes { "invitation_code" } else { "no_address or email_sources" };
            let message = format!(
                "{what} needs a state store that all instances share; on Azure this version has none, since a folder does \
                 not outlive its instance"
            );
            diagnostics.error_at(&path, &section.name.origin, message);
        }
        if codes && file.invites.is_empty() && !diagnostics.is_wrong("invites") {
            let message = "there is no [[invites]], so no code is known to anybody";
            diagnostics.warn_at(&path, &section.name.origin, message);
        }
        if codes && file.graph.is_none() && !diagnostics.is_wrong("graph") {
            let message =
                "without [graph] nobody sees which codes led to an account: a code that was reserved stays used";
            diagnostics.warn_at(&path, &section.name.origin, message);
        }
    }
}
