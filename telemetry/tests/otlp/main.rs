//! Exporting over OTLP, to a receiver on a real socket.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

#[cfg(feature = "breaker")]
mod breakers;
mod content;
mod edges;
mod environment;
mod failures;
mod protocol;
mod settings;
mod shutdown;
mod support;
