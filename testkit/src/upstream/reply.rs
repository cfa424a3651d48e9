//! What an upstream answers, or does instead of answering.

use std::time::Duration;

use bytes::Bytes;
use h2::Reason;

use super::{answer::Answer, body::Body, gzip};

/// One scripted answer of an [`HttpUpstream`](crate::HttpUpstream) or an
/// [`Http2Upstream`](crate::Http2Upstream).
///
/// What concerns a connection concerns every stream of it on HTTP/2:
///
/// | reply | HTTP/1.1 | HTTP/2 |
/// |---|---|---|
/// | [`reset`](Self::reset), [`close`](Self::close), [`raw`](Self::raw) | the connection | the connection, all of its streams |
/// | [`reset_stream`](Self::reset_stream) | resets the connection | resets this stream |
/// | [`go_away`](Self::go_away) | closes the connection | takes back this stream, ends the connection |
/// | [`cut_body_after`](Self::cut_body_after) | closes the connection | resets this stream |
/// | [`then_close`](Self::then_close) | `connection: close` | a GOAWAY in good order |
/// | [`chunked`](Self::chunked) | `transfer-encoding: chunked` | no `content-length` |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_testkit::Reply;
///
/// let script = [
///     Reply::status(503).header("retry-after", "1").body("busy"),
///     Reply::reset().delay(Duration::from_millis(20)),
///     Reply::ok("half of this").cut_body_after(6),
///     Reply::ok("done"),
/// ];
/// # let _ = script;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    pub(crate) delay: Duration,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Answer(Answer),
    Close,
    GoAway(Reason),
    Raw(Bytes),
    Reset,
    ResetStream(Reason),
    Stall,
}

impl Reply {
    /// Answers with this status, no headers of its own and an empty body. `content-length` is added
    /// unless a header says otherwise, and the connection stays open unless the client asks to close.
    pub const fn status(status: u16) -> Self {
        Self::act(Action::Answer(Answer::new(status)))
    }

    /// Answers 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// Answers 200 with `piece` so many times over. However long that is, it takes no more memory than
    /// a few pieces.
    ///
    /// # Panics
    ///
    /// When the body would be longer than `u64::MAX` bytes.
    pub fn repeat(piece: impl AsRef<[u8]>, times: u64) -> Self {
        Self::with_body(Body::repeat(piece.as_ref(), times))
    }

    /// Answers 200 with a correct gzip file, `content-encoding: gzip`, that inflates to so many bytes of
    /// zeros and is about a thousandth of that on the wire. It is made of a few KiB, sent over and over.
    pub fn gzip_bomb(bytes: u64) -> Self {
        Self::with_body(gzip::zeros(bytes)).header("content-encoding", "gzip")
    }

    /// Resets the connection (TCP RST) instead of answering.
    pub const fn reset() -> Self {
        Self::act(Action::Reset)
    }

    /// Closes the connection (TCP FIN) instead of answering.
    pub const fn close() -> Self {
        Self::act(Action::Close)
    }

    /// Resets the stream (RST_STREAM) with this reason instead of answering. `REFUSED_STREAM` tells the
    /// client that its request was not touched, other reasons leave that open. On HTTP/1.1, which has no
    /// streams, it is a [`reset`](Self::reset).
    pub const fn reset_stream(reason: Reason) -> Self {
        Self::act(Action::ResetStream(reason))
    }

    /// Says GOAWAY instead of answering, and closes the connection. The last stream it names is the one
    /// before this: the client is told that this request, and what it sent after it, was not touched.
    /// Earlier streams that are not finished are cut off. On HTTP/1.1 it is a [`close`](Self::close).
    pub const fn go_away(reason: Reason) -> Self {
        Self::act(Action::GoAway(reason))
    }

    /// Never answers, and keeps the connection open until the client gives up: closes the connection, or
    /// resets the stream.
    pub const fn stall() -> Self {
        Self::act(Action::Stall)
    }

    /// Sends exactly these bytes, HTTP or not, and closes the connection. On HTTP/2 they go on the
    /// connection as they are, where a frame would be.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::act(Action::Raw(Bytes::from(bytes.into())))
    }

    /// Waits this long before it does anything. A client that goes away meanwhile ends the wait.
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header. A `content-length` or `transfer-encoding` given here is sent as it is, right or
    /// wrong, in place of the right one. Those that HTTP/2 forbids, as `connection`, are left out there.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer, as [`reset`](Self::reset) or [`stall`](Self::stall). The same
    /// holds for every method below.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.answer().headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.answer().body = Body::from(body.into());
        self
    }

    /// Adds a trailer: a header after the body. On HTTP/1.1 only a [`chunked`](Self::chunked) body has a
    /// place for it; elsewhere it is left out.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn trailer(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.answer().trailers.push((name.into(), value.into()));
        self
    }

    /// Sends the body with `transfer-encoding: chunked` instead of a `content-length`; on HTTP/2 without
    /// either.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn chunked(mut self) -> Self {
        self.answer().chunked = true;
        self
    }

    /// Sends the head and the first `bytes` bytes of the body, then closes the connection, or resets the
    /// stream (INTERNAL_ERROR) on HTTP/2. The head always promises more than is sent, so the client
    /// always sees a body that was cut short.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn cut_body_after(mut self, bytes: u64) -> Self {
        self.answer().cut_after = Some(bytes);
        self
    }

    /// Drips the body: the head at once, then at most `piece` bytes after each `every`.
    ///
    /// # Panics
    ///
    /// When `piece` is zero, or when this reply is not an answer.
    pub fn slow_body(mut self, piece: usize, every: Duration) -> Self {
        assert!(piece > 0, "a slow body needs pieces of at least one byte");
        self.answer().pace = Some((piece, every));
        self
    }

    /// Closes the connection after the answer and says so: in a `connection: close` header, or in a
    /// GOAWAY before the answer that lets the open streams finish.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn then_close(mut self) -> Self {
        self.answer().then_close = true;
        self
    }

    /// Whether a client on HTTP/2 learns from it that its request was not touched.
    pub(crate) fn is_refusal(&self) -> bool {
        match self.action {
            Action::ResetStream(reason) => reason == Reason::REFUSED_STREAM,
            Action::GoAway(_) => true,
            _ => false,
        }
    }

    fn with_body(body: Body) -> Self {
        let mut answer = Answer::new(200);
        answer.body = body;
        Self::act(Action::Answer(answer))
    }

    const fn act(action: Action) -> Self {
        Self {
            delay: Duration::ZERO,
            action,
        }
    }

    fn answer(&mut self) -> &mut Answer {
        match &mut self.action {
            Action::Answer(answer) => answer,
            other => panic!("{other:?} is no answer and has no head or body"),
        }
    }
}
