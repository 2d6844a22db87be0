//! Invitation codes: a use that was reserved at Submit is accepted for its account, or released if there is none.
//!
//! A use is accepted before anything is stored or sent for the account. So an account that has begun has its codes.
//! A use is released only when no account can come for it any more: the log was read up to the end of its lease and the
//! overlap after it, and every account found in it has begun. If the log has a gap, an account may be hidden in it.
//! Then the use is kept, and that is written before the cursor passes the gap, since nothing would show the gap
//! afterwards.

use chrono::{DateTime, Utc};
use tokio::time::timeout_at;

use super::discover::before;
use super::records::PendingAccount;
use super::report::RunError;
use super::{Accounts, Run};
use crate::reservations::ReservationIndex;
use crate::storage::StoreError;

impl Accounts {
    /// The reservations. They are read once in a run and after discovery, so they include those of all accounts found.
    pub(super) async fn reservation_index<'r>(&self, run: &'r Run) -> Result<&'r ReservationIndex, StoreError> {
        run.reservation_index.get_or_try_init(|| self.reservations.index()).await
    }

    /// Keeps every use that was reserved before a gap in the log ended.
    pub(super) async fn keep_codes(&self, run: &Run, gap_end: DateTime<Utc>) -> Result<(), StoreError> {
        let kept = self.reservations.keep(gap_end, self.clock.now()).await?;
        run.update_report(|report| report.kept_codes += kept);
        Ok(())
    }

    /// Releases the uses that no account came for. Does so only if the log was read completely, up to `read_to`, and
    /// every account of the outbox has begun.
    pub(super) async fn release_codes(&self, run: &Run, read_to: Option<DateTime<Utc>>) -> Result<(), RunError> {
        let Some(read_to) = read_to else { return Ok(()) };
        let ended_by = before(read_to, self.settings.overlap);
        // If there is no time left, the next run does it.
        timeout_at(run.end, self.release_ended(run, ended_by)).await.unwrap_or(Ok(()))
    }

    async fn release_ended(&self, run: &Run, ended_by: DateTime<Utc>) -> Result<(), RunError> {
        let index = self.reservation_index(run).await?;
        if !index.has_ended(ended_by) || !self.outbox.pending().await?.iter().all(PendingAccount::has_begun) {
            return Ok(());
        }
        let oldest = self.oldest(self.started(run.now).await?);
        let settled = self.reservations.release(index, ended_by, oldest, self.clock.now()).await?;
        run.update_report(|report| {
            report.released_codes += settled.released;
            report.kept_codes += settled.kept;
        });
        Ok(())
    }
}
