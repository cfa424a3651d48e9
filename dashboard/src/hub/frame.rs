//! What goes over a stream, written once for all clients.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::process::Process;
use super::ring::Entry;
use crate::view::{Change, Health, Row, Warning};

/// One message of a stream.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// Rows that have changed, or a sign of life.
    Delta(Bytes),
    /// An entry of the log, with its number.
    Event(u64, Bytes),
}

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot<'a> {
    pub(crate) version: u32,
    pub(crate) seq: u64,
    pub(crate) at: u64,
    pub(crate) process: &'a Process,
    pub(crate) health: Option<Health>,
    pub(crate) controls: bool,
    pub(crate) history: bool,
    pub(crate) dropped_events: u64,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) components: Vec<Arc<Row>>,
    pub(crate) events: Vec<Arc<Entry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) missed: Option<u64>,
}

impl Snapshot<'_> {
    /// As the first message of a stream, with how long to wait before connecting anew. It carries the number of the
    /// last entry, so that a client that loses the connection misses none after it.
    pub(crate) fn frame(&self) -> Bytes {
        let head = format!("retry: 2000\nevent: snapshot\nid: {}\n", self.seq);
        message(&head, self)
    }
}

#[derive(Serialize)]
struct Delta<'a> {
    at: u64,
    health: Option<Health>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<&'a [Warning]>,
    components: &'a [Arc<Row>],
    removed: &'a [String],
    dropped_events: u64,
}

impl Frame {
    pub(crate) fn delta(at: u64, health: Option<Health>, dropped: u64, change: &Change) -> Self {
        let delta = Delta {
            at,
            health,
            warnings: change.warnings.as_deref(),
            components: &change.rows,
            removed: &change.removed,
            dropped_events: dropped,
        };
        Self::Delta(message("event: delta\n", &delta))
    }

    pub(crate) fn event(entry: &Entry) -> Self {
        let head = format!("event: event\nid: {}\n", entry.seq);
        Self::Event(entry.seq, message(&head, entry))
    }
}

/// The last message of a stream.
pub(crate) fn bye(reason: &'static str) -> Bytes {
    #[derive(Serialize)]
    struct Bye {
        reason: &'static str,
    }
    message("event: bye\n", &Bye { reason })
}

/// JSON has no line breaks outside of strings, and writes those in strings as escapes: one line is enough.
fn message<T: Serialize>(head: &str, data: &T) -> Bytes {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(b"data: ");
    let begin = bytes.len();
    if serde_json::to_writer(&mut bytes, data).is_err() {
        // All keys are strings and all numbers finite, so this does not happen.
        bytes.truncate(begin);
        bytes.extend_from_slice(b"null");
    }
    bytes.extend_from_slice(b"\n\n");
    Bytes::from(bytes)
}
