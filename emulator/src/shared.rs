//! What several parts of the emulator need: locks, an HTTP client and servers for loopback, random ids.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// The locked value, also if a test has panicked while it held the lock.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client for loopback: no proxy, no redirects, no certificates to load.
pub(crate) fn loopback_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(2))
        .tls_certs_only(std::iter::empty())
        .build()
}

/// A free port on 127.0.0.1, already listening.
pub(crate) async fn listen() -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves `router` until the handle is dropped. Handlers may ask for the peer's address.
pub(crate) fn serve(listener: TcpListener, router: Router) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        // The servers of the real services set this, too. Without it an answer may be 40 ms late, which would look like
        // the product's delay.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // `axum::serve` retries failed accepts itself and does not return.
        let _ = axum::serve(listener, service).await;
    }))
}

/// A new random GUID.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
