//! Reading a response that is about to be discarded.
//!
//! A connection can be used again only once the response on it has been read. So a response that is
//! worth a retry is read to its end first, if that costs little: at most [`BYTES`] within [`TIME`].
//! Nothing is lost by it: if there is no retry after all, the caller gets the response with what was
//! read in front of what was not.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use reqwest::Response;

use crate::body::replace_body;
use crate::clock;

/// How much of a body is read.
pub(crate) const BYTES: usize = 16 * 1024;

/// How long reading may take.
pub(crate) const TIME: Duration = Duration::from_millis(100);

/// A response, read as far as was cheap.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    pub(crate) response: Response,
    /// Whether all of it was read, so that its connection is free again.
    pub(crate) complete: bool,
}

/// Reads `response` for at most [`BYTES`], [`TIME`], and until `deadline`.
pub(crate) async fn read_ahead(response: Response, deadline: Option<Instant>) -> ReadAhead {
    let length = response.content_length();
    if length.is_some_and(|length| length > BYTES as u64) {
        return ReadAhead {
            response,
            complete: false,
        };
    }
    let until = clock::now() + TIME;
    let until = deadline.map_or(until, |deadline| deadline.min(until));
    let mut whole = None;
    // The body is out on its own while it is read.
    let response = replace_body(response, |body| {
        whole = Some(body);
        http_body_util::Empty::<Bytes>::new()
    });
    let mut taken = Taken::default();
    let mut rest = whole;
    if let Some(body) = &mut rest {
        let until = tokio::time::Instant::from_std(until);
        let reading = tokio::time::timeout_at(until, taken.read(body));
        if reading.await.unwrap_or(false) {
            rest = None;
        }
    }
    let complete = rest.is_none();
    let response = replace_body(response, |_| Replay { taken, rest });
    ReadAhead { response, complete }
}

/// What has been read of a body.
#[derive(Debug, Default)]
struct Taken {
    frames: VecDeque<Frame<Bytes>>,
    bytes: usize,
    /// How the body broke off.
    error: Option<reqwest::Error>,
}

impl Taken {
    /// Whether it got to the end of the body.
    ///
    /// # Cancel safety
    /// What has been read so far is kept.
    async fn read(&mut self, body: &mut reqwest::Body) -> bool {
        while !body.is_end_stream() {
            match body.frame().await {
                None => break,
                Some(Ok(frame)) => {
                    self.bytes += frame.data_ref().map_or(0, Bytes::len);
                    self.frames.push_back(frame);
                    if self.bytes > BYTES {
                        return body.is_end_stream();
                    }
                }
                Some(Err(error)) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        true
    }
}

/// What was read, and then the rest.
struct Replay {
    taken: Taken,
    rest: Option<reqwest::Body>,
}

impl Body for Replay {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        if let Some(frame) = self.taken.frames.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if let Some(error) = self.taken.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let taken = self.taken.frames.iter().filter_map(Frame::data_ref);
        let taken = taken.map(|data| data.len() as u64).sum();
        let mut hint = SizeHint::new();
        hint.set_lower(taken);
        match &self.rest {
            Some(rest) => {
                let rest = rest.size_hint();
                hint.set_lower(taken + rest.lower());
                if let Some(upper) = rest.upper() {
                    hint.set_upper(taken + upper);
                }
            }
            None if self.taken.error.is_none() => hint.set_upper(taken),
            // It broke off: how long it was to be is not known any more.
            None => {}
        }
        hint
    }

    fn is_end_stream(&self) -> bool {
        let ended = |rest: &reqwest::Body| rest.is_end_stream();
        self.taken.frames.is_empty()
            && self.taken.error.is_none()
            && self.rest.as_ref().is_none_or(ended)
    }
}
