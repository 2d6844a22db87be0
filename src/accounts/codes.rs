//! Invitation codes: a use that was reserved at Submit is accepted for its account, or free again when there is none.
//!
//! Accepted is before anything of the account is stored or sent, so that what has begun is known to have its codes.
//! Released is only what no account can come for any more: the log was read up to the lease's end and the overlap after
//! it, and every account that it showed has been looked at. What a gap in the log hides is kept, and that is written
//! before the cursor passes the gap: afterwards nobody would know of it.

use chrono::{DateTime, Utc};
use tokio::time::timeout_at;

use super::discover::before;
use super::records::PendingAccount;
use super::report::RunError;
use super::{Accounts, Run};
use crate::reservations::ReservationIndex;
use crate::storage::StoreError;

impl Accounts {
    /// The reservations, read once in a run, after discovery: whoever was discovered had reserved before.
    pub(super) async fn ledger<'r>(&self, run: &'r Run) -> Result<&'r ReservationIndex, StoreError> {
        run.ledger.get_or_try_init(|| self.reservations.index()).await
    }

    /// Keeps what was reserved before a gap in the log ended.
    pub(super) async fn keep_codes(&self, run: &Run, gap_end: DateTime<Utc>) -> Result<(), StoreError> {
        let kept = self.reservations.keep(gap_end, self.clock.now()).await?;
        run.report(|report| report.kept_codes += kept);
        Ok(())
    }

    /// Releases what nobody came for; nothing, unless the log was read completely, up to `read_to`, and every account of
    /// the outbox has been looked at.
    pub(super) async fn release_codes(&self, run: &Run, read_to: Option<DateTime<Utc>>) -> Result<(), RunError> {
        let Some(read_to) = read_to else { return Ok(()) };
        let ended_by = before(read_to, self.settings.overlap);
        // What there is no time for is released by the next run.
        timeout_at(run.end, self.release_ended(run, ended_by)).await.unwrap_or(Ok(()))
    }

    async fn release_ended(&self, run: &Run, ended_by: DateTime<Utc>) -> Result<(), RunError> {
        let ledger = self.ledger(run).await?;
        if !ledger.has_ended(ended_by) || !self.outbox.pending().await?.iter().all(PendingAccount::has_begun) {
            return Ok(());
        }
        let oldest = self.oldest(self.started(run.now).await?);
        let settled = self.reservations.release(ledger, ended_by, oldest, self.clock.now()).await?;
        run.report(|report| {
            report.released_codes += settled.released;
            report.kept_codes += settled.kept;
        });
        Ok(())
    }

    /// Deletes what Start remembered for a Submit that has had its day. A failure stops nothing: it is tried again by the
    /// next run.
    pub(super) async fn sweep_starts(&self, now: DateTime<Utc>) {
        self.starts.sweep(now).await;
    }
}
