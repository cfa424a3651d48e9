//! The response body, watched to its end.
//!
//! A call is not over when the head of the response has arrived: a server that stalls or breaks off
//! in the middle of a body has failed, and its connection is in use until the last byte. So the body
//! carries the permits of breaker and bulkhead, and settles them when it ends.
//!
//! Most answers are small and arrive together with their head. Those are over at once, and cost no
//! wrapper: see [`guard`].

mod answer;
mod error;
mod guarded;

use std::fmt;
use std::mem;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode, Version};
use http_body::Body;
use reqwest::{Response, ResponseBuilderExt, Url};
use steadfast_breaker::Outcome;

pub(crate) use self::answer::Answer;
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
    fn succeed(self) {
        self.span.ended(None);
        if let Some(permit) = self.breaker {
            permit.success();
        }
    }

    /// The same for a body that was not read to its end, of this kind of error.
    #[cold]
    fn fail(self, outcome: Outcome, kind: &'static str, error: &dyn fmt::Display) {
        self.span.ended(Some(kind));
        if let Some(permit) = self.breaker {
            if outcome == Outcome::Failure {
                permit.note_error(kind, error);
            }
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
    /// Whether a small body may be looked at before anybody reads it.
    pub(crate) looks_at_once: bool,
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
pub(crate) fn guard(mut response: Response, holds: Holds, limits: Limits) -> Result<Answer, u64> {
    // That of a body that is decompressed is not known.
    let length = response.content_length();
    if let (Some(length), Some(limit)) = (length, limits.bytes) {
        if length > limit {
            let error = BodyError::TooLarge { limit };
            holds.fail(limits.on_excess, error.kind(), &error);
            return Err(limit);
        }
    }
    let begun = match length {
        Some(0) => {
            holds.succeed();
            return Ok(Answer::Whole(response));
        }
        Some(length) if length <= SMALL && limits.looks_at_once => {
            // Over HTTP/2, trailers may follow even a body of known length.
            let is_all = response.version() < Version::HTTP_2;
            // Who reads it later is the one to be woken.
            match response.chunk().now_or_never() {
                Some(Ok(Some(bytes))) if is_all && bytes.len() as u64 == length => {
                    holds.succeed();
                    return Ok(Answer::InParts(response, bytes));
                }
                Some(Ok(Some(bytes))) => Begun::Bytes(bytes),
                Some(Err(error)) => Begun::Failed(error),
                Some(Ok(None)) | None => Begun::Nothing,
            }
        }
        _ => Begun::Nothing,
    };
    let response = replace_body(response, |inner| Guarded::new(inner, begun, holds, limits));
    Ok(Answer::Whole(response))
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

/// All of a response but its body.
struct Head {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    /// With the URL, which reqwest hands over only if asked.
    rest: http::response::Builder,
}

impl Head {
    fn take(response: &mut Response) -> Self {
        let url = response.url().clone();
        Self::take_with(response, url)
    }

    fn take_with(response: &mut Response, url: Url) -> Self {
        let mut rest = http::Response::builder();
        if let Some(extensions) = rest.extensions_mut() {
            *extensions = mem::take(response.extensions_mut());
        }
        Self {
            status: response.status(),
            version: response.version(),
            headers: mem::take(response.headers_mut()),
            rest: rest.url(url),
        }
    }

    fn with(self, body: reqwest::Body) -> Response {
        let response = self.rest.body(body);
        let mut response = response.expect("there is nothing in it that can be wrong");
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers;
        Response::from(response)
    }
}
