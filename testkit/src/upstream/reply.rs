//! What the upstream answers, or does instead of answering.

use std::time::Duration;

/// One scripted answer of an [`HttpUpstream`](crate::HttpUpstream).
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
    Raw(Vec<u8>),
    Reset,
    Stall,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) chunked: bool,
    pub(crate) cut_after: Option<usize>,
    /// Bytes in one piece, and the wait before each.
    pub(crate) pace: Option<(usize, Duration)>,
    pub(crate) then_close: bool,
}

impl Reply {
    /// Answers with this status, no headers of its own and an empty body. `content-length` is added
    /// unless a header says otherwise, and the connection stays open unless the client asks to close.
    pub const fn status(status: u16) -> Self {
        Self::act(Action::Answer(Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
            cut_after: None,
            pace: None,
            then_close: false,
        }))
    }

    /// Answers 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// Resets the connection (TCP RST) instead of answering.
    pub const fn reset() -> Self {
        Self::act(Action::Reset)
    }

    /// Closes the connection (TCP FIN) instead of answering.
    pub const fn close() -> Self {
        Self::act(Action::Close)
    }

    /// Never answers, and keeps the connection open until the client gives up.
    pub const fn stall() -> Self {
        Self::act(Action::Stall)
    }

    /// Sends exactly these bytes, HTTP or not, and closes the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::act(Action::Raw(bytes.into()))
    }

    /// Waits this long before it does anything. A client that goes away meanwhile ends the wait.
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header. A `content-length` or `transfer-encoding` given here is sent as it is, right or
    /// wrong, in place of the right one.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer ([`reset`](Self::reset), [`close`](Self::close),
    /// [`stall`](Self::stall), [`raw`](Self::raw)). The same holds for every method below.
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
        self.answer().body = body.into();
        self
    }

    /// Sends the body with `transfer-encoding: chunked` instead of a `content-length`.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn chunked(mut self) -> Self {
        self.answer().chunked = true;
        self
    }

    /// Sends the head and the first `bytes` bytes of the body, then closes the connection. The head
    /// always promises more than is sent, so the client always sees a body that was cut short.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn cut_body_after(mut self, bytes: usize) -> Self {
        self.answer().cut_after = Some(bytes);
        self
    }

    /// Drips the body: the head at once, then `piece` bytes after each `every`.
    ///
    /// # Panics
    ///
    /// When `piece` is zero, or when this reply is not an answer.
    pub fn slow_body(mut self, piece: usize, every: Duration) -> Self {
        assert!(piece > 0, "a slow body needs pieces of at least one byte");
        self.answer().pace = Some((piece, every));
        self
    }

    /// Closes the connection after the answer and says so in a `connection: close` header.
    ///
    /// # Panics
    ///
    /// When this reply is not an answer.
    pub fn then_close(mut self) -> Self {
        self.answer().then_close = true;
        self
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

impl Answer {
    /// The head, with its blank line.
    pub(crate) fn head(&self, close: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = self.headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
        });
        if self.has_body() && !framed {
            if self.chunked {
                head.push_str("transfer-encoding: chunked\r\n");
            } else {
                head.push_str(&format!("content-length: {}\r\n", self.promised()));
            }
        }
        if close {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// 1xx, 204 and 304 have none by definition.
    pub(crate) const fn has_body(&self) -> bool {
        !matches!(self.status, 100..=199 | 204 | 304)
    }

    pub(crate) fn sent_body(&self) -> &[u8] {
        let end = self.cut_after.unwrap_or(usize::MAX).min(self.body.len());
        &self.body[..end]
    }

    fn promised(&self) -> usize {
        match self.cut_after {
            Some(cut) if cut >= self.body.len() => self.body.len() + 1,
            _ => self.body.len(),
        }
    }
}

/// For people who read a capture; no client depends on it, and HTTP allows it to be empty.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        408 => "Request Timeout",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
