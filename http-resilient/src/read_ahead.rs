//! Reading a response that a retry is about to replace.
//!
//! A connection can be used again only once the response on it has been read. So a response that is
//! worth a retry is read to its end first, if that costs little: at most [`BYTES`] within [`TIME`].
//! It is kept then, and returned after all if the retry is not let through.

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
pub(crate) const TIME: Duration = Duration::from_millis(250);

/// `response` with all of its body read, so that it holds neither connection nor permits any more.
/// `None`, and the response dropped, if it is longer than [`BYTES`], or is not there within [`TIME`]
/// or by the `deadline`.
pub(crate) async fn read_ahead(response: Response, deadline: Option<Instant>) -> Option<Response> {
    let length = response.content_length();
    if length.is_some_and(|length| length > BYTES as u64) {
        return None;
    }
    let until = clock::now() + TIME;
    let until = deadline.map_or(until, |deadline| deadline.min(until));
    let mut body = None;
    // The body is out on its own while it is read.
    let response = replace_body(response, |whole| {
        body = Some(whole);
        http_body_util::Empty::<Bytes>::new()
    });
    let reading = Read::all(body?);
    let read = tokio::time::timeout_at(tokio::time::Instant::from_std(until), reading).await;
    let read = read.ok()??;
    Some(replace_body(response, |_| read))
}

/// A body that has been read.
#[derive(Debug, Default)]
struct Read {
    frames: VecDeque<Frame<Bytes>>,
    bytes: usize,
    /// How it broke off.
    error: Option<reqwest::Error>,
}

impl Read {
    /// The whole of `body`; `None` if it is too long.
    async fn all(mut body: reqwest::Body) -> Option<Self> {
        let mut read = Self::default();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    read.bytes += frame.data_ref().map_or(0, Bytes::len);
                    read.frames.push_back(frame);
                }
                Err(error) => {
                    read.error = Some(error);
                    break;
                }
            }
            if read.bytes > BYTES {
                return None;
            }
        }
        Some(read)
    }
}

impl Body for Read {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let next = self.frames.pop_front().map(Ok);
        let next = next.or_else(|| self.error.take().map(Err));
        if let Some(Ok(frame)) = &next {
            self.bytes -= frame.data_ref().map_or(0, Bytes::len);
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.bytes as u64;
        if self.error.is_none() {
            return SizeHint::with_exact(left);
        }
        // How long it was to be is not known any more.
        let mut hint = SizeHint::new();
        hint.set_lower(left);
        hint
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.error.is_none()
    }
}
