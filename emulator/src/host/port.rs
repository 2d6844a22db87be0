//! A port that is still free when the process binds it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::TcpSocket;

/// These ports are below those that the system assigns by itself, so that no other program gets one in the meantime.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: OnceLock<AtomicU16> = OnceLock::new();

/// A free loopback port; never the same twice in a row.
pub(super) fn free_port() -> std::io::Result<u16> {
    let next = NEXT.get_or_init(|| {
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        AtomicU16::new(u16::try_from(seed % u64::from(COUNT)).unwrap_or_default())
    });
    let mut refused = None;
    for _ in 0..COUNT {
        let port = FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT;
        match bound(port) {
            Ok(()) => return Ok(port),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

/// Binds the port without listening. A process that is forked at this moment inherits the socket for a short time. It
/// must neither keep the port busy nor accept connections on it.
fn bound(port: u16) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_passed_over() {
        let port = free_port().unwrap();
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert!(bound(port).is_err());
        drop(listener);
        assert_ne!(free_port().unwrap(), port);
    }
}
