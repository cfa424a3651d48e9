//! What a flight has brought, for each of those who waited.

use std::any::Any;
use std::collections::VecDeque;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{Extensions, HeaderMap, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use reqwest::{Response, ResponseBuilderExt, Url};

use crate::body::replace_body;
use crate::error::Error;

/// The longest body that is kept for all.
const MOST: usize = 1024 * 1024;

/// What a flight has brought.
pub(super) enum Landed {
    /// A response that everybody gets.
    Whole(Whole),
    /// A response that cannot be kept whole: its body is too long, has broken off or has trailers. For
    /// whoever comes first, with what was read of it; the others send their own.
    Single(Mutex<Option<Response>>),
    Failed(Arc<Error>),
    /// User code has panicked: for whoever comes first; the others send their own.
    Panicked(Mutex<Option<Box<dyn Any + Send>>>),
}

/// A response with all of its body.
pub(super) struct Whole {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    url: Url,
    body: Bytes,
}

impl Whole {
    fn response(&self) -> Response {
        let mut head = http::Response::builder()
            .status(self.status)
            .version(self.version);
        if let Some(headers) = head.headers_mut() {
            headers.clone_from(&self.headers);
        }
        if let Some(extensions) = head.extensions_mut() {
            extensions.clone_from(&self.extensions);
        }
        let response = head.url(self.url.clone()).body(self.body.clone());
        Response::from(response.expect("a response that was one already"))
    }
}

/// The share of one of those who waited; `None` if there is nothing for it.
pub(super) fn take(landed: Arc<Landed>) -> Option<Result<Response, Error>> {
    let error = match &*landed {
        Landed::Whole(whole) => return Some(Ok(whole.response())),
        Landed::Single(response) => return response.lock().take().map(Ok),
        Landed::Panicked(panic) => {
            let panic = panic.lock().take();
            return panic.map(|panic| resume_unwind(panic));
        }
        Landed::Failed(error) => Arc::clone(error),
    };
    drop(landed);
    // One who waited alone, or is the last, has it for itself.
    let alone = Arc::try_unwrap(error);
    Some(Err(
        alone.unwrap_or_else(|source| Error::Coalesced { source })
    ))
}

impl Landed {
    pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Self {
        Self::Panicked(Mutex::new(Some(panic)))
    }

    pub(super) async fn from_result(result: Result<Response, Error>) -> Self {
        match result {
            Ok(response) => Self::from_response(response).await,
            Err(error) => Self::Failed(Arc::new(error)),
        }
    }

    async fn from_response(response: Response) -> Self {
        let length = response.content_length();
        if length.is_some_and(|length| length > MOST as u64) {
            return Self::Single(Mutex::new(Some(response)));
        }
        let mut body = None;
        // The body is out on its own while it is read.
        let mut response = replace_body(response, |whole| {
            body = Some(whole);
            http_body_util::Empty::<Bytes>::new()
        });
        let mut begun = Begun {
            frames: VecDeque::new(),
            rest: body,
        };
        match begun.read().await {
            Some(body) => Self::Whole(Whole {
                status: response.status(),
                version: response.version(),
                url: response.url().clone(),
                headers: mem::take(response.headers_mut()),
                extensions: mem::take(response.extensions_mut()),
                body,
            }),
            None => Self::Single(Mutex::new(Some(replace_body(response, |_| begun)))),
        }
    }
}

/// A body of which something has been read.
struct Begun {
    frames: VecDeque<Result<Frame<Bytes>, reqwest::Error>>,
    /// What has not, unless that is nothing.
    rest: Option<reqwest::Body>,
}

impl Begun {
    /// The whole of the body; `None`, and what was read put back, if it cannot be kept.
    async fn read(&mut self) -> Option<Bytes> {
        let mut length = 0;
        while let Some(frame) = self.rest.as_mut()?.frame().await {
            let data = frame.as_ref().ok().and_then(Frame::data_ref);
            let read = data.map(Bytes::len);
            self.frames.push_back(frame);
            length += read?;
            if length > MOST {
                return None;
            }
        }
        let mut whole = BytesMut::with_capacity(length);
        for data in self.frames.iter().flatten().filter_map(Frame::data_ref) {
            whole.extend_from_slice(data);
        }
        Some(whole.freeze())
    }
}

impl Body for Begun {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(frame));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }
}
