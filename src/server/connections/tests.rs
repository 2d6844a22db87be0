//! Slow, silent and many clients, with paused time and streams in memory.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::Notify;

use super::*;
use crate::server::router::handler;

const WHOLE: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const HALF: &str = "POST /api/x HTTP/1.1\r\nHost: 127.";

/// A server whose path `/slow` answers when it is told to.
struct Server {
    connections: Connections,
    routes: Arc<Router>,
    slow: Arc<Notify>,
}

impl Server {
    fn with_room_for(limit: usize) -> Self {
        let slow = Arc::new(Notify::new());
        let routes = Router::default().route("/", handler(&Arc::new(()), quick)).route("/slow", handler(&slow, wait));
        Self { connections: Connections::new(limit), routes: Arc::new(routes), slow }
    }

    /// A new connection, on which this was sent.
    async fn connect(&self, sent: &str) -> DuplexStream {
        let (mut client, stream) = duplex(1024);
        client.write_all(sent.as_bytes()).await.unwrap();
        self.connections.serve(stream, &self.routes).await;
        settle().await;
        client
    }
}

async fn quick(_: State<Arc<()>>, _: Request) -> Response {
    "here".into_response()
}

async fn wait(State(told): State<Arc<Notify>>, _: Request) -> Response {
    told.notified().await;
    "late".into_response()
}

/// Lets every connection see what has arrived. Time does not pass.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Reads one answer.
async fn answer(client: &mut DuplexStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") && !answer.ends_with(b"late") {
        let read = client.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "the connection ended: {:?}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8(answer).unwrap()
}

/// How long it takes until the other side ends the connection, on which nothing more comes.
async fn end(client: &mut DuplexStream) -> Duration {
    let asked = Instant::now();
    let read = timeout(Duration::from_hours(1), client.read(&mut [0; 64])).await.expect("the connection stays open");
    assert!(read.is_err() || read.is_ok_and(|read| read == 0));
    asked.elapsed()
}

/// Whether the other side has ended the connection by now.
async fn has_ended(client: &mut DuplexStream) -> bool {
    settle().await;
    timeout(Duration::ZERO, client.read(&mut [0; 64])).await.is_ok()
}

fn near(took: Duration, expected: Duration) -> bool {
    (expected..expected + Duration::from_millis(20)).contains(&took)
}

