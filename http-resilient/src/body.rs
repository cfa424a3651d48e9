//! The response body, watched to its end.
//!
//! A call is not over when the head of the response has arrived: a server that stalls or breaks off
//! in the middle of a body has failed, and its connection is in use until the last byte. So the body
//! carries the permits of breaker and bulkhead, and settles them when it ends.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::{Response, ResponseBuilderExt};
use steadfast_breaker::Outcome;

/// The permits that a response in progress holds.
#[derive(Debug)]
pub(crate) struct Holds {
    /// Still to be told the outcome; `None` if the head decided it.
    pub(crate) breaker: Option<steadfast_breaker::Permit>,
    /// What it means if the time runs out before the body has ended.
    pub(crate) on_timeout: Outcome,
    /// Given back when this is dropped.
    pub(crate) _place: steadfast_bulkhead::Permit,
}

impl Holds {
    /// The breaker is told first, and then the place given back: whoever gets it asks the breaker.
    fn settle(self, outcome: Outcome) {
        if let Some(permit) = self.breaker {
            permit.record(outcome);
        }
    }
}

/// `response`, holding its permits until the body ends, fails or is dropped.
pub(crate) fn guard(response: Response, holds: Holds) -> Response {
    replace_body(response, |inner| Guarded::new(inner, holds))
}

/// `response` with another body around its own. Everything else stays: status, version, headers,
/// extensions, the remote address among them, and the URL, which reqwest hands over only if asked.
pub(crate) fn replace_body<B>(response: Response, wrap: impl FnOnce(reqwest::Body) -> B) -> Response
where
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let url = response.url().clone();
    let response = http::Response::from(response).map(|body| reqwest::Body::wrap(wrap(body)));
    let (mut parts, body) = response.into_parts();
    // A response made of nothing but the URL, to take reqwest's private extension from. It cannot
    // fail to build.
    if let Ok(url_only) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(url_only.into_parts().0.extensions);
    }
    Response::from(http::Response::from_parts(parts, body))
}

struct Guarded {
    inner: reqwest::Body,
    /// Taken when the body is over.
    holds: Option<Holds>,
    /// The reader has asked for more and the server has not delivered.
    waiting: bool,
}

impl Guarded {
    fn new(inner: reqwest::Body, holds: Holds) -> Self {
        let mut guarded = Self {
            inner,
            holds: Some(holds),
            waiting: false,
        };
        guarded.settle_at_end();
        guarded
    }

    /// Settles with the last byte, even if nobody asks for what comes after it.
    fn settle_at_end(&mut self) {
        // A body that may be decompressed never says that it is at its end, but its length does.
        if self.inner.is_end_stream() || self.inner.size_hint().exact() == Some(0) {
            self.settle(Outcome::Success);
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(holds) = self.holds.take() {
            holds.settle(outcome);
        }
    }

    /// What an error of the body says about the server.
    fn blame(&self, error: &reqwest::Error, waited: bool) -> Outcome {
        match &self.holds {
            // The time ran out while the reader was busy with something else.
            Some(_) if error.is_timeout() && !waited => Outcome::Success,
            Some(holds) if error.is_timeout() => holds.on_timeout,
            _ => Outcome::Failure,
        }
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let waited = self.waiting;
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            self.waiting = true;
            return Poll::Pending;
        };
        self.waiting = false;
        match &frame {
            Some(Ok(_)) => self.settle_at_end(),
            None => self.settle(Outcome::Success),
            Some(Err(error)) => {
                let outcome = self.blame(error, waited);
                self.settle(outcome);
            }
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

impl Drop for Guarded {
    /// Whoever drops a body that it was not waiting for has got what it wanted: the status was fine,
    /// and that is a success. Whoever drops one while the server was to deliver has given up on it:
    /// the call is abandoned, as anywhere else.
    fn drop(&mut self) {
        if !self.waiting {
            self.settle(Outcome::Success);
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("holds", &self.holds)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
