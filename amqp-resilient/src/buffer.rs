//! The messages that a publisher has taken on: how many, how large, and when they have come to an end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{AcquireError, Notify, Semaphore, TryAcquireError};
use tokio::time::{Instant, timeout_at};

use crate::clock;
use crate::error::AmqpError;
use crate::flush::FlushReport;
use crate::publish_error::PublishError;
use crate::published::Published;

/// What happens to a message that has to wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backpressure {
    /// It waits until its deadline: for room in the buffer, for the connection, for the end of an alarm.
    #[default]
    Wait,
    /// It fails at once when the buffer is full, and when the connection is down or blocked. A message that
    /// was sent, and whose outcome was lost, is sent again until its deadline all the same.
    FailFast,
}

/// A bounded number of messages of a bounded size altogether. First come, first served: a large message
/// that waits for room is not overtaken by small ones.
#[derive(Debug)]
pub(crate) struct Buffer {
    max_messages: usize,
    max_bytes: usize,
    messages: Semaphore,
    /// In pieces of [`PIECE`] bytes.
    pieces: Semaphore,
    outstanding: Mutex<Outstanding>,
    ended: Notify,
    /// They order nothing, hence relaxed.
    confirmed: AtomicU64,
    failed: AtomicU64,
}

/// Messages that have not come to an end, by the flush before which they were taken on.
#[derive(Debug, Default)]
struct Outstanding {
    flushes: u64,
    by_flush: BTreeMap<u64, usize>,
    /// Confirmed and failed, as far as a flush that has ended told.
    told: (u64, u64),
}

/// A message's room. It has come to an end when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    buffer: Arc<Buffer>,
    pieces: usize,
    flush: u64,
    confirmed: bool,
}

impl Buffer {
    pub(crate) fn new(max_messages: usize, max_bytes: usize) -> Self {
        Self {
            max_messages,
            max_bytes,
            messages: Semaphore::new(max_messages),
            pieces: Semaphore::new(max_bytes.div_ceil(PIECE)),
            outstanding: Mutex::default(),
            ended: Notify::new(),
            confirmed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Room for a message of this size.
    pub(crate) async fn room(
        self: &Arc<Self>,
        bytes: usize,
        backpressure: Backpressure,
        deadline: Instant,
    ) -> Result<Room, PublishError> {
        if bytes > self.max_bytes {
            return Err(PublishError::TooLarge {
                bytes,
                limit: self.max_bytes,
            });
        }
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let at_once = self.messages.try_acquire().and_then(|message| {
            let pieces = self.pieces.try_acquire_many(pieces)?;
            Ok((message, pieces))
        });
        let (message, room) = match at_once {
            Ok(room) => room,
            Err(TryAcquireError::Closed) => return Err(AmqpError::Closed.into()),
            Err(_) if backpressure == Backpressure::FailFast => return Err(self.full(None)),
            Err(_) => {
                let began = clock::now();
                let waiting = async {
                    let message = self.messages.acquire().await?;
                    let pieces = self.pieces.acquire_many(pieces).await?;
                    Ok::<_, AcquireError>((message, pieces))
                };
                match timeout_at(deadline, waiting).await {
                    Ok(room) => room.map_err(|_closed| AmqpError::Closed)?,
                    Err(_) => return Err(self.full(Some(began))),
                }
            }
        };
        // Given back when the room is dropped.
        message.forget();
        room.forget();
        let flush = {
            let mut outstanding = self.outstanding.lock();
            let flush = outstanding.flushes;
            *outstanding.by_flush.entry(flush).or_default() += 1;
            flush
        };
        Ok(Room {
            buffer: Arc::clone(self),
            pieces: bytes.div_ceil(PIECE),
            flush,
            confirmed: false,
        })
    }

    fn full(&self, began: Option<Instant>) -> PublishError {
        PublishError::BufferFull {
            messages: self.held(),
            bytes: self.held_bytes(),
            waited: began.map(|began| began.elapsed()).unwrap_or_default(),
        }
    }

    /// Messages that have not come to an end.
    pub(crate) fn held(&self) -> usize {
        self.outstanding.lock().by_flush.values().sum()
    }

    /// What they take, in whole pieces.
    pub(crate) fn held_bytes(&self) -> usize {
        let all = self.max_bytes.div_ceil(PIECE);
        (all - self.pieces.available_permits().min(all)) * PIECE
    }

    pub(crate) fn limits(&self) -> (usize, usize) {
        (self.max_messages, self.max_bytes)
    }

    /// Takes no more messages. Those who wait for room are turned away.
    pub(crate) fn close(&self) {
        self.messages.close();
        self.pieces.close();
    }

    /// Waits until what has been taken on so far has come to an end.
    pub(crate) async fn flush(&self, deadline: Instant) -> FlushReport {
        // Of several flushes at a time each tells of everything that came to an end while it waited.
        let (this, told) = {
            let mut outstanding = self.outstanding.lock();
            outstanding.flushes += 1;
            (outstanding.flushes, outstanding.told)
        };
        loop {
            let ended = self.ended.notified();
            let pending = self.outstanding.lock().before(this);
            if pending == 0 || timeout_at(deadline, ended).await.is_err() {
                break;
            }
        }
        let mut outstanding = self.outstanding.lock();
        let confirmed = self.confirmed.load(Ordering::Relaxed);
        let failed = self.failed.load(Ordering::Relaxed);
        outstanding.told = (confirmed, failed);
        FlushReport {
            confirmed: confirmed - told.0,
            failed: failed - told.1,
            pending: outstanding.before(this),
        }
    }
}

impl Outstanding {
    fn before(&self, flush: u64) -> usize {
        self.by_flush.range(..flush).map(|(_, count)| count).sum()
    }
}

impl Room {
    pub(crate) fn ended(&mut self, result: &Result<Published, PublishError>) {
        self.confirmed = result.is_ok();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let buffer = &self.buffer;
        let counter = if self.confirmed {
            &buffer.confirmed
        } else {
            &buffer.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
        buffer.messages.add_permits(1);
        buffer.pieces.add_permits(self.pieces);
        let last_of_a_flush = {
            let mut outstanding = buffer.outstanding.lock();
            let now = outstanding.flushes;
            let count = outstanding.by_flush.entry(self.flush).or_default();
            *count = count.saturating_sub(1);
            let last = *count == 0;
            if last {
                outstanding.by_flush.remove(&self.flush);
            }
            last && self.flush < now
        };
        if last_of_a_flush {
            buffer.ended.notify_waiters();
        }
    }
}

/// What messages are measured in, so that a buffer of any size can be counted.
const PIECE: usize = 64;