#[rstest]
#[case::with_the_first_byte("G", 5)]
#[case::in_the_middle(HALF, 5)]
#[case::without_its_last_line("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", 5)]
#[case::without_anything("", 300)]
#[tokio::test(start_paused = true)]
async fn a_header_that_is_not_complete_is_cut_off_and_silence_too(#[case] sent: &str, #[case] seconds: u64) {
    let server = Server::with_room_for(10);
    let took = end(&mut server.connect(sent).await).await;
    assert!(near(took, Duration::from_secs(seconds)), "{took:?}");
    settle().await;
    assert_eq!(server.connections.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_header_that_comes_byte_by_byte_has_five_seconds_in_all() {
    let server = Server::with_room_for(10);
    let mut client = server.connect("GET").await;
    let began = Instant::now();
    for byte in HALF.bytes().take(4) {
        sleep(Duration::from_secs(1)).await;
        client.write_all(&[byte]).await.unwrap();
    }
    end(&mut client).await;
    assert!(near(began.elapsed(), Duration::from_secs(5)), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again_for_five_minutes_after_each_answer() {
    let server = Server::with_room_for(10);
    let mut client = server.connect(WHOLE).await;
    for idle in [0, 4, 299, 299, 1] {
        assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
        sleep(Duration::from_secs(idle)).await;
        client.write_all(WHOLE.as_bytes()).await.unwrap();
    }
    answer(&mut client).await;
    // The next header has five seconds again.
    sleep(Duration::from_secs(100)).await;
    client.write_all(HALF.as_bytes()).await.unwrap();
    let took = end(&mut client).await;
    assert!(near(took, Duration::from_secs(5)), "{took:?}");
    let mut client = server.connect(WHOLE).await;
    answer(&mut client).await;
    let took = end(&mut client).await;
    assert!(near(took, Duration::from_mins(5)), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_under_way_is_never_cut_off() {
    let server = Server::with_room_for(2);
    let mut first = server.connect("GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    let mut second = server.connect("GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    sleep(Duration::from_mins(20)).await;
    // There is no room for a third one until one of them ends.
    let third = server.connect(WHOLE);
    let ends = async {
        sleep(Duration::from_secs(7)).await;
        server.slow.notify_waiters();
        for client in [&mut first, &mut second] {
            assert!(answer(client).await.starts_with("HTTP/1.1 200"));
        }
    };
    let (mut third, ()) = tokio::join!(third, ends);
    answer(&mut third).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_the_least_use_makes_room_first() {
    let server = Server::with_room_for(6);
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect(WHOLE).await;
        answer(&mut client).await;
        idle.push(client);
        sleep(Duration::from_secs(1)).await;
    }
    let mut unused = Vec::new();
    for _ in 0..2 {
        unused.push(server.connect("").await);
        sleep(Duration::from_secs(1)).await;
    }
    let mut slow = Vec::new();
    for _ in 0..2 {
        slow.push(server.connect(HALF).await);
        sleep(Duration::from_secs(1)).await;
    }
    let mut in_this_order: Vec<_> = slow.into_iter().chain(unused).chain(idle).collect();
    let mut under_way = Vec::new();
    for at in 0..6 {
        under_way.push(server.connect("GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await);
        let mut ended = Vec::new();
        for client in &mut in_this_order {
            ended.push(has_ended(client).await);
        }
        let expected: Vec<bool> = (0..6).map(|number| number <= at).collect();
        assert_eq!(ended, expected, "after {at} more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_slow_and_a_thousand_silent_clients_keep_nobody_from_an_answer() {
    let server = Server::with_room_for(768);
    let mut clients = Vec::new();
    for _ in 0..1_000 {
        clients.push((server.connect(HALF).await, server.connect("").await));
        assert!(server.connections.count() <= 768);
    }
    let began = Instant::now();
    assert!(answer(&mut server.connect(WHOLE).await).await.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < Duration::from_millis(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn at_the_end_what_is_idle_ends_at_once_and_what_is_under_way_is_answered() {
    let server = Server::with_room_for(10);
    let (mut unused, mut idle) = (server.connect("").await, server.connect(WHOLE).await);
    answer(&mut idle).await;
    let mut busy = server.connect("GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    let mut half = server.connect("GET / HTTP/1.1\r\n").await;
    let clients = async {
        assert!(has_ended(&mut unused).await && has_ended(&mut idle).await);
        half.write_all(b"Host: 127.0.0.1\r\n\r\n").await.unwrap();
        server.slow.notify_waiters();
        for client in [&mut busy, &mut half] {
            assert!(answer(client).await.contains("connection: close"));
            assert_eq!(end(client).await, Duration::ZERO);
        }
    };
    tokio::join!(server.connections.finish(), clients);
    assert_eq!(server.connections.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_sent_ahead_are_answered_in_order() {
    let server = Server::with_room_for(10);
    let mut client = server.connect(&format!("{WHOLE}{WHOLE}GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    server.slow.notify_one();
    let mut all = Vec::new();
    while !all.ends_with(b"late") {
        assert!(client.read_buf(&mut all).await.unwrap() > 0);
    }
    assert_eq!(String::from_utf8(all).unwrap().matches("HTTP/1.1 200").count(), 3);
}

#[rstest]
#[case(Some(0), 1)]
#[case(Some(16), 1)]
#[case(Some(32), 8)]
#[case(Some(64), 40)]
#[case(Some(1024), 768)]
#[case(Some(4096), 3840)]
#[case(Some(1_048_576), 4096)]
#[case(None, 4096)]
fn some_files_are_kept_for_everything_else(#[case] files: Option<u64>, #[case] room: usize) {
    assert_eq!(limit(files), room);
}
