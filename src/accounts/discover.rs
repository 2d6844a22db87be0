//! Discovery: reads a window of the audit log, puts each new account into the outbox, then moves the cursor.
//!
//! Records appear in the log minutes late and out of order. So each window begins `overlap` before the end of the last
//! one, and an account whose object id is known already is not added again. No user is read here. So an account that
//! cannot be read yet is put into the outbox as well.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::classify::{OwnApplication, SkipReason, skip_reason_by_record};
use super::records::{FinishedAccount, FoundAccount};
use super::report::RunError;
use super::window_progress::WindowProgress;
use super::{Accounts, Run};
use crate::clock::is_ahead;
use crate::graph::{AuditPage, AuditRecord, ErrorKind, GraphError, PageRateLimit, PageRequest, Window};
use crate::storage::{Creation, StoreError};
use crate::values::ObjectId;

/// How far back every tenant's log reaches: seven days, less an hour to be safe.
const RETENTION: Duration = Duration::from_hours(7 * 24 - 1);

impl Accounts {
    /// Reads the window, stores new accounts, moves the cursor. Returns the window's end if it was read completely.
    pub(super) async fn discover(&self, run: &Run) -> Result<Option<DateTime<Utc>>, RunError> {
        let started = self.started(run.now).await?;
        let cursor = self.discovery_state.cursor().await?.filter(|cursor| !is_from_the_future(*cursor, run.now));
        let Some(mut window) = self.window(run.now, started, cursor) else { return Ok(None) };
        let mut rate_limit = PageRateLimit::default();
        let progress = match self.read(run, window, &mut rate_limit).await {
            Err(RunError::Discovery(error)) if error.kind() == ErrorKind::RetentionExceeded => {
                window.from = window.from.max(before(run.now, RETENTION));
                tracing::warn!(
                    event = "gap-possible",
                    from = %window.from,
                    reason = "the audit log does not reach back to the last run; accounts made before may be missing"
                );
                run.update_report(|report| report.gap_possible = true);
                let progress = self.read(run, window, &mut rate_limit).await?;
                self.keep_codes(run, window.from).await?;
                progress
            }
            read => read?,
        };
        for app in &progress.unknown_apps {
            tracing::info!(event = "unknown-app-actor", app, reason = "it makes accounts; they are taken for sign-ups");
        }
        let to = if progress.complete { Some(window.to) } else { progress.stored_to() };
        if let Some(to) = to.filter(|to| cursor.is_none_or(|cursor| *to > cursor)) {
            self.discovery_state.move_cursor(to).await?;
        }
        Ok(progress.complete.then_some(window.to))
    }

    /// From the cursor less the overlap to now less `settle`, but never before [`Self::oldest`]; `None` if that is
    /// empty.
    fn window(&self, now: DateTime<Utc>, started: DateTime<Utc>, cursor: Option<DateTime<Utc>>) -> Option<Window> {
        let oldest = self.oldest(started);
        let from = cursor.map_or(oldest, |cursor| before(cursor, self.settings.overlap).max(oldest));
        let to = before(now, self.settings.settle);
        (from <= to).then_some(Window { from, to })
    }

    /// Accounts made before this moment are never touched.
    pub(super) fn oldest(&self, started: DateTime<Utc>) -> DateTime<Utc> {
        before(started, self.settings.look_back)
    }

