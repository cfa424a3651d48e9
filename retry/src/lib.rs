//! Retry calls an operation again when it fails, waiting a little longer each time, until it
//! succeeds or going on makes no sense.
//!
//! ```
//! # #[cfg(feature = "tokio")]
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use steadfast_retry::{Retry, Verdict};
//!
//! let retry = Retry::builder("payments")
//!     .max_attempts(4)
//!     .max_elapsed(Duration::from_secs(10))
//!     .build()?;
//!
//! let receipt = retry
//!     .classify(|result| match result {
//!         Ok(_) => Verdict::Accept,
//!         Err("no such account") => Verdict::Stop,
//!         Err(_) => Verdict::Retry,
//!     })
//!     .on_retry(|attempt, last, wait| println!("attempt {attempt}: {last:?}, again in {wait:?}"))
//!     .call(|attempt| async move {
//!         if attempt.is_retry() { Ok("receipt 17") } else { Err("connection reset") }
//!     })
//!     .await;
//!
//! assert_eq!(receipt, Ok("receipt 17"));
//! assert_eq!(retry.snapshot().totals.after_retry, 1);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "tokio"))]
//! # fn main() {}
//! ```
//!
//! # When to use it, and when not
//!
//! For failures that pass by themselves: a lost connection, a 503, a lock held by another. Not for an
//! operation that must not happen twice, unless it carries an idempotency key: a call that failed may
//! have done its work. Not at several layers of one call either, since attempts multiply: three
//! layers of five are 125. A dependency that is down gains nothing from retries: put a circuit
//! breaker inside, and let it say when to come back ([`Verdict`] shows how).
//!
//! # Defaults
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | [`max_attempts`](Builder::max_attempts) | 5 | attempts in all, the first included |
//! | [`base_backoff`](Builder::base_backoff) | 100 ms | the first backoff |
//! | [`max_backoff`](Builder::max_backoff) | 30 s | the longest backoff, jitter included |
//! | [`backoff_multiplier`](Builder::backoff_multiplier) | 2 | growth from one backoff to the next |
//! | [`jitter`](Builder::jitter) | [`Jitter::Full`] | how much of a backoff is left to chance |
//! | [`jitter_seed`](Builder::jitter_seed) | random | makes jitter repeatable |
//! | [`max_elapsed`](Builder::max_elapsed) | none | attempts and waits together, by the clock |
//! | [`max_retry_after`](Builder::max_retry_after) | 30 s | the longest wait a classifier may ask for |
//!
//! # How it decides
//!
//! ```text
//!            +--------- wait: backoff with jitter, or the hint -----------+
//!            v                                                            |
//!   call -> attempt -> classify --- Accept --> Ok(value)                  |
//!                         |-------- Stop ----> Exhausted: NotRetryable    |
//!                         |                                               |
//!                  Retry, RetryAfter(hint)                                |
//!                         |-- max_attempts made ----> Exhausted: Attempts |
//!                         |-- hint > max_retry_after -> RetryAfterTooLong |
//!                         |-- wait passes max_elapsed -------> Deadline   |
//!                         +-----------------------------------------------+
//! ```
//!
//! Without a classifier every `Ok` is accepted and every `Err` retried. The result of a failed
//! attempt is dropped before the wait, so it holds no connection meanwhile. A hint is waited for as
//! it is, and the backoff after it is the one that would have come anyway.
//!
//! # Cancellation
//!
//! Dropping the future ends the attempt or the wait it is in. The call is counted as
//! [abandoned](Totals::abandoned) and leaves [`Snapshot::waiting`] at once. A panic in the operation,
//! the classifier or the hook is counted and unwinds on; a panic in an [`Observer`] is caught. With
//! a backoff of zero a call gives way to other tasks after every 32 attempts, so that a timeout
//! around it can end it.
//!
//! # Cost
//!
//! No allocation, and the future is not boxed. A first attempt that succeeds costs one relaxed
//! atomic addition: no lock, no randomness, and no look at the clock unless it had to wait for
//! something or there is a `max_elapsed`. (The blocking door looks once.) A wait of zero never
//! touches the timer.
//!
//! # Crate features
//!
//! - `tokio` (default): the asynchronous `call`, which waits on tokio's timer, and time from tokio's
//!   clock, so that a paused clock in tests drives retries too. Without it there is `call_blocking`.
//!
//! # Minimum supported Rust version
//!
//! 1.85. Raising it is a minor release.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod backoff;
mod blocking;
mod budget;
mod builder;
#[cfg(feature = "tokio")]
mod calling;
mod classified;
mod clock;
mod config;
mod counters;
mod deadline;
mod error;
mod exhausted;
mod failure;
mod history;
mod judge;
mod observer;
mod policy;
mod retry;
mod run;
mod scoped;
mod shared;
mod slot;
mod snapshot;
#[cfg(feature = "tokio")]
mod timer;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
mod verdict;

pub use self::attempt::Attempt;
pub use self::backoff::{Backoff, Growth, Jitter, Waits};
pub use self::budget::{
    Budget, BudgetBuilder, BudgetConfig, BudgetPermit, BudgetSnapshot, BudgetSpent, BudgetTotals,
    Extra, SpentReason, Suppressed, WeakBudget,
};
pub use self::builder::Builder;
pub use self::classified::Classified;
pub use self::config::Config;
pub use self::deadline::{Deadline, ParseDeadlineError};
pub use self::error::{ConfigError, FieldError};
pub use self::exhausted::{Exhausted, Reason};
pub use self::failure::Failure;
pub use self::history::{Ended, History, Past};
pub use self::observer::{GaveUp, Observer, Retrying};
pub use self::retry::{Retry, WeakRetry};
pub use self::scoped::Scoped;
pub use self::snapshot::{Snapshot, Totals};
pub use self::verdict::Verdict;

#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
