//! The faults that a test arms at single endpoints, and how often each endpoint was asked.

mod fault;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::MethodRouter;
use tokio::sync::Notify;

pub use fault::Fault;

use crate::shared::locked;

/// One endpoint of the tenant or of an outside system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The login authority's `openid-configuration`.
    LoginDiscovery,
    /// The login authority's key document.
    LoginKeys,
    /// The ciam authority's `openid-configuration`.
    CiamDiscovery,
    /// The ciam authority's key document.
    CiamKeys,
    /// The token endpoint.
    GraphToken,
    /// `GET /v1.0/auditLogs/directoryAudits`.
    DirectoryAudits,
    /// `GET /v1.0/users/{id}`.
    GetUser,
    /// `PATCH /v1.0/users/{id}`.
    PatchUser,
    /// An endpoint of an outside system. The system has a constant for each.
    Outside {
        /// The system's name.
        system: &'static str,
        /// The endpoint's name within the system.
        endpoint: &'static str,
    },
}

#[derive(Debug)]
struct ArmedFault {
    /// How many more good answers come first.
    skip: usize,
    /// How many more requests fail; `None`: all.
    times: Option<usize>,
    fault: Fault,
}

#[derive(Debug, Default)]
struct RouteState {
    count: usize,
    lost: usize,
    armed: Vec<ArmedFault>,
}

/// The faults that are armed, and the counts of requests. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    table: Arc<Mutex<HashMap<Route, RouteState>>>,
    requested: Arc<Notify>,
    answer_lost: Arc<Notify>,
}

impl Faults {
    /// Every request to `route` fails in this way, until [`Faults::clear`].
    pub fn set(&self, route: Route, fault: Fault) {
        self.clear(route);
        self.arm(route, 0, None, fault);
    }

    /// The next request to `route` fails in this way.
    pub fn once(&self, route: Route, fault: Fault) {
        self.arm(route, 0, Some(1), fault);
    }

    /// After `skip` more good answers, `times` requests (`None`: all) fail in this way. Several faults of a route take
    /// effect in turn.
    pub fn arm(&self, route: Route, skip: usize, times: Option<usize>, fault: Fault) {
        let armed = ArmedFault { skip, times, fault };
        locked(&self.table).entry(route).or_default().armed.push(armed);
    }

    /// Removes the faults of `route`.
    pub fn clear(&self, route: Route) {
        if let Some(entry) = locked(&self.table).get_mut(&route) {
            entry.armed.clear();
        }
    }

    /// How many requests `route` has received, failed ones included.
    #[must_use]
    pub fn count(&self, route: Route) -> usize {
        locked(&self.table).get(&route).map_or(0, |entry| entry.count)
    }

    /// Waits until `route` has received `count` requests since the start. If the fault never answers, nothing happens
    /// after that.
    pub async fn reached(&self, route: Route, count: usize) {
        loop {
            let requested = self.requested.notified();
            if self.count(route) >= count {
                return;
            }
            requested.await;
        }
    }

    /// Waits until `route` has lost `count` answers to [`Fault::LoseAnswer`]. Their effects have happened by then.
    pub async fn lost(&self, route: Route, count: usize) {
        loop {
            let answer_lost = self.answer_lost.notified();
            if locked(&self.table).get(&route).is_some_and(|entry| entry.lost >= count) {
                return;
            }
            answer_lost.await;
        }
    }

    fn count_lost(&self, route: Route) {
        locked(&self.table).entry(route).or_default().lost += 1;
        self.answer_lost.notify_waiters();
    }

    fn next_fault(&self, route: Route) -> Option<Fault> {
        let mut table = locked(&self.table);
        let entry = table.entry(route).or_default();
        entry.count += 1;
        self.requested.notify_waiters();
        entry.armed.retain(|armed| armed.times != Some(0));
        let armed = entry.armed.first_mut()?;
        if armed.skip > 0 {
            armed.skip -= 1;
            return None;
        }
        armed.times = armed.times.map(|left| left - 1);
        Some(armed.fault.clone())
    }

    /// The endpoint, with the faults that are armed for it.
    pub(crate) fn guard(&self, route: Route, endpoint: MethodRouter) -> MethodRouter {
        endpoint.layer(from_fn_with_state((self.clone(), route), answer_or_fail))
    }
}

async fn answer_or_fail(State((faults, route)): State<(Faults, Route)>, request: Request, next: Next) -> Response {
    match faults.next_fault(route) {
        None => next.run(request).await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Some(Fault::LoseAnswer) => {
            drop(next.run(request).await);
            faults.count_lost(route);
            std::future::pending().await
        }
        Some(Fault::Changed { member, value }) => fault::changed(next.run(request).await, &member, value).await,
        Some(Fault::CutShort) => fault::cut_short(next.run(request).await).await,
        Some(fault) => fault.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fails_only_as_often_as_armed() {
        let faults = Faults::default();
        faults.arm(Route::GetUser, 1, Some(2), Fault::Status(503));
        let failed: Vec<bool> = (0..4).map(|_| faults.next_fault(Route::GetUser).is_some()).collect();
        assert_eq!(failed, [false, true, true, false]);
        assert_eq!(faults.count(Route::GetUser), 4);
        assert_eq!(faults.count(Route::PatchUser), 0);
    }
}
