//! The counters behind a snapshot.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::exhausted::Reason;
use crate::slot::{self, SLOTS};
use crate::snapshot::Totals;

/// Relaxed throughout: no decision rests on them.
#[derive(Debug)]
pub(crate) struct Counters {
    /// A cell for each thread that has a number: two threads then count what is frequent without
    /// getting in each other's way.
    own: Box<[Aligned; SLOTS]>,
    /// That of all other threads.
    common: Cell,
    pub(crate) abandoned: AtomicU64,
    pub(crate) panicked: AtomicU64,
    pub(crate) attempt_timeouts: AtomicU64,
    pub(crate) waiting: AtomicU64,
    /// In nanoseconds.
    waited: AtomicU64,
    exhausted_attempts: AtomicU64,
    exhausted_deadline: AtomicU64,
    exhausted_budget: AtomicU64,
    not_retryable: AtomicU64,
    retry_after_too_long: AtomicU64,
    rejected_by_breaker: AtomicU64,
}

/// What every call can count.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    pub(crate) first_try: AtomicU64,
    pub(crate) after_retry: AtomicU64,
    pub(crate) retries: AtomicU64,
}

/// On a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Aligned(Cell);

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            own: Box::new(std::array::from_fn(|_| Aligned::default())),
            common: Cell::default(),
            abandoned: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            attempt_timeouts: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            exhausted_attempts: AtomicU64::new(0),
            exhausted_deadline: AtomicU64::new(0),
            exhausted_budget: AtomicU64::new(0),
            not_retryable: AtomicU64::new(0),
            retry_after_too_long: AtomicU64::new(0),
            rejected_by_breaker: AtomicU64::new(0),
        }
    }

    /// Counts one of what every call can count.
    #[inline]
    pub(crate) fn add(&self, count: impl Fn(&Cell) -> &AtomicU64) {
        match self.own.get(slot::current()) {
            Some(Aligned(cell)) => add_alone(count(cell)),
            None => add_one(count(&self.common)),
        }
    }

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

    /// A call is in a backoff from now on.
    pub(crate) fn begin_wait(&self, wait: Duration) {
        add_one(&self.waiting);
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        // It stops at 584 years, which one wait can be.
        let add = |waited: u64| Some(waited.saturating_add(nanos));
        let _ = self
            .waited
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(crate) fn waiting(&self) -> u64 {
        read(&self.waiting)
    }

    pub(crate) fn totals(&self, observer_panics: u64) -> Totals {
        Totals {
            first_try: self.sum(|cell| &cell.first_try),
            after_retry: self.sum(|cell| &cell.after_retry),
            exhausted_attempts: read(&self.exhausted_attempts),
            exhausted_deadline: read(&self.exhausted_deadline),
            exhausted_budget: read(&self.exhausted_budget),
            not_retryable: read(&self.not_retryable),
            retry_after_too_long: read(&self.retry_after_too_long),
            rejected_by_breaker: read(&self.rejected_by_breaker),
            abandoned: read(&self.abandoned),
            panicked: read(&self.panicked),
            retries: self.sum(|cell| &cell.retries),
            wait_total: Duration::from_nanos(read(&self.waited)),
            attempt_timeouts: read(&self.attempt_timeouts),
            observer_panics,
        }
    }

    fn sum(&self, count: impl Fn(&Cell) -> &AtomicU64) -> u64 {
        let own = self.own.iter().map(|Aligned(cell)| cell);
        own.chain([&self.common])
            .map(|cell| read(count(cell)))
            .fold(0, u64::wrapping_add)
    }
}

/// No other thread writes to the count.
#[inline]
fn add_alone(count: &AtomicU64) {
    let so_far = count.load(Ordering::Relaxed);
    count.store(so_far.wrapping_add(1), Ordering::Relaxed);
}

pub(crate) fn add_one(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// For gauges.
pub(crate) fn take_one(gauge: &AtomicU64) {
    gauge.fetch_sub(1, Ordering::Relaxed);
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
