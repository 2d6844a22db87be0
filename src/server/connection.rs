//! One connection: its requests are answered, and it is closed if its client takes too long.
//!
//! | what the client does | what happens |
//! | --- | --- |
//! | it sends a header, and is not done [`HEADER_TIME`] after the first byte | the connection is closed |
//! | it sends nothing for [`IDLE_TIME`], after an answer or after opening the connection | the connection is closed |
//! | it sends a body slowly | the function decides: a hook answers at its deadline |
//! | it does not take its answer | the connection is closed after [`IDLE_TIME`] |
//!
//! A connection is closed between two requests only. Everything that has arrived is read first, so a request is lost
//! only if it arrives in the very moment of the end; a client that keeps connections has to repeat such a request
//! (RFC 9112, 9.5), and the Functions host closes its own idle connections earlier: .NET does so after one minute by
//! default.
//!
//! A part of a header that comes in one piece with the request before it is not seen until that request is answered, and
//! then counts as idle: `hyper` does not say what it has read ahead. It takes the room of an idle connection, no more.
//!
//! There is one timer for each connection. It is set anew when it fires, not for each request.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::{Activity, Phase};
use super::body::WantedBody;
use super::router::Router;
use super::stream::WatchedStream;

/// How long a header may take to arrive, from its first byte.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// How long a connection stays open on which nothing arrives.
const IDLE_TIME: Duration = Duration::from_mins(5);

/// Answers the requests of a connection until one side ends it. `began` is when the server began.
pub(super) async fn serve<S>(stream: S, routes: Arc<Router>, activity: Arc<Activity>, began: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let seen = Arc::clone(&activity);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        seen.begun();
        let answer = routes.answer(request.map(|body| Body::new(WantedBody::new(body))));
        let seen = Arc::clone(&seen);
        async move {
            let answer = answer.await;
            seen.answered();
            Ok::<_, Infallible>(answer)
        }
    });
    let stream = TokioIo::new(WatchedStream::new(stream, Arc::clone(&activity)));
    // What limits the size of a header is hyper's own. Its time limit is not used: it counts idle time, too.
    let mut requests = pin!(http1::Builder::new().header_read_timeout(None).serve_connection(stream, service));
    let mut limits = Limits::new(activity, began);
    poll_fn(|context| {
        // Whatever has arrived is read before the limits are looked at. If that fails, there is nobody to tell.
        if requests.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        match limits.poll(context) {
            Verdict::GoOn => Poll::Pending,
            Verdict::LastRequest => {
                requests.as_mut().graceful_shutdown();
                Poll::Pending
            }
            Verdict::End => Poll::Ready(()),
        }
    })
    .await;
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It stays open.
    GoOn,
    /// It ends when its request is answered.
    LastRequest,
    /// It ends now.
    End,
}

/// Watches that a connection keeps its limits.
struct Limits {
    activity: Arc<Activity>,
    /// The last state that was seen.
    state: u64,
    /// When that state was first seen.
    since: Instant,
    began: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Limits {
    fn new(activity: Arc<Activity>, began: Instant) -> Self {
        let (state, since) = (activity.state(), Instant::now());
        Self { activity, state, since, began, timer: Box::pin(sleep_until(since + IDLE_TIME)) }
    }

    /// What becomes of the connection now. It is asked again when that may change.
    fn poll(&mut self, context: &mut Context<'_>) -> Verdict {
        self.activity.wake(context.waker());
        let phase = self.activity.phase();
        let (is_unwanted, is_last) = (self.activity.is_unwanted(), self.activity.is_last());
        let limit = match phase {
            Phase::Answering if is_unwanted || is_last => return Verdict::LastRequest,
            Phase::Answering => return Verdict::GoOn,
            Phase::Header if is_unwanted => return Verdict::End,
            Phase::Unused | Phase::Idle if is_unwanted || is_last => return Verdict::End,
            Phase::Header => HEADER_TIME,
            Phase::Unused | Phase::Idle | Phase::Sending => IDLE_TIME,
        };
        if self.is_over(limit, context) {
            Verdict::End
        } else if is_last {
            Verdict::LastRequest
        } else {
            Verdict::GoOn
        }
    }

    /// Whether the present phase has taken this long. If not, the connection is woken when it will have.
    fn is_over(&mut self, limit: Duration, context: &mut Context<'_>) -> bool {
        let state = self.activity.state();
        if self.state != state {
            (self.state, self.since) = (state, Instant::now());
            self.activity.note_since(self.since.duration_since(self.began));
        }
        let end = self.since + limit;
        if self.timer.deadline() > end {
            self.timer.as_mut().reset(end);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= end {
                return true;
            }
            self.timer.as_mut().reset(end);
        }
        false
    }
}
