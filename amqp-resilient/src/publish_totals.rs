//! What became of the messages.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::publish_error::PublishError;

/// What became of the messages given to a connection's publishers. Counts only grow; each publish
/// ends in exactly one of all but the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishTotals {
    /// Confirmed by the broker.
    pub confirmed: u64,
    /// Sent back, as no queue took them.
    pub returned: u64,
    /// Rejected by the broker or by a full queue.
    pub nacked: u64,
    /// Not sent, as the connection was blocked.
    pub blocked: u64,
    /// Sent, with no answer until the deadline.
    pub ambiguous: u64,
    /// Failed for another reason, and not in any queue.
    pub failed: u64,
    /// Dropped by the caller before there was an outcome.
    pub abandoned: u64,
    /// Times a message was sent again because the outcome of sending it was not known.
    pub republished: u64,
}

/// Counts that order nothing, hence relaxed.
#[derive(Debug, Default)]
pub(crate) struct PublishCounters {
    confirmed: AtomicU64,
    returned: AtomicU64,
    nacked: AtomicU64,
    blocked: AtomicU64,
    ambiguous: AtomicU64,
    failed: AtomicU64,
    abandoned: AtomicU64,
    republished: AtomicU64,
}

impl PublishCounters {
    /// One has ended, confirmed if there is no error.
    pub(crate) fn ended(&self, error: Option<&PublishError>) {
        add_one(match error {
            None => &self.confirmed,
            Some(PublishError::Returned(_)) => &self.returned,
            Some(PublishError::Nacked { .. }) => &self.nacked,
            Some(PublishError::Blocked { .. }) => &self.blocked,
            Some(PublishError::Ambiguous { .. }) => &self.ambiguous,
            Some(
                PublishError::BufferFull { .. }
                | PublishError::Deadline { .. }
                | PublishError::TooLarge { .. }
                | PublishError::Invalid(_)
                | PublishError::Amqp(_),
            ) => &self.failed,
        });
    }

    pub(crate) fn abandoned(&self) {
        add_one(&self.abandoned);
    }

    pub(crate) fn republished(&self) {
        add_one(&self.republished);
    }

    pub(crate) fn read(&self) -> PublishTotals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PublishTotals {
            confirmed: read(&self.confirmed),
            returned: read(&self.returned),
            nacked: read(&self.nacked),
            blocked: read(&self.blocked),
            ambiguous: read(&self.ambiguous),
            failed: read(&self.failed),
            abandoned: read(&self.abandoned),
            republished: read(&self.republished),
        }
    }
}

fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