    /// The moment of the very first run. One in the future was written by a wrong clock: then this run is the first.
    pub(super) async fn started(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, RunError> {
        let started = self.discovery_state.started(now).await.map_err(|error| match error {
            StoreError::Corrupt { .. } => RunError::StartUnknown(error),
            error => RunError::Store(error),
        })?;
        if !is_ahead(started, now) {
            return Ok(started);
        }
        let reason = "the first run was in the future, so a clock was wrong: this run counts as the first one";
        tracing::warn!(event = "start-ahead", %started, reason);
        self.discovery_state.start_again(now).await?;
        Ok(now)
    }

    /// Reads page after page and stores each one before the next is asked for.
    async fn read(
        &self,
        run: &Run,
        window: Window,
        rate_limit: &mut PageRateLimit,
    ) -> Result<WindowProgress, RunError> {
        run.update_report(|report| report.set_window(window));
        let mut progress = WindowProgress::default();
        let (mut next, mut followed) = (Some(PageRequest::First(window)), BTreeSet::new());
        while let Some(request) = next {
            if let PageRequest::Next { link, .. } = &request
                && !followed.insert(link.clone())
            {
                let what = "the audit log's next page is one that was read already";
                return Err(RunError::Discovery(GraphError::BrokenPaging { what }));
            }
            if !rate_limit.wait(run.discovery_end).await {
                return Ok(progress.cut_off(run));
            }
            let page = match self.directory.audit_page(&request, run.discovery_end).await {
                Ok(page) => page,
                Err(error) if may_stop(run, &request, &error) => return Ok(progress.cut_off(run)),
                Err(error) => return Err(RunError::Discovery(error)),
            };
            rate_limit.note_page();
            // The token is in memory since it was used for the page, so this makes no call.
            let own = self.directory.own_service_principal(run.discovery_end).await.map_err(RunError::Discovery)?;
            let own = OwnApplication { client_id: &self.settings.client_id, service_principal: own };
            self.store_page(run, &page, &own, &mut progress).await?;
            next = page.next;
        }
        progress.complete = true;
        Ok(progress)
    }

    async fn store_page(
        &self,
        run: &Run,
        page: &AuditPage,
        own: &OwnApplication<'_>,
        progress: &mut WindowProgress,
    ) -> Result<(), StoreError> {
        run.update_report(|report| report.add_unreadable(&page.unreadable));
        for record in &page.records {
            progress.add(record);
        }
        // Each future is boxed: the compiler cannot tell that a closure over borrowed records is `Send`.
        let mut additions: Vec<BoxFuture<'_, Result<(), StoreError>>> = Vec::new();
        for record in page.records.iter().filter(|record| is_success(record)) {
            for id in new_users(record) {
                additions.push(Box::pin(self.store_account(run, own, record, id)));
            }
        }
        let stored = stream::iter(additions);
        stored.buffer_unordered(self.settings.concurrency.max(1)).try_collect().await
    }

    /// Puts one account into the outbox, unless it is known or is certainly not a sign-up.
    async fn store_account(
        &self,
        run: &Run,
        own: &OwnApplication<'_>,
        record: &AuditRecord,
        id: &ObjectId,
    ) -> Result<(), StoreError> {
        let reason = skip_reason_by_record(own, &record.initiator, id);
        // A later record with another initiator does not stop an account that is in the outbox.
        let known = self.outbox.is_finished(id).await? || (reason.is_some() && self.outbox.is_pending(id).await?);
        if let Some(reason) = reason.filter(|_| !known) {
            return self.skip(run, id, run.now, reason).await.map(|_| ());
        }
        let account = FoundAccount { found_at: run.now, record: record.id.clone() };
        if known || self.outbox.add(id, &account).await? == Creation::AlreadyExists {
            run.update_report(|report| report.known += 1);
            return Ok(());
        }
        tracing::info!(event = "account-found", account = %id, record = record.id);
        run.update_report(|report| report.found += 1);
        Ok(())
    }

    /// Writes the permanent record of an account that is not a sign-up. If it is in the outbox, it stays there.
    pub(super) async fn skip(
        &self,
        run: &Run,
        id: &ObjectId,
        found_at: DateTime<Utc>,
        reason: SkipReason,
    ) -> Result<Creation, StoreError> {
        let (at, results) = (self.clock.now(), std::collections::BTreeMap::new());
        let record = FinishedAccount { id: id.clone(), found_at, at, skipped: Some(reason), abandoned: None, results };
        let created = self.outbox.record(&record).await?;
        if created == Creation::Created {
            tracing::info!(event = "account-skipped", account = %id, reason = reason.name());
            run.update_report(|report| *report.skipped.entry(reason).or_default() += 1);
        }
        Ok(created)
    }
}

/// Whether the run can go on with the pages that it has read: at least one, and the time or the number of pages is used
/// up.
fn may_stop(run: &Run, request: &PageRequest, error: &GraphError) -> bool {
    let out_of_time = Instant::now() >= run.discovery_end;
    let too_many = matches!(error, GraphError::TooManyPages { .. });
    matches!(request, PageRequest::Next { .. }) && (out_of_time || too_many)
}

/// Whether the record says that a user was added. A record that does not say it counts as one that does.
fn is_success(record: &AuditRecord) -> bool {
    let says = |found: &Option<String>, word: &str| found.as_ref().is_none_or(|found| found.eq_ignore_ascii_case(word));
    says(&record.category, "UserManagement") && says(&record.result, "success")
}

fn new_users(record: &AuditRecord) -> impl Iterator<Item = &ObjectId> {
    record.targets.iter().filter(|target| target.is_user()).map(|target| &target.id)
}

/// Whether the cursor lies in the future, which is logged. A wrong clock wrote it, so it does not count: otherwise
/// nothing would be discovered until then.
fn is_from_the_future(cursor: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let ahead = is_ahead(cursor, now);
    if ahead {
        let reason = "it lies in the future, so a clock was wrong: the audit log is read again as far as it reaches";
        tracing::warn!(event = "cursor-ahead", %cursor, reason);
    }
    ahead
}

/// The moment `by` before another one, but not before 1970: Graph accepts no earlier time.
pub(super) fn before(moment: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    moment.checked_sub_signed(by).unwrap_or(DateTime::UNIX_EPOCH).max(DateTime::UNIX_EPOCH)
}
