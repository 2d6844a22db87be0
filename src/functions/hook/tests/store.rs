//! A store that never answers, or always fails.

use std::fmt;
use std::future::pending;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How it does not work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dead {
    Hangs,
    Fails,
}

impl fmt::Display for Dead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

impl Dead {
    async fn answer<T>(self) -> Result<T> {
        match self {
            Self::Hangs => pending().await,
            Self::Fails => Err(Error::Generic { store: "dead", source: "it does not work".into() }),
        }
    }

    fn stream<T: Send + 'static>(self) -> BoxStream<'static, Result<T>> {
        Box::pin(futures_util::stream::once(self.answer()))
    }
}

#[async_trait]
impl ObjectStore for Dead {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        self.answer().await
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.answer().await
    }

    async fn get_opts(&self, _: &Path, _: GetOptions) -> Result<GetResult> {
        self.answer().await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.stream()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.stream()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        self.answer().await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        self.answer().await
    }
}
