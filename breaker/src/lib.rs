//! A circuit breaker: it stops calling a dependency that keeps failing, rejects calls at once
//! meanwhile, and lets a few probes through before it trusts the dependency again.
//!
//! ```
//! use std::time::Duration;
//! use steadfast_breaker::{CircuitBreaker, Error, State};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let breaker = CircuitBreaker::builder("payments")
//!     .failure_threshold(5)
//!     .open_for(Duration::from_secs(10))
//!     .build()?;
//!
//! match breaker.call(|| async { charge(100).await }).await {
//!     Ok(receipt) => assert_eq!(receipt, "charged 100"),
//!     Err(Error::Rejected(rejected)) => println!("not called: {rejected}"), // why, and when again
//!     Err(error) => println!("called and failed: {error}"),
//! }
//! assert_eq!(breaker.state(), State::Closed);
//! # Ok(())
//! # }
//! # async fn charge(amount: u32) -> Result<String, std::io::Error> { Ok(format!("charged {amount}")) }
//! ```
//!
//! # When to use one, and when not
//! In front of what is called over a network and can be down for longer than a call takes. Callers
//! then get an answer at once instead of a timeout, and the dependency gets room to come back. Not
//! for:
//! - work that cannot fail as a whole: parsing, arithmetic, memory;
//! - several dependencies at once: one dead host shuts out its siblings, or is never noticed among
//!   them. Give each a breaker of its own; [`Keyed`] does so for hosts, shards and tenants;
//! - errors of single requests. A 404 or a validation error says nothing about the dependency:
//!   [`classify`](CircuitBreaker::classify) it as [`Outcome::Ignored`], or as a success if an answer is
//!   all you ask for;
//! - a timeout's job. A breaker ends no call: put a timeout inside the call, where it counts as a failure;
//! - a bulkhead's. A dependency that is slow, not down, holds callers until the breaker opens: limit the
//!   calls in flight as well. Nor does it limit a rate or shed load: it lets all calls through, or a few;
//! - a consumer of a queue. It should stop taking messages while the dependency is down, not reject them
//!   one by one: wait for [`Rejected::retry_after`];
//! - very little traffic. A rate that never sees `min_calls` never opens the breaker, and one that is open
//!   for less than the time between two calls rejects nothing. Count failures in a row, with a longer
//!   `reset_timeout`; or [`observe`](CircuitBreaker::observe) a health check.
//!
//! # What opens it
//! Any one of three rules, of which those are on that you set; looked at in this order:
//! 1. [`failure_threshold`](Builder::failure_threshold) failures in a row. One success ends the run; so
//!    does a silence of `reset_timeout`. The default rule, 5, unless one of the others is set.
//! 2. [`failure_rate`](Builder::failure_rate): the share of failures among the calls in the
//!    [`window`](Builder::window), either the last n calls or those of the last so much time.
//! 3. [`slow_call_rate`](Builder::slow_call_rate): the share of calls in it that took
//!    `slow_call_duration` or longer. Calls **still in flight** count as soon as they have taken that long,
//!    so a dependency that hangs opens the breaker although nothing comes back: each call looks first.
//!
//! The rates say nothing before there are `min_calls`. Ignored results count for no rule. All settings
//! and their defaults are on the [`Builder`], and in the README in one table that a test holds to the code.
#![cfg_attr(doc, doc = "How to choose the numbers: see the [guide].")]
//!
//! # States
//! ```text
//!  from any state: ForcedClosed,                    from any state: ForcedOpen
//!  Disabled, reset()                                         │
//!       │                                                    │
//!       ▼                   a rule says so                   ▼
//!  ┌──────────┐ ───────────────────────────────────▶ ┌───────────┐
//!  │  closed  │                                      │   open    │ rejects every call
//!  └──────────┘                                      └───────────┘
//!  lets every call through;                            │       ▲
//!  for ramp_up after probes,       open_for is over    │       │ a probe failed or was slow;
//!  a growing share                 and a call comes;   │       │ or all places were taken
//!       ▲                          or ForcedOpen ended ▼       │ for half_open_max
//!       │                                            ┌───────────┐
//!       └─────────────────────────────────────────── │ half-open │ max_probes at a time,
//!             success_threshold probes succeeded     └───────────┘ rejects the others
//! ```
//! The open time can grow from one opening to the next (`open_for_multiplier`) and vary
//! (`open_for_jitter`). With `half_open_failure_rate`, the share of failures among `half_open_calls`
//! probes decides instead. An open breaker stays open until a call comes; the end of a mode is noticed by
//! the next call or snapshot. Unless forced open, no state rejects for ever: calls that keep coming reach
//! the dependency again within the open time and `half_open_max` together, even if every probe is lost.
//! Ramping up, at least one call in ten passes.
//!
//! # Late results, dropped calls, panics
//! - Each transition begins a generation. A **late** result, of an earlier one, is counted in
//!   [`Totals::stale`] and moves nothing: no success from before the outage closes the breaker.
//! - A **dropped** future or [`Permit`] gives its place back at once and counts as abandoned. Whether that
//!   is a failure too says [`Builder::abandoned_as`]: an outer timeout drops calls, and so does a user who
//!   leaves.
//! - A **panic** is a failure, and goes on unwinding.
//! - A rejection never polls nor runs the operation.
//!
//! # For the operator at three in the morning
//! ```
//! use steadfast_breaker::{CircuitBreaker, Mode, State};
//! # use std::time::Duration;
//!
//! # let breaker = CircuitBreaker::builder("payments").build().unwrap();
//! // Keep everybody off for ten minutes. Afterwards it is half-open: probes before trust.
//! let ten_minutes = Duration::from_secs(600);
//! breaker.set_mode_for(Mode::ForcedOpen, "database is being restored", ten_minutes);
//! let rejected = breaker.try_acquire().unwrap_err();
//! assert_eq!(rejected.forced_because(), Some("database is being restored"));
//!
//! breaker.reset(); // or begin anew: automatic, closed, nothing in the window
//! assert_eq!((breaker.mode(), breaker.state()), (Mode::Automatic, State::Closed));
//! ```
//! [`Mode::ForcedClosed`] never rejects and still counts; [`Mode::Disabled`] does neither.
//! [`Mode::Shadow`] decides and reports, but lets through what it would have rejected
//! ([`Totals::would_reject`]): try numbers on real traffic with it. Modes hold until changed, or as long
//! as you say. [`reconfigure`](CircuitBreaker::reconfigure) changes settings while in use and loses no
//! counts. [`Snapshot`] tells state, mode, since when and why, when the next probe may pass, what is in
//! the window, calls in flight and totals, and the last errors that were
//! [noted](CircuitBreaker::note_error). An [`Observer`] hears of transitions, modes and rejections.
//!
//! # Cost
//! No call allocates, unless `slow_call_duration` is set and more are in flight than ever before. An error that
//! is [noted](CircuitBreaker::note_error), a panic among them, takes a lock of its own, and allocates if its class
//! or its message is another one than before.
//! - Closed: a call is let through without lock and clock. A success takes neither if all is well: no
//!   failure in the run, and no window, or one of calls that is full of quick successes. Any other result
//!   takes one lock. With a window of time every result also reads the clock; a failure does if failures
//!   in a row are counted.
//! - With `slow_call_duration`, while ramping up, half-open, or in a mode that ends by itself: the clock
//!   and the lock at both ends of a call.
//! - Open: a rejection reads the clock and takes no lock. It takes one if the breaker was forced open, in
//!   shadow mode, and if an observer [hears rejections](Observer::hears_rejections).
//! - Disabled: neither lock nor clock, unless `slow_call_duration` is set or the mode ends by itself.
//! - Memory: a bit for each call of a count window, two with `slow_call_rate`; ten buckets for a window of
//!   time; without a window, 1 KiB of counters, so that threads do not get in each other's way. None of
//!   these grows. Once errors are noted, 3,160 bytes at most for their eight classes.
//!
//! Figures, and the machine they were measured on, are in the workspace's `benches/README.md`.
//!
//! # Features
//! - `tokio` (default): reads tokio's clock, so that `tokio::time::pause()` drives the breaker in
//!   tests. Without it the breaker needs no runtime at all and works on any.
//! - `serde`: reads and writes a [`Config`], and tells all that is wrong with one in one error; writes
//!   [`Snapshot`]s and the words in them; reads a [`Mode`].
//! - `quanta`: `Builder::fast_clock` reads the processor's time stamp counter, where the clock is what costs.
//! - `tower`: `tower::BreakerLayer` puts the breaker in front of a tower service.
//!
//! # Minimum Rust version
//! 1.85.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod breaker;
mod builder;
mod call;
mod calling;
mod cause_code;
mod clock;
mod config;
mod counters;
mod door;
mod error;
mod in_flight;
mod keyed;
mod last_errors;
#[cfg(test)]
#[cfg(steadfast_loom)]
mod loom_models;
mod machine;
mod mode;
mod observer;
mod permit;
mod rejected;
#[cfg(feature = "serde")]
mod serialize;
mod settings;
mod shared;
mod slot;
mod snapshot;
mod state;
mod sync;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
mod unwind;
mod window;

pub use breaker::{CircuitBreaker, WeakCircuitBreaker};
pub use builder::Builder;
pub use call::Classified;
pub use config::{AbandonedAs, Config, Window};
pub use error::{ConfigError, Error, FieldError};
pub use keyed::{Keyed, KeyedBuilder, KeyedObserver, KeyedSnapshot, WeakKeyed};
pub use last_errors::LastError;
pub use mode::{Mode, ModeChange};
pub use observer::{Observer, Transition};
pub use permit::Permit;
pub use rejected::{Reason, Rejected};
pub use snapshot::{Snapshot, Totals, WindowSnapshot};
pub use state::{Cause, Outcome, State};

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/choosing-numbers.md")]
pub mod guide {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
