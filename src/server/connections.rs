//! All connections: how many there may be, and which end when there are too many.
//!
//! Each connection takes a file of the system, whose number is limited, and some memory. So their number is limited,
//! too. If a connection comes and there is no room, the slowest header is cut off, or else the connection that has
//! waited longest for its first request, or else the one that has been idle longest. A request that is under way is never
//! cut off for room; if all connections have one, new ones wait until one ends.
//!
//! If the system has no file left all the same, one connection ends, and accepting goes on after a pause. It never
//! gives up.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

use super::activity::Activity;
use super::connection;
use super::router::Router;

/// How many connections there may be, however many files the system allows. Their memory is the reason.
const MAX_CONNECTIONS: u64 = 4096;

/// How many files are kept for everything else: lists, the state store, calls to the outside. Of few files a quarter is
/// kept, and at least what the process itself has open.
const OTHER_FILES: u64 = 256;
const OWN_FILES: u64 = 24;

/// How long accepting pauses when it failed.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a connection may take to make room before another one is asked to.
const TIME_TO_END: Duration = Duration::from_millis(100);

/// How many connections there may be if the process may hold so many files open.
pub(super) fn limit(files: Option<u64>) -> usize {
    let room = files.map_or(MAX_CONNECTIONS, |files| files.saturating_sub(OTHER_FILES.min(files / 4).max(OWN_FILES)));
    usize::try_from(room.clamp(1, MAX_CONNECTIONS)).unwrap_or(1)
}

/// The connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    open: Arc<Mutex<Open>>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    began: Instant,
}

/// The open connections, by number.
#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
}

impl Connections {
    /// No connections yet, and at most `limit` at once.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            open: Arc::default(),
            room: Arc::new(Semaphore::new(limit)),
            tasks: TaskTracker::new(),
            began: Instant::now(),
        }
    }

    /// Accepts connections until the future is dropped.
    pub(super) async fn accept(&self, listener: &TcpListener, routes: &Arc<Router>) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.take(stream, routes).await,
                Err(error) if is_about_one_connection(&error) => {}
                Err(_) => {
                    self.make_room();
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn take(&self, stream: TcpStream, routes: &Arc<Router>) {
        // Without TCP_NODELAY an answer may be sent late. If setting it fails, the answer is still right.
        let _ = stream.set_nodelay(true);
        self.serve(stream, routes).await;
    }

    /// Serves a connection as soon as there is room for it.
    pub(super) async fn serve<S>(&self, stream: S, routes: &Arc<Router>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(room) = self.room().await else { return };
        let activity = Arc::new(Activity::new(self.began.elapsed()));
        let listed = Listed::new(&self.open, &activity);
        let served = connection::serve(stream, Arc::clone(routes), activity, self.began);
        self.tasks.spawn(async move {
            served.await;
            drop(listed);
            drop(room);
        });
    }

    /// The room for one more connection; `None` once nothing is served any more.
    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
                return Some(room);
            }
            self.make_room();
            if let Ok(room) = timeout(TIME_TO_END, Arc::clone(&self.room).acquire_owned()).await {
                return room.ok();
            }
        }
    }

    /// Ends the connection that is the least use, if there is one.
    fn make_room(&self) {
        let open = lock(&self.open);
        let candidates = open.connections.values().filter(|activity| !activity.is_unwanted());
        let ranked = candidates.filter_map(|activity| Some(((activity.phase().rank()?, activity.since()), activity)));
        if let Some((_, activity)) = ranked.min_by_key(|(rank, _)| *rank) {
            activity.make_room();
        }
    }

    /// Ends every connection, each after the request that is under way.
    pub(super) async fn finish(&self) {
        lock(&self.open).connections.values().for_each(|activity| activity.finish());
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// How many connections are open.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        lock(&self.open).connections.len()
    }
}

/// An entry in the list of the open connections. It goes with the connection, even if that panics.
struct Listed {
    open: Arc<Mutex<Open>>,
    number: u64,
}

impl Listed {
    fn new(open: &Arc<Mutex<Open>>, activity: &Arc<Activity>) -> Self {
        let mut list = lock(open);
        let number = list.next;
        list.next += 1;
        list.connections.insert(number, Arc::clone(activity));
        Self { open: Arc::clone(open), number }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        lock(&self.open).connections.remove(&self.number);
    }
}

/// The list. A panic elsewhere leaves it whole.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether accepting failed because of the connection, and not because of the system.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests;
