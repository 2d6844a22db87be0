//! A store that fails as if the process had been killed.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult,
};

/// A store in memory that stops working after a number of writes and deletes, as if the process had been killed then.
#[derive(Debug)]
pub(crate) struct KillSwitch {
    inner: InMemory,
    left: AtomicI64,
    pub(crate) used: AtomicI64,
    hangs_at: Mutex<Option<&'static str>>,
}

impl KillSwitch {
    pub(crate) fn new() -> Self {
        let (left, used) = (AtomicI64::new(i64::MAX), AtomicI64::new(0));
        Self { inner: InMemory::new(), left, used, hangs_at: Mutex::default() }
    }

    /// Lets `writes` more writes and deletes through. They are counted in `used`, from 0.
    pub(crate) fn allow(&self, writes: i64) {
        self.left.store(writes, Ordering::Relaxed);
        self.used.store(0, Ordering::Relaxed);
    }

    /// Never ends a write of an object with this name, whatever its folder, or the listing of a folder with this name.
    pub(crate) fn hang_at(&self, name: &'static str) {
        *self.hangs_at.lock().unwrap() = Some(name);
    }

    fn check(&self, write: bool) -> object_store::Result<()> {
        let left = if write { self.left.fetch_sub(1, Ordering::Relaxed) } else { self.left.load(Ordering::Relaxed) };
        if left <= 0 {
            return Err(object_store::Error::Generic { store: "switch", source: "killed".into() });
        }
        if write {
            self.used.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl fmt::Display for KillSwitch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KillSwitch")
    }
}

#[async_trait::async_trait]
impl ObjectStore for KillSwitch {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        self.check(true)?;
        let hangs_at = *self.hangs_at.lock().unwrap();
        if hangs_at.is_some_and(|name| at.filename() == Some(name)) {
            std::future::pending::<()>().await;
        }
        self.inner.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.check(false)?;
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        match self.check(true) {
            Ok(()) => self.inner.delete_stream(at),
            Err(error) => Box::pin(futures_util::stream::iter([Err(error)])),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let hangs_at = *self.hangs_at.lock().unwrap();
        if hangs_at.is_some() && prefix.and_then(Path::filename) == hangs_at {
            return Box::pin(futures_util::stream::pending());
        }
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
