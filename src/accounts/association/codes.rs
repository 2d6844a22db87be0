//! The invitation codes that an account used.

use serde_json::Value;

use super::{Association, Progress, Stop};
use crate::graph::User;
use crate::storage::StoreError;
use crate::values::{CodeDigest, EmailAddress, Identity};

impl Association<'_> {
    /// Accepts the codes that were reserved under any of the account's addresses. If one cannot be accepted now, the
    /// account is left for the next run.
    pub(super) async fn accept_codes(&mut self, user: &User) -> Result<(), Stop> {
        let accounts = self.accounts;
        let index = accounts.reservation_index(self.run).await?;
        let accepted = accounts.reservations.accept(index, self.id(), &addresses(user), accounts.clock.now()).await?;
        let accepted = accepted.ok_or(Stop::Account(Progress::LeftForNextRun))?;
        self.run.update_report(|report| report.accepted_codes += accepted.new);
        self.codes = Some(accepted.codes);
        Ok(())
    }

    /// The codes that were accepted for the account, in this run or an earlier one; the one reserved last first.
    pub(super) async fn codes(&mut self) -> Result<Vec<CodeDigest>, StoreError> {
        if let Some(codes) = &self.codes {
            return Ok(codes.clone());
        }
        let codes = self.accounts.reservation_index(self.run).await?.codes(self.id());
        self.codes = Some(codes.clone());
        Ok(codes)
    }
}

/// Every address that the directory has for the account: a code may have been reserved under any of them.
fn addresses(user: &User) -> Vec<EmailAddress> {
    let identities = user.identities();
    let proven = identities.iter().filter_map(Identity::proven_address);
    let others = user.value("otherMails").as_array().into_iter().flatten().filter_map(Value::as_str);
    proven.chain([user.text("mail")]).chain(others).filter_map(|text| text.parse().ok()).collect()
}
