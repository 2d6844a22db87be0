//! The body of a request, which is asked for before anybody needs it.
//!
//! The parser reads a body only when somebody asks for it. Every function that has a body needs it, so it is asked for as
//! soon as the header is read: then a body that came with its header is there when the function begins, and a request
//! is answered in one go.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

/// What asking for a part of a body gives.
type Asked = Poll<Option<Result<Frame<Bytes>, hyper::Error>>>;

/// A body that was asked for.
#[derive(Debug)]
pub(super) struct WantedBody {
    /// What asking for the body gave, if that was something. It is handed out first.
    first: Asked,
    body: Incoming,
}

impl WantedBody {
    pub(super) fn new(mut body: Incoming) -> Self {
        // Nobody has to be woken: whoever reads the body asks again.
        let mut context = Context::from_waker(Waker::noop());
        let first = Pin::new(&mut body).poll_frame(&mut context);
        Self { first, body }
    }
}

impl HttpBody for WantedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Asked {
        match std::mem::replace(&mut self.first, Poll::Pending) {
            Poll::Pending => Pin::new(&mut self.body).poll_frame(context),
            first @ Poll::Ready(_) => first,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_pending() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.first {
            Poll::Pending => self.body.size_hint(),
            // A part of the body is out already.
            Poll::Ready(_) => SizeHint::default(),
        }
    }
}
