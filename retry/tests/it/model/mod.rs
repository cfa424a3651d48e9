//! The naive model: the contract of a call written down a second time, from its description alone,
//! and random calls that are held against it.
//!
//! It is slow and simple on purpose. Time goes on millisecond by millisecond, and in each of them
//! every call does what it can, in the order of the calls. Everything that ever happened is kept in
//! plain lists, and each answer is worked out anew from them: no bucket, no gauge, no counter that is
//! taken down again. Jitter is not part of it, nor is one thing that no clock can see: that a call gives
//! way after many attempts without a wait.
//!
//! An operation may hold its thread for a while in its first poll, and with it everybody else. That
//! shows when a call looks at the clock first, which it does at the latest:
//!
//! - when it begins, if it has a limit, its own or that of its retry, or a budget, or blocks;
//! - when an attempt is not ready at its first poll, at the end of this poll;
//! - when a wait longer than zero begins.
//!
//! All that is told of the time of the call is counted from there, and is zero before. The timeout of an
//! attempt is counted from its beginning in calls that have looked when they began, those that block
//! aside, which have none; in all others from the end of the attempt's first poll.
mod agrees;
mod case;
mod corners;
mod drops;
mod limits;
mod naive;
mod panics;
mod purse;
mod real;
mod sizes;
mod waits;

use std::time::Duration;

use steadfast_retry::{Failure, Reason, Totals};

/// Operations give the number of their attempt, as an `Ok` or an `Err`.
type Answer = Result<u32, u32>;

/// What happened, and when, counted from the beginning of the case.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    at: Duration,
    event: Event,
}

#[derive(Debug, Clone, PartialEq)]
enum Event {
    /// The operation was asked for another attempt.
    Attempt {
        call: usize,
        number: u32,
        elapsed: Duration,
        remaining: Option<Duration>,
        history: Vec<u32>,
    },
    /// The hook of the call was run.
    Hook {
        call: usize,
        attempt: u32,
        last: Failure<Answer>,
        wait: Duration,
    },
    /// The observer of a retry was told.
    Retrying {
        retry: usize,
        attempt: u32,
        wait: Duration,
    },
    GaveUp {
        retry: usize,
        attempts: u32,
        elapsed: Duration,
        reason: Reason,
    },
    /// The call has ended.
    End { call: usize, end: End },
}

#[derive(Debug, Clone, PartialEq)]
enum End {
    Value(u32),
    GivenUp(GivenUp),
    Panicked,
    Dropped,
}

#[derive(Debug, Clone, PartialEq)]
struct GivenUp {
    attempts: u32,
    elapsed: Duration,
    reason: Reason,
    last: Failure<Answer>,
    history: Vec<Before>,
    retry_after: Option<Duration>,
}

/// An attempt that was followed by another.
#[derive(Debug, Clone, PartialEq)]
struct Before {
    attempt: u32,
    elapsed: Duration,
    wait: Duration,
    ended: Left,
}

/// What is left of an attempt that was followed by another.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Left {
    Error(u32),
    Unaccepted,
    TimedOut(Duration),
}

/// All that can be seen of a case.
#[derive(Debug, PartialEq)]
struct Seen {
    lines: Vec<Line>,
    /// Of each retry.
    counts: Vec<Counts>,
    purse: Option<Purse>,
}

/// A budget's snapshot. Tokens are counted in thousandths, as sums of fractions differ by their order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Purse {
    calls: u64,
    spent: u64,
    waiting: u64,
    tokens: i64,
    all_calls: u64,
    granted: u64,
    given_back: u64,
    sent: u64,
    refused_spent: u64,
    refused_waiting: u64,
}

/// A retry's snapshot: the ten ends of a call, and the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    first_try: u64,
    after_retry: u64,
    exhausted_attempts: u64,
    exhausted_deadline: u64,
    exhausted_budget: u64,
    not_retryable: u64,
    retry_after_too_long: u64,
    rejected_by_breaker: u64,
    abandoned: u64,
    panicked: u64,
    retries: u64,
    attempt_timeouts: u64,
    observer_panics: u64,
    waiting: u64,
}

impl Counts {
    fn of(totals: Totals, waiting: u64) -> Self {
        Self {
            first_try: totals.first_try,
            after_retry: totals.after_retry,
            exhausted_attempts: totals.exhausted_attempts,
            exhausted_deadline: totals.exhausted_deadline,
            exhausted_budget: totals.exhausted_budget,
            not_retryable: totals.not_retryable,
            retry_after_too_long: totals.retry_after_too_long,
            rejected_by_breaker: totals.rejected_by_breaker,
            abandoned: totals.abandoned,
            panicked: totals.panicked,
            retries: totals.retries,
            attempt_timeouts: totals.attempt_timeouts,
            observer_panics: totals.observer_panics,
            waiting,
        }
    }

    /// How many calls have ended.
    fn ended(&self) -> u64 {
        self.first_try
            + self.after_retry
            + self.exhausted_attempts
            + self.exhausted_deadline
            + self.exhausted_budget
            + self.not_retryable
            + self.retry_after_too_long
            + self.rejected_by_breaker
            + self.abandoned
            + self.panicked
    }
}

/// A panic that says nothing on the console.
fn planned_panic() -> ! {
    std::panic::resume_unwind(Box::new("planned"))
}
