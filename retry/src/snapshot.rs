//! The numbers a retry keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Reason;

/// What a [`Retry`](crate::Retry) is doing and has done, as plain data.
///
/// The counters are read one after another while calls go on, so between them they can be off by
/// the calls that ended meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the retry.
    pub name: Arc<str>,
    /// How many calls are in a backoff now, waiting for their next attempt.
    pub waiting: u64,
    /// What has happened since the retry was built.
    pub totals: Totals,
}

/// Counts since a [`Retry`](crate::Retry) was built.
///
/// Every call that was begun ends in exactly one of the first eight. A future that was never
/// polled is not a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Calls whose first attempt was accepted.
    pub first_try: u64,
    /// Calls of which a later attempt was accepted.
    pub after_retry: u64,
    /// Calls given up with [`Reason::Attempts`].
    pub exhausted_attempts: u64,
    /// Calls given up with [`Reason::Deadline`].
    pub exhausted_deadline: u64,
    /// Calls given up with [`Reason::NotRetryable`].
    pub not_retryable: u64,
    /// Calls given up with [`Reason::RetryAfterTooLong`].
    pub retry_after_too_long: u64,
    /// Calls whose future was dropped during an attempt or a wait.
    pub abandoned: u64,
    /// Calls that ended in a panic of the operation, the classifier or the `on_retry` hook.
    pub panicked: u64,
    /// Attempts begun after a first one. Calls and `retries` add up to the attempts made.
    pub retries: u64,
    /// Panics of observers, all of them caught.
    pub observer_panics: u64,
}

/// The counters behind [`Snapshot`]. Relaxed throughout: no decision rests on them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) first_try: AtomicU64,
    pub(crate) after_retry: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) panicked: AtomicU64,
    pub(crate) retries: AtomicU64,
    exhausted_attempts: AtomicU64,
    exhausted_deadline: AtomicU64,
    not_retryable: AtomicU64,
    retry_after_too_long: AtomicU64,
    waiting: AtomicU64,
}

impl Counters {
    pub(crate) fn gave_up(&self, reason: Reason) {
        add_one(match reason {
            Reason::Attempts => &self.exhausted_attempts,
            Reason::Deadline => &self.exhausted_deadline,
            Reason::NotRetryable => &self.not_retryable,
            Reason::RetryAfterTooLong => &self.retry_after_too_long,
        });
    }

    /// Counts a call as waiting for as long as the guard lives.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        add_one(&self.waiting);
        Waiting(&self.waiting)
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn totals(&self, observer_panics: u64) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            first_try: read(&self.first_try),
            after_retry: read(&self.after_retry),
            exhausted_attempts: read(&self.exhausted_attempts),
            exhausted_deadline: read(&self.exhausted_deadline),
            not_retryable: read(&self.not_retryable),
            retry_after_too_long: read(&self.retry_after_too_long),
            abandoned: read(&self.abandoned),
            panicked: read(&self.panicked),
            retries: read(&self.retries),
            observer_panics,
        }
    }
}

pub(crate) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One call in a backoff; leaves the gauge when dropped, however the wait ends.
#[derive(Debug)]
pub(crate) struct Waiting<'c>(&'c AtomicU64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
