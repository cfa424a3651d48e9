//! Steadfast keeps a service standing while the things it calls fail.
//!
#![cfg_attr(feature = "policy", doc = "```")]
#![cfg_attr(not(feature = "policy"), doc = "```ignore")]
//! use std::io;
//! use std::time::Duration;
//! use steadfast::breaker::CircuitBreaker;
//! use steadfast::policy::Policy;
//! use steadfast::retry::Retry;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::builder("payments")
//!     .total_timeout(Duration::from_secs(10))
//!     .retry(Retry::builder("payments").max_attempts(3).build()?)
//!     .breaker(CircuitBreaker::builder("payments").build()?)
//!     .attempt_timeout(Duration::from_secs(2))
//!     .build()?;
//!
//! let receipt = policy
//!     .call(|attempt| async move {
//!         if attempt.is_retry() { Ok("paid") } else { Err(io::Error::other("refused")) }
//!     })
//!     .await?;
//! assert_eq!(receipt, "paid");
//! # Ok(())
//! # }
//! ```
//!
//! # What is in here
//! - `policy` (default): timeout, retry, circuit breaker, bulkhead, hedge and fallback around any async
//!   operation, in one call with one error.
//! - `config`: the whole set from a TOML file and the environment.
//! - `supervisor`: builds all of that, keeps it running, reads it again when the file changes, and brings it to an
//!   end; and `migrate`, functions to move to it with.
//! - Each crate of the family under the name of its feature: `breaker`, `retry`, `bulkhead`, `health`,
//!   `telemetry`, `http`, `amqp`, `dashboard`.
//!
//! Who wants one crate alone depends on that one; this one adds nothing to it.
//!
//! # Minimum Rust version
//! 1.85; with `http` or `amqp` 1.88.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub mod config;
#[cfg(feature = "supervisor")]
#[cfg_attr(docsrs, doc(cfg(feature = "supervisor")))]
pub mod migrate;
#[cfg(feature = "policy")]
#[cfg_attr(docsrs, doc(cfg(feature = "policy")))]
pub mod policy;
#[cfg(feature = "supervisor")]
#[cfg_attr(docsrs, doc(cfg(feature = "supervisor")))]
pub mod supervisor;

#[cfg(feature = "amqp")]
#[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
pub use steadfast_amqp as amqp;
#[cfg(feature = "breaker")]
#[cfg_attr(docsrs, doc(cfg(feature = "breaker")))]
pub use steadfast_breaker as breaker;
#[cfg(feature = "bulkhead")]
#[cfg_attr(docsrs, doc(cfg(feature = "bulkhead")))]
pub use steadfast_bulkhead as bulkhead;
#[cfg(feature = "dashboard")]
#[cfg_attr(docsrs, doc(cfg(feature = "dashboard")))]
pub use steadfast_dashboard as dashboard;
#[cfg(feature = "health")]
#[cfg_attr(docsrs, doc(cfg(feature = "health")))]
pub use steadfast_health as health;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use steadfast_http as http;
#[cfg(feature = "retry")]
#[cfg_attr(docsrs, doc(cfg(feature = "retry")))]
pub use steadfast_retry as retry;
#[cfg(feature = "telemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
pub use steadfast_telemetry as telemetry;

// What its examples need.
#[cfg(all(doctest, feature = "http", feature = "supervisor"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
