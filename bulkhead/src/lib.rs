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
//! place needs a thing of its own, such as a connection, and [`Keyed`] where each host or tenant needs
//! a limit of its own.
//!
//! It is **not** a rate limit: it bounds how many run at a time, not how many per second. It does
//! not time out the work itself: put a timeout into the operation.
//!
//! # How large
//!
//! By Little's law as many run at a time, on average, as calls come in a second times the seconds that
//! one takes: at 200 calls a second of 50 ms, 10. Chance needs room: add twice the root of it, which makes
//! 17. Keep `max_waiting` at a few times the places: who waits longer in line than the work takes would
//! mostly be better off with a refusal. Then look at [`Snapshot::peak_busy`] and [`Snapshot::waits`]: a line
//! that is never empty means too few places, or a dependency that can do no more.
//! [`hold_times`](Builder::hold_times) tells which: it measures how long places are held, and lets a
//! refusal tell when to [try again](Rejected::retry_after). [`Bulkhead::resize`] changes the number of
//! places while they are in use, and [`Bulkhead::reconfigure`] the other settings too. Work that weighs more
//! than other work takes
//! [several places](Bulkhead::acquire_many) at a time.
#![cfg_attr(doc, doc = "\nThe arithmetic, and what to do when: see the [guide].")]
//!
//! # Defaults
//!
//! | setting | default |
//! |---|---|
//! | [`max_concurrent`](Builder::max_concurrent) | 20 |
//! | [`max_waiting`](Builder::max_waiting) | 100 |
//! | [`checkout_timeout`](Builder::checkout_timeout) | 5 s |
//! | [`hold_times`](Builder::hold_times) | false |
//! | [`high_share`](Builder::high_share), [`normal_share`](Builder::normal_share), [`low_share`](Builder::low_share) | 16, 4, 1 |
//! | [`max_keys`](KeyedBuilder::max_keys) of a keyed set | 1024 |
//! | [`create_timeout`](PoolBuilder::create_timeout) of a pool | 5 s |
//! | [`validate_timeout`](PoolBuilder::validate_timeout), [`recycle_timeout`](PoolBuilder::recycle_timeout) of a pool | 1 s |
//! | [`min_idle`](PoolBuilder::min_idle) of a pool | 0 |
//! | [`max_age`](PoolBuilder::max_age), [`max_idle`](PoolBuilder::max_idle) of a pool | none |
//!
//! # How it decides
//!
//! ```text
//!              closed? ------------------------------> Rejected: Closed
//!                 | no
//!              a place free? --- yes ----------------> Permit
//!                 | no
//!              line full, or
//!              no time to wait? - yes ---------------> Rejected: Full       at once, no timer
//!                 | no
//!              wait in line ---- checkout_timeout ---> Rejected: Timeout
//!                 |        \---- close() ------------> Rejected: Closed
//!                 |        \---- displaced ----------> Rejected: Full       by another priority
//!                 |         \--- dropped                                    counted: abandoned
//!              a permit returns, and this one is first
//!                 \----------------------------------> Permit               waited() tells the wait
//! ```
//!
//! While anybody is in line, a place that returns is theirs: newcomers stand behind them, so nobody can
//! overtake. Who waits for several places holds up those behind until there are enough. After
//! [`Bulkhead::close_and_wait`] nobody is inside any more.
//!
//! # Priorities
//!
//! [`Bulkhead::with_priority`] makes another handle to the same bulkhead, for callers of another
//! [`Priority`]. Each priority has a line of its own, first come, first served. Between the lines places are
//! divided by shares, so that a flood of low priority is hardly felt by high, and yet nobody starves. The
//! room in line is divided likewise: who has come on a place that belongs to another priority may have to
//! give it up. Nothing of this matters while places are free, or where nobody may wait.
//!
//! # Cancellation
//!
//! Dropping a future that waits leaves the line at once. If it had been handed a place that it had
//! not picked up yet, the next in line gets it. A place handed over at the moment of the timeout
//! wins. A call that is dropped gives its place back after the operation's future was dropped, one that
//! panics at once. What [`Pool::with_resource`] was using then is dropped, not lent again. One thing is left to the
//! caller: a waiting future that is kept but never polled again keeps the place it is handed.
//!
//! # Cost
//!
//! - **A free place**: an atomic step to take it and one to give it back, with a count in a cell of the thread
//!   for each. An owned [`Permit`] also counts a reference to the bulkhead, a `call` does not. No lock, no
//!   clock, no timer, no allocation.
//! - **A refusal at once**, `Full` or `Closed`, is two words and allocates nothing. Where nobody waits and
//!   nobody may, or of a `try_acquire` while nobody waits, `Full` takes no lock and writes to nothing but the
//!   thread's cell, unless an observer hears of it. To find the line full takes its lock. Up to 256 different
//!   names of bulkheads are kept for good, so that refusals need not count references to the name; those of
//!   further ones do.
//! - **A refusal that has waited** allocates once. So does `TooMany`, and `Full` where hold times are measured
//!   or more than 65,535 wait.
//! - **Waiting** takes the lock of the line when it gets in and out, reads the clock twice, sets one timer, and
//!   records the wait (8 KiB the first time). A `call` that has to queue allocates its wait, an `acquire` does
//!   not; a thread allocates its waker. The line keeps as much memory as it needed when it was longest. Each of its operations takes
//!   constant time, leaving it from the middle included.
//! - **[`hold_times`](Builder::hold_times)** and an observer that
//!   [wants every call](Observer::wants_every_call) make every call take a slower way, from then on. Hold
//!   times read the clock at both ends of it (and take 8 KiB); such an observer is told at both. Other
//!   observers cost a call that finds a free place nothing.
//! - **Memory**: mostly the cells, which are inline: 64 bytes for each of sixteen threads. Further threads share
//!   one.
//!
//! # Crate features
//!
//! - `tokio` (default): [`Bulkhead::acquire`], [`Bulkhead::call`] and [`Pool`], which wait with
//!   tokio's timer, so `tokio::time::pause` drives them in tests. Without it there are
//!   [`try_acquire`](Bulkhead::try_acquire) and the blocking twins.
//! - `serde`: reads and writes a [`Config`], and tells all that is wrong with one in one error; writes
//!   [`Snapshot`]s of every kind, a [`Priority`] and a [`Reason`].
//! - `tower`: `tower::BulkheadLayer` puts the bulkhead in front of a tower service. Turns on `tokio`.
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

