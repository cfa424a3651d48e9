//! The numbers a retry keeps.

use std::sync::Arc;
use std::time::Duration;

use crate::budget::BudgetSnapshot;

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
    /// Calls given up with [`Reason::Attempts`](crate::Reason::Attempts).
    pub exhausted_attempts: u64,
    /// Calls given up with [`Reason::Deadline`](crate::Reason::Deadline).
    pub exhausted_deadline: u64,
    /// Calls given up with [`Reason::Budget`](crate::Reason::Budget).
    pub exhausted_budget: u64,
    /// Calls given up with [`Reason::NotRetryable`](crate::Reason::NotRetryable).
    pub not_retryable: u64,
    /// Calls given up with [`Reason::RetryAfterTooLong`](crate::Reason::RetryAfterTooLong).
    pub retry_after_too_long: u64,
    /// Calls given up with [`Reason::Breaker`](crate::Reason::Breaker).
    pub rejected_by_breaker: u64,
    /// Calls whose future was dropped during an attempt or a wait.
    pub abandoned: u64,
    /// Calls that ended in a panic of the operation, the classifier or the `on_retry` hook.
    pub panicked: u64,
    /// Attempts begun after a first one.
    pub retries: u64,
    /// The waits before them that were begun, as long as they were to be: one that is dropped half-way
    /// counts whole.
    pub wait_total: Duration,
    /// Attempts cut off by `attempt_timeout`.
    pub attempt_timeouts: u64,
    /// Panics of observers, all of them caught.
    pub observer_panics: u64,
}
