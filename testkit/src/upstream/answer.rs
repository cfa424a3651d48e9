//! The replies that are HTTP: a status, headers and a body, and what goes wrong while it is sent.

use std::time::Duration;

use bytes::Bytes;

use super::body::Body;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) chunked: bool,
    pub(crate) cut_after: Option<u64>,
    /// Bytes in one piece, and the wait before each.
    pub(crate) pace: Option<(usize, Duration)>,
    pub(crate) then_close: bool,
}

impl Answer {
    pub(crate) const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::EMPTY,
            trailers: Vec::new(),
            chunked: false,
            cut_after: None,
            pace: None,
            then_close: false,
        }
    }

    /// 1xx, 204 and 304 have none by definition.
    pub(crate) const fn has_body(&self) -> bool {
        !matches!(self.status, 100..=199 | 204 | 304)
    }

    /// The `content-length` to add, if any.
    pub(crate) fn length(&self) -> Option<u64> {
        (self.needs_framing() && !self.chunked).then(|| match self.cut_after {
            Some(cut) if cut >= self.body.len() => self.body.len() + 1,
            _ => self.body.len(),
        })
    }

    /// The body as it is to be sent, cut where it is to be cut.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Bytes> {
        let most = self.pace.map_or(usize::MAX, |(piece, _)| piece);
        let mut left = self.cut_after.unwrap_or(u64::MAX);
        self.body.pieces(most).map_while(move |mut piece| {
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= piece.len() as u64;
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// The wait before each piece.
    pub(crate) fn pause(&self) -> Duration {
        self.pace.map_or(Duration::ZERO, |(_, every)| every)
    }

    /// The head as HTTP/1.1 writes it, with its blank line.
    pub(crate) fn head(&self, close: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = self.length() {
            head.push_str(&format!("content-length: {length}\r\n"));
        } else if self.needs_framing() {
            head.push_str("transfer-encoding: chunked\r\n");
        }
        if close {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Whether it has a body, and no header of its own that says where the body ends.
    fn needs_framing(&self) -> bool {
        let framed = self.headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
        });
        self.has_body() && !framed
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
