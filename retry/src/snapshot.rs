//! The numbers a retry keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::budget::BudgetSnapshot;
use crate::exhausted::Reason;

/// What a [`Retry`](crate::Retry) is doing and has done, as plain data.
///
/// The counters are read one after another while calls go on, so between them they can be off by
/// the calls that ended meanwhile.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the retry.
    pub name: Arc<str>,
    /// How many calls are in a backoff now, waiting for their next attempt.
    pub waiting: u64,
    /// What the budget has left and has refused, if there is one. It can be shared with others.
    pub budget: Option<BudgetSnapshot>,
    /// What has happened since the retry was built.
    pub totals: Totals,
}

/// Counts since a [`Retry`](crate::Retry) was built.
///
/// Every call that was begun ends in exactly one of the first ten. A future that was never
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
    /// Calls given up with [`Reason::Budget`].
    pub exhausted_budget: u64,
    /// Calls given up with [`Reason::NotRetryable`].
    pub not_retryable: u64,
    /// Calls given up with [`Reason::RetryAfterTooLong`].
    pub retry_after_too_long: u64,
    /// Calls given up with [`Reason::Breaker`].
    pub rejected_by_breaker: u64,
    /// Calls whose future was dropped during an attempt or a wait.
    pub abandoned: u64,
    /// Calls that ended in a panic of the operation, the classifier or the `on_retry` hook.
    pub panicked: u64,
    /// Attempts begun after a first one.
    pub retries: u64,
    /// Attempts cut off by `attempt_timeout`.
    pub attempt_timeouts: u64,
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
    pub(crate) attempt_timeouts: AtomicU64,
    pub(crate) waiting: AtomicU64,
    exhausted_attempts: AtomicU64,
    exhausted_deadline: AtomicU64,
    exhausted_budget: AtomicU64,
    not_retryable: AtomicU64,
    retry_after_too_long: AtomicU64,
    rejected_by_breaker: AtomicU64,
}

impl Counters {
    pub(crate) fn gave_up(&self, reason: Reason) {
        add_one(match reason {
            Reason::Attempts => &self.exhausted_attempts,
            Reason::Deadline => &self.exhausted_deadline,
            Reason::Budget => &self.exhausted_budget,
            Reason::Breaker => &self.rejected_by_breaker,
            Reason::NotRetryable => &self.not_retryable,
            Reason::RetryAfterTooLong => &self.retry_after_too_long,
        });
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
            exhausted_budget: read(&self.exhausted_budget),
            not_retryable: read(&self.not_retryable),
            retry_after_too_long: read(&self.retry_after_too_long),
            rejected_by_breaker: read(&self.rejected_by_breaker),
            abandoned: read(&self.abandoned),
            panicked: read(&self.panicked),
            retries: read(&self.retries),
            attempt_timeouts: read(&self.attempt_timeouts),
            observer_panics,
        }
    }
}

pub(crate) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// For gauges.
pub(crate) fn take_one(gauge: &AtomicU64) {
    gauge.fetch_sub(1, Ordering::Relaxed);
}
