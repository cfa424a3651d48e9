//! Tests that need nothing but Rust. Time is real here: lapin reads its sockets on a thread of its
//! own, which a paused clock would overtake. Waits are bounded polls. Only where nothing is dialed, or every
//! dial is refused, is it virtual.
//!
//! The suite against a real RabbitMQ is `tests/rabbit`, behind the feature `rabbit-tests`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to stop")]

mod broker;
mod closing;
mod config;
mod connecting;
mod credentials;
mod declaring;
mod endpoints;
mod hooks;
#[cfg(feature = "telemetry")]
mod metrics;
#[cfg(any(feature = "health", feature = "telemetry"))]
mod modes;
mod observing;
mod outage;
mod pools;
mod publishing;
mod reconnecting;
mod refreshing;
mod separate;
#[cfg(feature = "telemetry")]
mod spans;
mod storms;
mod support;
mod way_out;
