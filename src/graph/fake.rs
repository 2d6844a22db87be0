//! A directory in memory, for tests: users, the audit records about them, and everything that can go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::audit::Target;
use super::{
    AuditPage, AuditRecord, Directory, Extensions, GraphError, Initiator, Operation, PageRequest, UnreadableRecord,
    User, UserFields, Window,
};
use crate::outbound::{Answer, OutboundError};
use crate::values::ObjectId;

/// How a call about one user goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    Hangs,
    /// An error, but not before the `end` that the call was given.
    UntilTheEnd,
    Panics,
}

#[derive(Debug, Default)]
pub(crate) struct FakeState {
    /// Our own application's service principal.
    pub(crate) own: Option<ObjectId>,
    pub(crate) users: BTreeMap<ObjectId, Map<String, Value>>,
    pub(crate) records: Vec<AuditRecord>,
    pub(crate) unreadable: usize,
    pub(crate) page_size: usize,
    /// Every page links to the page that begins with this record.
    pub(crate) next_page: Option<usize>,
    pub(crate) pages: usize,
    /// How long the answer to a page takes.
    pub(crate) page_delay: Duration,
    /// The log has no records before this time.
    pub(crate) retention: Option<DateTime<Utc>>,
    /// Reading the log panics.
    pub(crate) log_panics: bool,
    /// The status that the log answers instead of a page.
    pub(crate) log_status: Option<u16>,
    pub(crate) faults: BTreeMap<ObjectId, Fault>,
    /// User principal names that other users have, in lower case.
    pub(crate) taken_upns: BTreeSet<String>,
    pub(crate) windows: Vec<Window>,
    pub(crate) reads: Vec<ObjectId>,
    pub(crate) updates: Vec<(ObjectId, UserFields)>,
}

/// The directory.
#[derive(Debug, Default)]
pub(crate) struct FakeDirectory {
    state: Mutex<FakeState>,
    extensions: Option<Extensions>,
}

impl FakeDirectory {
    pub(crate) fn new(extensions: Option<Extensions>) -> Self {
        Self { state: Mutex::default(), extensions }
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut FakeState) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a local account that was made at `at`, and its audit record.
    pub(crate) fn sign_up(&self, id: &str, address: &str, at: DateTime<Utc>) -> ObjectId {
        let id: ObjectId = id.parse().unwrap();
        let identity = json!({"signInType": "emailAddress", "issuer": "contoso.com", "issuerAssignedId": address});
        let user = json!({
            "id": id, "displayName": "unknown", "givenName": "Jo", "surname": "Bradford", "userType": "Member",
            "userPrincipalName": format!("{id}@contoso.onmicrosoft.com"), "identities": [identity], "createdDateTime": at,
        });
        let initiator = Initiator { app_name: Some("Azure ESTS Service".to_owned()), ..Initiator::default() };
        self.with(|state| {
            state.users.insert(id.clone(), user.as_object().unwrap().clone());
            state.records.push(record(&id, at, initiator));
        });
        id
    }

    /// Sets one property of a user.
    pub(crate) fn set(&self, id: &ObjectId, property: &str, value: Value) {
        self.with(|state| state.users.get_mut(id).unwrap().insert(property.to_owned(), value));
    }

    fn page(&self, request: &PageRequest) -> Result<AuditPage, GraphError> {
        let (offset, number) = match request {
            PageRequest::First(window) => {
                self.with(|state| state.windows.push(*window));
                (0, 1)
            }
            PageRequest::Next { link, number } => (link.parse().unwrap(), *number),
        };
        self.with(|state| {
            let window = *state.windows.last().unwrap();
            if state.retention.is_some_and(|oldest| window.from < oldest) {
                let message = "Minimum allowed time for activityDateTime is 2026-11-14";
                return Err(refused(Operation::ReadAuditLog, 400, "", message));
            }
            if let Some(status) = state.log_status {
                return Err(refused(Operation::ReadAuditLog, status, "", ""));
            }
            let inside = |record: &&AuditRecord| record.at.is_none_or(|at| at >= window.from && at <= window.to);
            let found: Vec<_> = state.records.iter().filter(inside).cloned().collect();
            let size = if state.page_size == 0 { 999 } else { state.page_size };
            let following = (offset + size < found.len()).then_some(offset + size);
            let next = state.next_page.or(following);
            let next = next.map(|offset| PageRequest::Next { link: offset.to_string(), number: number + 1 });
            state.pages += 1;
            let records = found.into_iter().skip(offset).take(size).collect();
            let unreadable = if number == 1 { state.unreadable } else { 0 };
            let unreadable =
                (0..unreadable).map(|number| UnreadableRecord { id: format!("odd-{number}"), reason: "odd" });
            Ok(AuditPage { records, unreadable: unreadable.collect(), next })
        })
    }

