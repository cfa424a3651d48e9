//! The response body, watched to its end.
//!
//! A call is not over when the head of the response has arrived: a server that stalls or breaks off
//! in the middle of a body has failed, and its connection is in use until the last byte. So the body
//! carries the permits of breaker and bulkhead, and settles them when it ends.
//!
//! Most answers are small and arrive together with their head. Those are over at once, and cost no
//! wrapper: see [`guard`].

mod error;
mod guarded;

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Version;
use http_body::Body;
use reqwest::{Response, ResponseBuilderExt};
use steadfast_breaker::Outcome;

pub use self::error::BodyError;
use self::guarded::Guarded;
use crate::spans::AttemptSpan;

/// The permits that a response in progress holds.
#[derive(Debug)]
pub(crate) struct Holds {
    /// Still to be told the outcome; `None` if the head decided it.
    pub(crate) breaker: Option<steadfast_breaker::Permit>,
    /// What it means if the time runs out before the body has ended.
    pub(crate) on_timeout: Outcome,
    /// Given back when this is dropped.
    pub(crate) _place: steadfast_bulkhead::Permit,
    /// Ends with the body.
    pub(crate) span: AttemptSpan,
}

impl Holds {
    /// The breaker is told first, and then the place given back: whoever gets it asks the breaker.
    fn settle(self, outcome: Outcome, failed: Option<&'static str>) {
        self.span.ended(failed);
        if let Some(permit) = self.breaker {
            permit.record(outcome);
        }
    }
}

/// What a body may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Its bytes, after decompression.
    pub(crate) bytes: Option<u64>,
    /// What it says about the server if there are more.
    pub(crate) on_excess: Outcome,
    /// The time without any of them, while the reader waits.
    pub(crate) read_timeout: Option<Duration>,
    /// What it says about the server if that is over.
    pub(crate) on_stall: Outcome,
    /// The end of the whole request.
    pub(crate) deadline: Option<Instant>,
}

/// A body of at most so many bytes is looked at once: it may be there already.
const SMALL: u64 = 16 * 1024;

/// What has already been read of a body.
enum Begun {
    Nothing,
    Bytes(Bytes),
    Failed(reqwest::Error),
}

/// `response`, holding its permits until the body ends, fails or is dropped. If all of it is there
/// already, that is now.
///
/// The limit, if the head says that the body is larger.
pub(crate) async fn guard(
    mut response: Response,
    holds: Holds,
    limits: Limits,
) -> Result<Response, u64> {
    // That of a body that is decompressed is not known.
    let length = response.content_length();
    if let (Some(length), Some(limit)) = (length, limits.bytes) {
        if length > limit {
            holds.settle(limits.on_excess, Some("body_too_large"));
            return Err(limit);
        }
    }
    let begun = match length {
        Some(0) => {
            holds.settle(Outcome::Success, None);
            return Ok(response);
        }
        Some(length) if length <= SMALL => {
            // Over HTTP/2, trailers may follow even a body of known length.
            let is_all = response.version() < Version::HTTP_2;
            let chunk = {
                let mut chunk = pin!(response.chunk());
                poll_fn(|cx| Poll::Ready(chunk.as_mut().poll(cx))).await
            };
            match chunk {
                Poll::Ready(Ok(Some(bytes))) if is_all && bytes.len() as u64 == length => {
                    holds.settle(Outcome::Success, None);
                    return Ok(rebuild(response, bytes.into()));
                }
                Poll::Ready(Ok(Some(bytes))) => Begun::Bytes(bytes),
                Poll::Ready(Err(error)) => Begun::Failed(error),
                Poll::Ready(Ok(None)) | Poll::Pending => Begun::Nothing,
            }
        }
        _ => Begun::Nothing,
    };
    Ok(replace_body(response, |inner| {
        Guarded::new(inner, begun, holds, limits)
    }))
}

/// `response` with another body around its own. Everything else stays: status, version, headers,
/// extensions, the remote address among them, and the URL.
pub(crate) fn replace_body<B>(
    mut response: Response,
    wrap: impl FnOnce(reqwest::Body) -> B,
) -> Response
where
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let head = Head::take(&mut response);
    let (_, body) = http::Response::from(response).into_parts();
    head.with(reqwest::Body::wrap(wrap(body)))
}

/// `response` with another body in place of its own.
fn rebuild(mut response: Response, body: reqwest::Body) -> Response {
    Head::take(&mut response).with(body)
}

/// All of a response but its body.
struct Head(http::response::Builder);

impl Head {
    fn take(response: &mut Response) -> Self {
        let mut head = http::Response::builder()
            .status(response.status())
            .version(response.version());
        if let Some(headers) = head.headers_mut() {
            *headers = mem::take(response.headers_mut());
        }
        if let Some(extensions) = head.extensions_mut() {
            *extensions = mem::take(response.extensions_mut());
        }
        // reqwest hands over the URL only if asked.
        Self(head.url(response.url().clone()))
    }

    fn with(self, body: reqwest::Body) -> Response {
        let response = self.0.body(body);
        Response::from(response.expect("a response that was one already"))
    }
}
