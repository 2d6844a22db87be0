//! A store in memory that writes down what was written, lets others go first, and fails in chosen ways.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use crate::reservations::Reservations;
use crate::reservations::event::Event;
use crate::storage::StateStore;

/// How writes go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Refuses,
    /// It is written, and reported as failed.
    LosesTheAnswer,
    /// It is written, and there never is an answer.
    HangsAfterwards,
    /// Everything exists, it says.
    Lies,
    /// One deletion of three fails.
    RefusesSomeDeletions,
    /// No deletion is ever answered.
    HangsAtDeletions,
    /// No listing is ever answered.
    HangsAtListings,
}

#[derive(Debug)]
struct State {
    fault: Fault,
    written: Vec<(String, Vec<u8>)>,
    /// How often each operation in turn lets others go first.
    pauses: VecDeque<u8>,
    /// An object that can never be deleted.
    stuck: Option<String>,
    deletions: usize,
    /// Deletions under way, and the most that ever were.
    deleting: [usize; 2],
}

/// The store.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    inner: Arc<InMemory>,
    state: Arc<Mutex<State>>,
}

impl Shelf {
    pub(super) fn new() -> Self {
        let (written, pauses) = (Vec::new(), VecDeque::new());
        let state = State { fault: Fault::None, written, pauses, stuck: None, deletions: 0, deleting: [0; 2] };
        Self { inner: Arc::new(InMemory::new()), state: Arc::new(Mutex::new(state)) }
    }

    pub(super) fn store(&self) -> StateStore {
        StateStore::over(Arc::new(self.clone()))
    }

    /// As a new process has them: without anything remembered.
    pub(super) fn reservations(&self) -> Reservations {
        Reservations::new(&self.store())
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    pub(super) fn pauses(&self, pauses: Vec<u8>) {
        self.state.lock().unwrap().pauses = pauses.into();
    }

    /// Lets no deletion of this object succeed.
    pub(super) fn keep(&self, name: &str) {
        self.state.lock().unwrap().stuck = Some(name.to_owned());
    }

    /// How many deletions were under way at once, at most.
    pub(super) fn most_deletions_at_once(&self) -> usize {
        self.state.lock().unwrap().deleting[1]
    }

    /// How many deletions were asked for.
    pub(super) fn deletions(&self) -> usize {
        self.state.lock().unwrap().deletions
    }

    async fn delete_one(self, at: Path) -> object_store::Result<Path> {
        let (refuses, hangs) = {
            let mut state = self.state.lock().unwrap();
            state.deletions += 1;
            state.deleting[0] += 1;
            state.deleting[1] = state.deleting[1].max(state.deleting[0]);
            let refuses = state.fault == Fault::RefusesSomeDeletions && state.deletions.is_multiple_of(3);
            let is_stuck = state.stuck.as_deref() == Some(at.as_ref());
            (refuses || is_stuck, state.fault == Fault::HangsAtDeletions)
        };
        tokio::task::yield_now().await;
        if hangs {
            std::future::pending::<()>().await;
        }
        self.state.lock().unwrap().deleting[0] -= 1;
        if refuses {
            return Err(object_store::Error::Generic { store: "shelf", source: "broken".into() });
        }
        self.inner.delete(&at).await.map(|()| at)
    }

    /// Names and contents of all writes, in order.
    pub(super) fn written(&self) -> Vec<(String, Vec<u8>)> {
        self.state.lock().unwrap().written.clone()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.written().into_iter().map(|(name, _)| name).collect()
    }

    /// Every event in the order of writing, with its slot and its number.
    pub(super) fn events(&self) -> Vec<(u32, u32, Event)> {
        let event = |(name, content): (String, Vec<u8>)| {
            let (slot, number) = name.rsplit('/').next()?.strip_suffix(".json")?.split_once('-')?;
            Some((slot.parse().ok()?, number.parse().ok()?, serde_json::from_slice(&content).unwrap()))
        };
        self.written().into_iter().filter_map(event).collect()
    }

    async fn pause(&self) {
        let times = self.state.lock().unwrap().pauses.pop_front().unwrap_or_default();
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Shelf")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Shelf {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        self.pause().await;
        let broken = || object_store::Error::Generic { store: "shelf", source: "broken".into() };
        let fault = self.state.lock().unwrap().fault;
        match fault {
            Fault::Refuses => return Err(broken()),
            Fault::Lies => {
                return Err(object_store::Error::AlreadyExists { path: at.to_string(), source: "so it says".into() });
            }
            _ => {}
        }
        let content = payload.iter().flat_map(|part| part.to_vec()).collect();
        let put = self.inner.put_opts(at, payload, options).await?;
        self.state.lock().unwrap().written.push((at.to_string(), content));
        match fault {
            Fault::LosesTheAnswer => Err(broken()),
            Fault::HangsAfterwards => std::future::pending().await,
            _ => Ok(put),
        }
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.pause().await;
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let own = self.clone();
        Box::pin(at.then(move |at| {
            let own = own.clone();
            async move { own.delete_one(at?).await }
        }))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let (own, prefix) = (self.clone(), prefix.cloned());
        let paused = async move {
            own.pause().await;
            let hangs = own.state.lock().unwrap().fault == Fault::HangsAtListings;
            if hangs {
                std::future::pending::<()>().await;
            }
            own.inner.list(prefix.as_ref())
        };
        Box::pin(stream::once(paused).flatten())
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
