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
//! have done its work. Not at several layers of one call either: attempts multiply, three layers of
//! three are 27. A dependency that is down gains nothing from retries: put a circuit breaker inside, and
//! let it say when to come back ([`Verdict`] shows how), and take the retries of all calls from a
//! [`Budget`].
#![cfg_attr(doc, doc = "How many, where, and what goes wrong: see the [guide].")]
//!
//! # What is here
//!
//! - [`Retry`]: the calls. [`Config`] and [`Builder`] have all settings and their defaults.
//! - [`Backoff`]: the waits: constant, linear, exponential, Fibonacci, decorrelated; each with
//!   [`Jitter`] under its cap, and each usable by itself as an iterator.
//! - [`Budget`]: how many retries and hedges all calls together may make: a share of the calls.
//! - [`Hedge`]: a second attempt while the first is slow, for work that may be done twice.
//! - [`Deadline`]: the moment by which an answer is needed, in a form that travels in a header.
//!
//! # Defaults
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | [`max_attempts`](Builder::max_attempts) | 5 | attempts in all, the first included |
//! | [`growth`](Builder::growth) | exponential | how backoffs grow |
//! | [`base_backoff`](Builder::base_backoff) | 100 ms | the first backoff |
//! | [`max_backoff`](Builder::max_backoff) | 30 s | the longest backoff, jitter included |
//! | [`backoff_multiplier`](Builder::backoff_multiplier) | 2 | growth from one backoff to the next |
//! | [`jitter`](Builder::jitter) | [`Jitter::Full`] | how much of a backoff is left to chance |
//! | [`max_elapsed`](Builder::max_elapsed) | none | attempts and waits together, by the clock |
//! | [`attempt_timeout`](Builder::attempt_timeout) | none | one attempt |
//! | [`max_retry_after`](Builder::max_retry_after) | 30 s | the longest wait a classifier may ask for |
//! | [`history`](Builder::history) | 8 | failed attempts that are remembered beside the last |
//! | [`budget`](Builder::budget) | none | what retries are taken from |
//!
//! # How it decides
//!
//! ```text
//!            +-------- wait: backoff with jitter, the hint if longer -----+
//!            v                                                            |
//!   call -> attempt -> classify --- Accept --> Ok(value)                  |
//!              |          |-------- Stop ----> Exhausted: NotRetryable    |
//!     attempt_timeout     |                                               |
//!              |     Retry, RetryAfter(hint), Rejected(hint)              |
//!              +--------->|-- max_attempts made ----> Attempts            |
//!                         |-- hint > max_retry_after -> RetryAfterTooLong |
//!                         |-- no hint of a rejection --> Breaker          |
//!                         |-- the wait leaves no time -> Deadline         |
//!                         |-- nothing left in the budget -> Budget        |
//!                         +-----------------------------------------------+
//! ```
//!
//! Without a classifier every `Ok` is accepted and every `Err` retried. What a failed attempt gave is
//! dropped before the wait, so it holds no connection meanwhile, but for errors that are kept for the
//! history. When the time of an asynchronous call is over, the attempt it is in is dropped.
//!
//! # Cancellation
//!
//! Dropping the future ends the attempt or the wait it is in. The call is counted as
//! [abandoned](Totals::abandoned), leaves [`Snapshot::waiting`] at once and gives back what its budget
//! had granted. A panic in the operation, the classifier or the hook is counted and unwinds on; a panic
//! in an [`Observer`] is caught. With a backoff of zero, or one of nanoseconds, a call gives way to other
//! tasks after every 32 attempts, so that a timeout around it can end it.
//!
//! # Cost
//!
//! A first attempt that succeeds at once costs one count in a cell of its thread: no allocation, no lock,
//! no randomness, no look at the clock. (The blocking door looks once.) `max_elapsed` or a deadline costs
//! such a look, and a budget one and a short lock; `attempt_timeout` nothing. An attempt that is not ready
//! at once costs a look too, and, if it may be cut off, an allocation for its timer, which the rest of the
//! call uses again. The future is not boxed and takes at most 128 bytes more than the operation's own. A
//! wait of zero never touches the timer. A call that fails allocates for its timer and its history, and for the [`Exhausted`] it ends in.
//!
//! # Crate features
//!
//! - `tokio` (default): the asynchronous `call` and `Hedge`, which wait on tokio's timer, and time from
//!   tokio's clock, so that a paused clock in tests drives retries too. Without it there is
//!   `call_blocking`, with backoffs, budgets and deadlines.
//! - `serde`: reads and writes a [`Config`], a [`BudgetConfig`] and a `HedgeConfig`, and tells all that is
//!   wrong with one in one error; writes snapshots.
//! - `tower`: a layer, all clones of which share one retry.
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
#[cfg(feature = "serde")]
mod form;
#[cfg(feature = "tokio")]
mod hedge;
mod history;
mod judge;
mod observer;
mod observers;
mod policy;
mod retry;
mod run;
mod scoped;
#[cfg(feature = "serde")]
mod serialize;
mod shared;
mod slot;
mod snapshot;
#[cfg(feature = "tokio")]
mod timer;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
mod verdict;
mod versions;
mod weak;

pub use self::attempt::Attempt;
pub use self::backoff::{Backoff, Growth, Jitter, Waits};
pub use self::budget::{
    Budget, BudgetBuilder, BudgetConfig, BudgetObserver, BudgetPermit, BudgetSnapshot, BudgetSpent,
    BudgetTotals, Extra, SpentReason, Suppressed, WeakBudget,
};
pub use self::builder::Builder;
pub use self::classified::Classified;
pub use self::config::Config;
pub use self::deadline::{Deadline, ParseDeadlineError};
pub use self::error::{ConfigError, FieldError};
pub use self::exhausted::{Exhausted, Reason};
pub use self::failure::Failure;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use self::hedge::{
    ClassifiedHedge, Hedge, HedgeAttempt, HedgeBuilder, HedgeConfig, HedgeObserver, HedgeSnapshot,
    HedgeSuppressed, HedgeTotals, HedgeTrigger, Hedged, WeakHedge,
};
pub use self::history::{Ended, History, Past};
pub use self::observer::{GaveUp, Observer, Retrying};
pub use self::retry::Retry;
pub use self::scoped::Scoped;
pub use self::snapshot::{Snapshot, Totals};
pub use self::verdict::Verdict;
pub use self::weak::WeakRetry;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/retries-multiply.md")]
pub mod guide {}

#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
