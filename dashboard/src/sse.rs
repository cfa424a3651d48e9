//! The live stream: a snapshot, then what changes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

use crate::hub::{Frame, Hub, Place, bye};
use crate::reply;

/// A client is sent no more than so many bytes at once. That it asks for more is all that is known of what it has taken,
/// and what is large takes long on a slow link.
const PIECE: usize = 8 * 1024;

/// `GET api/stream`
pub(crate) async fn stream(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Response {
    if hub.is_closed() {
        return refused("the dashboard is shutting down", "2");
    }
    let Some(place) = hub.place() else {
        hub.counters.refuse();
        return refused(
            "too many pages are live; try again, or ask for api/snapshot",
            "10",
        );
    };
    if hub.refresh().await.is_none() {
        return reply::gone();
    }
    hub.watch();
    let client = Client::new(&hub, place, last_event_id(&headers));
    let body = stream::unfold(client, |mut client| async move {
        let bytes = client.next().await?;
        Some((Ok::<_, Infallible>(bytes), client))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let mut response = (headers, Body::from_stream(body)).into_response();
    // nginx would collect it otherwise.
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no);
    response
}

fn refused(why: &str, again_in: &'static str) -> Response {
    let mut response = reply::error(StatusCode::SERVICE_UNAVAILABLE, why);
    let again_in = HeaderValue::from_static(again_in);
    response.headers_mut().insert(RETRY_AFTER, again_in);
    response
}

/// The number of the last entry that a client knows of. What is no number is of no use.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// One stream. What it has not sent yet is shared with all others, but for the snapshot.
struct Client {
    hub: Arc<Hub>,
    frames: broadcast::Receiver<Frame>,
    closing: watch::Receiver<Option<&'static str>>,
    age: Pin<Box<Sleep>>,
    /// The number of the last entry that was sent.
    seq: u64,
    ready: VecDeque<Bytes>,
    /// What is left of a message that was sent in part.
    rest: Bytes,
    is_over: bool,
    place: Arc<Place>,
}

/// What a stream waits for.
enum Next {
    Frame(Frame),
    /// So far behind that frames were lost.
    Behind,
    Over(&'static str),
}

impl Client {
    fn new(hub: &Arc<Hub>, place: Arc<Place>, after: Option<u64>) -> Self {
        let (snapshot, frames) = hub.follow(after);
        Self {
            seq: snapshot.seq,
            ready: VecDeque::from([snapshot.frame()]),
            rest: Bytes::new(),
            frames,
            closing: hub.closing(),
            age: Box::pin(sleep(hub.settings.max_stream_age)),
            is_over: false,
            place,
            hub: Arc::clone(hub),
        }
    }

    /// The next piece of a message; `None` after the last one. Only asked for when there is room for it on the connection.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.place.asks() && !self.is_over {
            self.is_over = true;
            self.ready = VecDeque::from([bye("slow")]);
        }
        let bytes = self.piece().await;
        self.place.gets();
        bytes
    }

    async fn piece(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            self.rest = self.message().await?;
        }
        Some(self.rest.split_to(self.rest.len().min(PIECE)))
    }

    async fn message(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if self.is_over {
                return None;
            }
            match self.wait().await {
                Next::Frame(Frame::Delta(bytes)) => return Some(bytes),
                Next::Frame(Frame::Event(seq, bytes)) => {
                    // An event that the snapshot has is not told twice.
                    if seq > self.seq {
                        self.seq = seq;
                        return Some(bytes);
                    }
                }
                Next::Behind => self.catch_up(),
                Next::Over(reason) => {
                    self.is_over = true;
                    self.ready.push_back(bye(reason));
                }
            }
        }
    }

    async fn wait(&mut self) -> Next {
        tokio::select! {
            biased;
            closed = self.closing.wait_for(Option::is_some) => {
                // The sender is part of the hub, which this stream keeps.
                Next::Over(closed.ok().and_then(|reason| *reason).unwrap_or("shutdown"))
            }
            () = &mut self.age => Next::Over("max_age"),
            frame = self.frames.recv() => match frame {
                Ok(frame) => Next::Frame(frame),
                Err(RecvError::Lagged(_)) => Next::Behind,
                Err(RecvError::Closed) => Next::Over("shutdown"),
            },
        }
    }

    /// Everything anew, with the entries that were not sent yet.
    fn catch_up(&mut self) {
        let hub = Arc::clone(&self.hub);
        let (snapshot, frames) = hub.follow(Some(self.seq));
        self.frames = frames;
        self.seq = snapshot.seq;
        self.ready.push_back(snapshot.frame());
    }
}

#[cfg(test)]
mod tests;
