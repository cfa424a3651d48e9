//! A circuit breaker: it stops calling a dependency that keeps failing, and asks carefully before
//! it trusts it again.
//!
//! ```
//! use std::time::Duration;
//! use steadfast_breaker::{CircuitBreaker, State};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let breaker = CircuitBreaker::builder("payments")
//!     .failure_threshold(5)
//!     .open_for(Duration::from_secs(10))
//!     .build()?;
//!
//! let receipt = breaker.call(|| async { charge(100).await }).await?;
//! assert_eq!(receipt, "charged 100");
//! assert_eq!(breaker.state(), State::Closed);
//! # Ok(())
//! # }
//! # async fn charge(amount: u32) -> Result<String, std::io::Error> { Ok(format!("charged {amount}")) }
//! ```
//!
//! # When to use one
//! In front of everything that is called over a network and can be down for longer than a call
//! takes. An open breaker answers in nanoseconds where the dependency would take its timeout, and
//! it gives a dependency that is coming back room to do so.
//!
//! Not in front of work that cannot fail as a whole (parsing, arithmetic), nor one breaker around
//! several dependencies: one dead server would then shut out its healthy siblings.
//!
//! # How it decides
//! ```text
//!                failure_threshold failures in a row
//!      ┌────────┐ ─────────────────────────────────▶ ┌──────┐
//!      │ closed │                                    │ open │ rejects every call
//!      └────────┘ ◀──┐                      ┌──────▶ └──────┘
//!                    │                      │            │ a call arrives after open_for
//!  success_threshold │                      │ a probe    │
//!   probes succeeded │     ┌───────────┐    │ failed, or ▼
//!                    └──── │ half-open │ ◀──┼────────────┘
//!                          └───────────┘ ───┘ all were out for half_open_max
//! ```
//! While half-open at most `max_probes` calls are in flight and the others are rejected. A run of
//! failures is forgotten by one success, or after `reset_timeout` without a failure.
//!
//! # Late results, dropped calls, panics
//! Every permit carries the generation in which it was given out. A result that comes back in a
//! later generation is counted but moves nothing: a slow success from before the outage cannot
//! close the breaker. A dropped call gives its place back at once and is counted as abandoned;
//! [`Builder::abandoned_as`] says whether it is a failure too. A panic is a failure and goes on
//! unwinding.
//!
//! No state rejects for ever: from any of them the dependency is called again within `open_for`
//! and `half_open_max` together, even if every probe is lost.
//!
//! # Cost
//! A successful call through a closed breaker takes two short uncontended locks, reads no clock and
//! allocates nothing. Only a failure, a probe and a rejection read the clock.
//!
//! # Features
//! - `tokio` (default): reads tokio's clock, so that `tokio::time::pause()` drives the breaker in
//!   tests. Without it the breaker needs no runtime at all and works on any.
//! - `serde`: reads and writes a [`Config`], and tells all that is wrong with one in one error; writes
//!   [`Snapshot`]s and the words in them; reads a [`Mode`].
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
mod window;

pub use breaker::{CircuitBreaker, WeakCircuitBreaker};
pub use builder::Builder;
pub use call::Classified;
pub use config::{AbandonedAs, Config, Window};
pub use error::{ConfigError, Error, FieldError};
pub use keyed::{Keyed, KeyedBuilder, KeyedSnapshot};
pub use mode::{Mode, ModeChange};
pub use observer::{Observer, Transition};
pub use permit::Permit;
pub use rejected::{Reason, Rejected};
pub use snapshot::{Snapshot, Totals, WindowSnapshot};
pub use state::{Cause, Outcome, State};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