#[cfg(feature = "tokio")]
mod acquiring;
mod builder;
mod bulkhead;
#[cfg(feature = "tokio")]
mod calling;
mod clock;
mod config;
mod counters;
mod door;
mod error;
mod gate;
mod histogram;
mod holds;
mod keyed;
#[cfg(test)]
#[cfg(steadfast_loom)]
mod loom_models;
mod name;
mod observer;
mod observers;
mod permit;
#[cfg(feature = "tokio")]
mod pool;
mod priority;
mod queue;
mod rejected;
#[cfg(feature = "serde")]
mod serialize;
mod shares;
mod slot;
mod snapshot;
mod state;
mod sync;
mod ticket;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
mod unwind;
mod wait;
mod wakers;
mod weak;

pub use builder::Builder;
pub use bulkhead::Bulkhead;
pub use config::Config;
pub use error::{ConfigError, Error, FieldError, StillBusy};
pub use histogram::HistogramSnapshot;
pub use keyed::{Keyed, KeyedBuilder, KeyedObserver, KeyedPermit, KeyedSnapshot, WeakKeyed};
pub use observer::{Acquired, Observer, Queued, Released};
pub use permit::Permit;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use pool::{
    Checkout, Discards, HookFuture, Pool, PoolBuilder, PoolError, PoolSnapshot, WeakPool,
};
pub use priority::Priority;
pub use rejected::{Reason, Rejected};
pub use snapshot::{Snapshot, Totals};
pub use weak::WeakBulkhead;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/sizing.md")]
pub mod guide {}

#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