    async fn fault(&self, operation: Operation, id: &ObjectId, end: Instant) -> Result<(), GraphError> {
        match self.with(|state| state.faults.get(id).copied()) {
            None => Ok(()),
            Some(Fault::Status(status)) => Err(refused(operation, status, "Request_ResourceNotFound", "")),
            Some(Fault::Hangs) => std::future::pending().await,
            Some(Fault::UntilTheEnd) => {
                tokio::time::sleep_until(end).await;
                Err(timed_out(Duration::ZERO))
            }
            Some(Fault::Panics) => panic!("the directory panics"),
        }
    }

    async fn read(&self, id: &ObjectId, end: Instant) -> Result<User, GraphError> {
        self.with(|state| state.reads.push(id.clone()));
        self.fault(Operation::ReadUser, id, end).await?;
        let user = self.with(|state| state.users.get(id).cloned());
        let missing = || refused(Operation::ReadUser, 404, "Request_ResourceNotFound", "");
        let user = Value::Object(user.ok_or_else(missing)?);
        let unreadable = |what| GraphError::UnexpectedAnswer {
            operation: Operation::ReadUser,
            status: StatusCode::OK,
            what,
            after: None,
        };
        User::try_new(id, user, self.extensions.clone()).map_err(unreadable)
    }

    async fn update(&self, id: &ObjectId, fields: &UserFields, end: Instant) -> Result<(), GraphError> {
        self.fault(Operation::UpdateUser, id, end).await?;
        self.with(|state| {
            let upn = fields.get("userPrincipalName").and_then(Value::as_str).map(str::to_lowercase);
            if upn.is_some_and(|upn| state.taken_upns.contains(&upn)) {
                let message = "Another object with the same value for property userPrincipalName already exists.";
                return Err(refused(Operation::UpdateUser, 400, "Request_BadRequest", message));
            }
            state.updates.push((id.clone(), fields.clone()));
            let missing = || refused(Operation::UpdateUser, 404, "Request_ResourceNotFound", "");
            state.users.get_mut(id).ok_or_else(missing)?.extend(fields.clone());
            Ok(())
        })
    }
}

/// The audit record of a user who was added.
pub(crate) fn record(id: &ObjectId, at: DateTime<Utc>, initiator: Initiator) -> AuditRecord {
    AuditRecord {
        id: format!("Directory_{id}"),
        at: Some(at),
        category: Some("UserManagement".to_owned()),
        result: Some("success".to_owned()),
        initiator,
        targets: vec![Target { id: id.clone(), kind: Some("User".to_owned()) }],
    }
}

/// The error for an answer in Graph's own form.
pub(crate) fn refused(operation: Operation, status: u16, code: &str, message: &str) -> GraphError {
    let body = json!({"error": {"code": code, "message": message}}).to_string().into_bytes();
    let status = StatusCode::from_u16(status).unwrap();
    let retry_after = (status == StatusCode::TOO_MANY_REQUESTS).then_some(Duration::from_hours(8));
    GraphError::from_answer(operation, &Answer { status, body, retry_after })
}

fn timed_out(limit: Duration) -> GraphError {
    GraphError::NoAnswer(OutboundError::TimedOut { host: "graph".to_owned(), limit })
}

impl Directory for FakeDirectory {
    fn own_service_principal(&self, _: Instant) -> BoxFuture<'_, Result<Option<ObjectId>, GraphError>> {
        Box::pin(std::future::ready(Ok(self.with(|state| state.own.clone()))))
    }

    fn audit_page<'a>(&'a self, page: &'a PageRequest, end: Instant) -> BoxFuture<'a, Result<AuditPage, GraphError>> {
        Box::pin(async move {
            let (limit, panics) = self.with(|state| (state.page_delay, state.log_panics));
            assert!(!panics, "the log panics");
            tokio::time::timeout_at(end, tokio::time::sleep(limit)).await.map_err(|_| timed_out(limit))?;
            self.page(page)
        })
    }

    fn user<'a>(&'a self, id: &'a ObjectId, end: Instant) -> BoxFuture<'a, Result<User, GraphError>> {
        Box::pin(self.read(id, end))
    }

    fn update_user<'a>(
        &'a self,
        id: &'a ObjectId,
        fields: &'a UserFields,
        end: Instant,
    ) -> BoxFuture<'a, Result<(), GraphError>> {
        Box::pin(self.update(id, fields, end))
    }
}
