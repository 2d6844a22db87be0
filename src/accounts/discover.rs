//! Discovery: the audit log's window, each new account into the outbox, then the cursor.
//!
//! The log is written by a pipeline: records appear minutes late and out of order. So each window begins `overlap`
//! before the end of the last one, and what is known by its object id is passed over. No user is read here: an account
//! that cannot be read yet is in the outbox all the same.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::classify::{OwnApplication, SkipReason, skip_reason_by_record, unknown_app};
use super::records::{FinishedAccount, FoundAccount};
use super::report::RunError;
use super::{Accounts, Run};
use crate::clock::is_ahead;
use crate::graph::{AuditPage, AuditRecord, ErrorKind, GraphError, Pace, PageRequest, Window};
use crate::storage::{Creation, StoreError};
use crate::values::ObjectId;

/// How far back the log certainly reaches: seven days in every edition, less an hour.
const RETENTION: Duration = Duration::from_hours(7 * 24 - 1);

/// How far the reading of a window came.
struct Reading {
    /// All of it was read.
    complete: bool,
    /// The latest time on the pages that were stored, as long as they came in order.
    stored_to: Option<DateTime<Utc>>,
    in_order: bool,
    unknown_apps: BTreeSet<String>,
}

impl Accounts {
    /// Reads the window, stores what is new, moves the cursor. Says up to when the log is known, if the window was read
    /// completely.
    pub(super) async fn discover(&self, run: &Run) -> Result<Option<DateTime<Utc>>, RunError> {
        let started = self.started(run.now).await?;
        let cursor = self.discovery_state.cursor().await?.filter(|cursor| !is_from_the_future(*cursor, run.now));
        let Some(mut window) = self.window(run.now, started, cursor) else { return Ok(None) };
        let mut turns = Pace::default();
        let reading = match self.read(run, window, &mut turns).await {
            Err(RunError::Discovery(error)) if error.kind() == ErrorKind::RetentionExceeded => {
                window.from = window.from.max(before(run.now, RETENTION));
                tracing::warn!(
                    event = "gap-possible",
                    from = %window.from,
                    reason = "the audit log does not reach back to the last run; accounts made before may be missing"
                );
                run.report(|report| report.gap_possible = true);
                let reading = self.read(run, window, &mut turns).await?;
                self.keep_codes(run, window.from).await?;
                reading
            }
            reading => reading?,
        };
        for app in &reading.unknown_apps {
            tracing::info!(event = "unknown-app-actor", app, reason = "it makes accounts; they are taken for sign-ups");
        }
        let to = if reading.complete { Some(window.to) } else { reading.stored_to };
        if let Some(to) = to.filter(|to| cursor.is_none_or(|cursor| *to > cursor)) {
            self.discovery_state.move_cursor(to).await?;
        }
        Ok(reading.complete.then_some(window.to))
    }

    /// From the cursor less the overlap to now less `settle`, never before the very first run's reach; `None` if that
    /// is no time at all.
    fn window(&self, now: DateTime<Utc>, started: DateTime<Utc>, cursor: Option<DateTime<Utc>>) -> Option<Window> {
        let oldest = self.oldest(started);
        let from = cursor.map_or(oldest, |cursor| before(cursor, self.settings.overlap).max(oldest));
        let to = before(now, self.settings.settle);
        (from <= to).then_some(Window { from, to })
    }

    /// Nothing made before this moment is touched.
    pub(super) fn oldest(&self, started: DateTime<Utc>) -> DateTime<Utc> {
        before(started, self.settings.look_back)
    }

    /// The moment of the very first run; now, if that lies in the future.
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
    async fn read(&self, run: &Run, window: Window, turns: &mut Pace) -> Result<Reading, RunError> {
        run.report(|report| report.read(window));
        let mut reading = Reading { complete: false, stored_to: None, in_order: true, unknown_apps: BTreeSet::new() };
        let (mut next, mut followed) = (Some(PageRequest::First(window)), BTreeSet::new());
        while let Some(request) = next {
            if let PageRequest::Next { link, .. } = &request
                && !followed.insert(link.clone())
            {
                let what = "the audit log's next page is one that was read already";
                return Err(RunError::Discovery(GraphError::Unusable { what }));
            }
            if !turns.next(run.discovery_end).await {
                return Ok(reading.cut_off(run));
            }
            let page = match self.directory.audit_page(&request, run.discovery_end).await {
                Ok(page) => page,
                Err(error) if may_stop(run, &request, &error) => return Ok(reading.cut_off(run)),
                Err(error) => return Err(RunError::Discovery(error)),
            };
            turns.came();
            // The token that read the page is at hand, so this asks nobody.
            let own = self.directory.own_service_principal(run.discovery_end).await.map_err(RunError::Discovery)?;
            let own = OwnApplication { client_id: &self.settings.client_id, service_principal: own };
            self.store_page(run, &page, &own, &mut reading).await?;
            next = page.next;
        }
        reading.complete = true;
        Ok(reading)
    }

