//! A bulkhead limits how many callers use a dependency at a time, and how many wait for it.
//!
#![cfg_attr(feature = "tokio", doc = "```")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use steadfast_bulkhead::{Bulkhead, Reason};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bulkhead = Bulkhead::builder("reports")
//!     .max_concurrent(1)
//!     .max_waiting(0)
//!     .build()?;
//!
//! let permit = bulkhead.acquire().await?;
//! let rejected = bulkhead.acquire().await.unwrap_err();
//! assert_eq!(rejected.reason(), Reason::Full { concurrent: 1, waiting: 0 });
//! assert_eq!(
//!     rejected.to_string(),
//!     "bulkhead reports is full: 1 running, 0 waiting"
//! );
//!
//! drop(permit);
//! let report = bulkhead.call(|| async { Ok::<_, std::io::Error>("report") }).await?;
//! assert_eq!(report, "report");
//! # Ok(())
//! # }
//! ```
//!
//! # When to use it
//!
//! Around anything that can become slow and that many callers share: a remote service, a database,
//! a thread pool, heavy CPU work. Without a limit a dependency that hangs collects every task of
//! the service; with one it holds its own places and the rest goes on. Use a [`Pool`] when each
//! place needs a thing of its own, such as a connection.
//!
//! It is **not** a rate limit: it bounds how many run at a time, not how many per second. It does
//! not time out the work itself: put a timeout into the operation. Its limit is fixed when it is
//! built, and it knows nothing of priorities: who comes first is served first.
//!
//! # Defaults
//!
//! | setting | default |
//! |---|---|
//! | [`max_concurrent`](Builder::max_concurrent) | 20 |
//! | [`max_waiting`](Builder::max_waiting) | 100 |
//! | [`checkout_timeout`](Builder::checkout_timeout) | 5 s |
//! | [`create_timeout`](PoolBuilder::create_timeout) of a pool | 5 s |
//! | [`max_age`](PoolBuilder::max_age), [`max_idle`](PoolBuilder::max_idle) of a pool | none |
//!
//! # How it decides
//!
//! ```text
//!              closed? ------------------------------> Rejected: Closed
//!                 | no
//!              a place free? --- yes ----------------> Permit
//!                 | no
//!              queue full? ----- yes ----------------> Rejected: Full       at once, no timer
//!                 | no
//!              wait in line ---- checkout_timeout ---> Rejected: Timeout
//!                 |        \---- close() ------------> Rejected: Closed
//!                 |         \--- dropped                                    counted: abandoned
//!              a permit returns, and this one is first
//!                 \----------------------------------> Permit               waited() tells the wait
//! ```
//!
//! A place that returns is handed straight to the first in line and never becomes free in between,
//! so nobody can overtake.
//!
//! # Cancellation
//!
//! Dropping a future that waits leaves the line at once. If it had been handed a place that it had
//! not picked up yet, the next in line gets it. A place handed over at the moment of the timeout
//! wins. A dropped or panicking operation gives its place back, after its future was dropped. What
//! [`Pool::with_resource`] was using then is dropped, not lent again. One thing is left to the
//! caller: a waiting future that is kept but never polled again keeps the place it is handed.
//!
//! # Cost
//!
//! A free place costs two short lock sections, one to take it and one to give it back, and for an
//! owned [`Permit`] a reference count. It reads no clock, sets no timer and allocates nothing; nor
//! does a refusal with `Full`. Waiting reads the clock, sets one timer, and reuses the queue's
//! memory. Every operation of the queue takes constant time, leaving it from the middle included.
//!
//! # Crate features
//!
//! - `tokio` (default): [`Bulkhead::acquire`], [`Bulkhead::call`] and [`Pool`], which wait with
//!   tokio's timer, so `tokio::time::pause` drives them in tests. Without it there are
//!   [`try_acquire`](Bulkhead::try_acquire) and the blocking twins.
//!
//! # Minimum supported Rust version
//!
//! 1.85.

#![cfg_attr(docsrs, feature(doc_cfg))]
// The page above describes the crate with its default features.
#![cfg_attr(
    not(feature = "tokio"),
    allow(rustdoc::broken_intra_doc_links, reason = "the pool")
)]

mod builder;
mod bulkhead;
mod clock;
mod error;
mod gate;
mod observer;
mod permit;
#[cfg(feature = "tokio")]
mod pool;
mod queue;
mod snapshot;
mod state;
mod ticket;
mod wait;

pub use builder::Builder;
pub use bulkhead::{Bulkhead, WeakBulkhead};
pub use error::{ConfigError, Error, FieldError, Reason, Rejected};
pub use observer::{Acquired, Observer, Queued};
pub use permit::Permit;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use pool::{Checkout, Pool, PoolBuilder, PoolError, PoolSnapshot, WeakPool};
pub use snapshot::{Snapshot, Totals};

#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
