//! Our retries, as the cases want them, and the work under them.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::time::Duration;

use steadfast_retry::{Budget, Retry};

use super::failure::Failure;
use super::work::work;

pub(crate) const ATTEMPTS: usize = 5;
pub(crate) const BASE: Duration = Duration::from_millis(100);
/// The default.
pub(crate) const HISTORY: usize = 8;

/// Remembers so many errors before the last.
pub(crate) fn retrying(base: Duration, history: usize) -> Retry {
    Retry::builder("bench")
        .max_attempts(ATTEMPTS as u32)
        .base_backoff(base)
        .history(history)
        .build()
        .expect("a sound configuration")
}

/// Takes its retries from a budget.
pub(crate) fn budgeted() -> Retry {
    let budget = Budget::builder("bench").build();
    Retry::builder("bench")
        .max_attempts(ATTEMPTS as u32)
        .base_backoff(BASE)
        .budget(budget.expect("a sound configuration"))
        .build()
        .expect("a sound configuration")
}

pub(crate) type Answer = Ready<Result<u64, Failure>>;

/// Work that fails twice, succeeds, and so on.
pub(crate) fn third_time() -> Answer {
    thread_local! {
        static ATTEMPT: Cell<u32> = const { Cell::new(0) };
    }
    let attempt = ATTEMPT.get();
    if attempt == 2 {
        ATTEMPT.set(0);
        work()
    } else {
        ATTEMPT.set(attempt + 1);
        ready(Err(Failure))
    }
}

/// Work that fails.
#[allow(dead_code, reason = "one program calls what another does not")]
pub(crate) fn never() -> Answer {
    ready(std::hint::black_box(Err(Failure)))
}