    async fn store_page(
        &self,
        run: &Run,
        page: &AuditPage,
        own: &OwnApplication<'_>,
        reading: &mut Reading,
    ) -> Result<(), StoreError> {
        run.report(|report| report.unreadable(&page.unreadable));
        for record in &page.records {
            reading.see(record);
        }
        // Boxed one by one: the compiler cannot see that a closure over borrowed records is `Send` for every lifetime.
        let mut work: Vec<BoxFuture<'_, Result<(), StoreError>>> = Vec::new();
        for record in page.records.iter().filter(|record| is_success(record)) {
            for id in new_users(record) {
                work.push(Box::pin(self.store_account(run, own, record, id)));
            }
        }
        let stored = stream::iter(work);
        stored.buffer_unordered(self.settings.concurrency.max(1)).try_collect().await
    }

    /// Puts one account into the outbox, unless it is known or certainly no sign-up.
    async fn store_account(
        &self,
        run: &Run,
        own: &OwnApplication<'_>,
        record: &AuditRecord,
        id: &ObjectId,
    ) -> Result<(), StoreError> {
        let reason = skip_reason_by_record(own, &record.initiator, id);
        // A record that says otherwise than an earlier one changes nothing about an account under way.
        let known = self.outbox.is_finished(id).await? || (reason.is_some() && self.outbox.is_pending(id).await?);
        if let Some(reason) = reason.filter(|_| !known) {
            return self.skip(run, id, run.now, reason).await.map(|_| ());
        }
        let account = FoundAccount { found_at: run.now, record: record.id.clone() };
        if known || self.outbox.add(id, &account).await? == Creation::AlreadyExists {
            run.report(|report| report.known += 1);
            return Ok(());
        }
        tracing::info!(event = "account-found", account = %id, record = record.id);
        run.report(|report| report.found += 1);
        Ok(())
    }

    /// Writes the permanent record of an account that is no sign-up.
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
            tracing::info!(event = "account-skipped", account = %id, reason = reason.as_str());
            run.report(|report| *report.skipped.entry(reason).or_default() += 1);
        }
        Ok(created)
    }
}

impl Reading {
    fn see(&mut self, record: &AuditRecord) {
        self.unknown_apps.extend(unknown_app(&record.initiator).map(str::to_owned));
        if let Some(at) = record.at {
            self.in_order &= self.stored_to.is_none_or(|last| last <= at);
            self.stored_to = self.stored_to.max(Some(at));
        }
    }

    /// The run goes on without the rest. A part of a window counts only if the pages came in order: otherwise older
    /// records may be on the pages missed.
    fn cut_off(mut self, run: &Run) -> Self {
        run.report(|report| report.discovery_incomplete = true);
        tracing::warn!(event = "discovery-incomplete", reason = "the window is too large for one run");
        self.stored_to = self.stored_to.filter(|_| self.in_order);
        self
    }
}

/// Whether the run goes on with what it has: after the first page, for want of time or after too many pages.
fn may_stop(run: &Run, request: &PageRequest, error: &GraphError) -> bool {
    let out_of_time = Instant::now() >= run.discovery_end;
    let too_many = matches!(error, GraphError::TooManyPages { .. });
    matches!(request, PageRequest::Next { .. }) && (out_of_time || too_many)
}

/// Whether the record is of a user that was really made, as far as it says.
fn is_success(record: &AuditRecord) -> bool {
    let says = |found: &Option<String>, word: &str| found.as_ref().is_none_or(|found| found.eq_ignore_ascii_case(word));
    says(&record.category, "UserManagement") && says(&record.result, "success")
}

fn new_users(record: &AuditRecord) -> impl Iterator<Item = &ObjectId> {
    record.targets.iter().filter(|target| target.is_user()).map(|target| &target.id)
}

/// Whether the cursor lies in the future: a clock that once ran ahead must not silence discovery until then, so such a
/// cursor counts as none.
fn is_from_the_future(cursor: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let ahead = is_ahead(cursor, now);
    if ahead {
        let reason = "it lies in the future, so a clock was wrong: the audit log is read again as far as it reaches";
        tracing::warn!(event = "cursor-ahead", %cursor, reason);
    }
    ahead
}

/// So long before a moment, whatever the moment: not before 1970, which Graph would not understand.
pub(super) fn before(moment: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    moment.checked_sub_signed(by).unwrap_or(DateTime::UNIX_EPOCH).max(DateTime::UNIX_EPOCH)
}
