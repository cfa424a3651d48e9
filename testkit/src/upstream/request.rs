//! Reading HTTP/1.1 requests from a socket.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::received::{Received, find};
use crate::clock;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) received: Received,
    /// The client wants the connection closed after the answer.
    pub(crate) last: bool,
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The connection ended, or broke, inside a request.
    CutShort,
    /// The connection ended between two requests.
    Ended,
    /// What came is not HTTP/1.
    Malformed,
}

/// A socket with the bytes that were read ahead of the parser.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    number: u64,
    buffer: Vec<u8>,
}

impl Wire {
    pub(crate) const fn new(stream: TcpStream, number: u64) -> Self {
        Self {
            stream,
            number,
            buffer: Vec::new(),
        }
    }

    /// Reads one request, and gives a client that waits for it leave to send its body.
    pub(crate) async fn request(&mut self) -> Result<Request, NoRequest> {
        let Some(head) = self.take_through(b"\r\n\r\n").await? else {
            return Err(NoRequest::Ended);
        };
        let head = String::from_utf8(head).map_err(|_| NoRequest::Malformed)?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(NoRequest::Malformed);
        };
        if !version.starts_with("HTTP/1.") || method.is_empty() {
            return Err(NoRequest::Malformed);
        }
        let headers = lines
            .take_while(|line| !line.is_empty())
            .map(|line| {
                let (name, value) = line.split_once(':').ok_or(NoRequest::Malformed)?;
                Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let says = |name, word: &str| {
            find(&headers, name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
        };
        if says("expect", "100-continue") {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let body = if says("transfer-encoding", "chunked") {
            self.chunks().await?
        } else if let Some(length) = find(&headers, "content-length") {
            let length = length.parse().map_err(|_| NoRequest::Malformed)?;
            self.take(length).await?
        } else {
            Vec::new()
        };
        let last = says("connection", "close")
            || (version == "HTTP/1.0" && !says("connection", "keep-alive"));
        let received = Received {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
            at_connection: self.number,
            at: clock::now(),
        };
        Ok(Request { received, last })
    }

    /// Waits until the client has closed or broken the connection. What it sends meanwhile is kept.
    pub(crate) async fn gone(&mut self) {
        while self.read_more().await.is_ok_and(|read| read > 0) {}
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, NoRequest> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| NoRequest::Malformed)?;
            if size == 0 {
                while !self.line().await?.is_empty() {} // trailers
                return Ok(body);
            }
            body.extend(self.take(size).await?);
            if !self.line().await?.is_empty() {
                return Err(NoRequest::Malformed);
            }
        }
    }

    async fn line(&mut self) -> Result<String, NoRequest> {
        let mut line = self
            .take_through(b"\r\n")
            .await?
            .ok_or(NoRequest::CutShort)?;
        line.truncate(line.len() - 2);
        String::from_utf8(line).map_err(|_| NoRequest::Malformed)
    }

    /// Takes everything up to and with `end`; `None` when the stream ended before the first byte.
    async fn take_through(&mut self, end: &[u8]) -> Result<Option<Vec<u8>>, NoRequest> {
        let mut searched = 0;
        loop {
            let found = self.buffer[searched..]
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return Ok(Some(self.take_now(searched + at + end.len())));
            }
            if self.buffer.len() > LONGEST_HEAD {
                return Err(NoRequest::Malformed);
            }
            searched = self.buffer.len().saturating_sub(end.len() - 1);
            match self.read_more().await {
                Ok(0) | Err(_) if self.buffer.is_empty() => return Ok(None),
                Ok(0) | Err(_) => return Err(NoRequest::CutShort),
                Ok(_) => {}
            }
        }
    }

    async fn take(&mut self, count: usize) -> Result<Vec<u8>, NoRequest> {
        while self.buffer.len() < count {
            match self.read_more().await {
                Ok(0) | Err(_) => return Err(NoRequest::CutShort),
                Ok(_) => {}
            }
        }
        Ok(self.take_now(count))
    }

    fn take_now(&mut self, count: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }

    async fn read_more(&mut self) -> io::Result<usize> {
        self.buffer.reserve(4096);
        self.stream.read_buf(&mut self.buffer).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), NoRequest> {
        let sent = self.stream.write_all(bytes).await;
        sent.map_err(|_| NoRequest::CutShort)
    }
}

const LONGEST_HEAD: usize = 256 * 1024;
