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
mod coalesce;
mod complaints;
#[cfg(feature = "serde")]
mod config;
mod crowd;
mod deadline;
mod defaults;
mod discarded;
mod dropped;
mod errors;
mod fallback;
#[cfg(feature = "health")]
mod health;
mod hedge;
#[cfg(feature = "http2")]
mod http2;
mod limits;
mod methods;
#[cfg(feature = "telemetry")]
mod metrics;
#[cfg(feature = "middleware")]
mod middleware;
mod migration;
mod mixed;
mod noted;
mod observer;
mod own_redirects;
mod polled;
mod propagation;
#[cfg(feature = "rate-limit")]
mod rate_limit;
#[cfg(feature = "serde")]
mod reconfigure;
mod redirects;
mod request;
mod retries;
mod retry;
mod retry_after;
mod service;
#[cfg(feature = "telemetry")]
mod spans;
mod storm;
mod support;
#[cfg(feature = "telemetry")]
mod telemetry;
mod throttle;
