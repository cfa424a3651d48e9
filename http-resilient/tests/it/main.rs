//! The client against real sockets: scripted servers and a proxy that misbehaves.
//!
//! Time is real here, as the sockets are. Nothing asserts that something was fast; waits are for
//! conditions, and bounded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod body;
mod breaker;
mod breaker_rules;
mod builder;
mod bulkhead;
mod chaos;
mod complaints;
mod crowd;
mod deadline;
mod defaults;
mod discarded;
mod dropped;
mod errors;
#[cfg(feature = "health")]
mod health;
#[cfg(feature = "http2")]
mod http2;
mod limits;
mod observer;
mod redirects;
mod request;
mod retry;
mod retry_after;
mod storm;
mod support;
#[cfg(feature = "telemetry")]
mod telemetry;
