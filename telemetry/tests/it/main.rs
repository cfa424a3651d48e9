//! Integration tests of steadfast-telemetry, on OpenTelemetry's in-memory exporter.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod config;
mod detached;
mod dropped;
mod export;
mod groups;
mod handlers;
mod http;
mod messaging;
mod shutdown;
mod source;
mod speaker;
mod subscriptions;

#[cfg(feature = "breaker")]
mod breaker;
#[cfg(feature = "breaker")]
mod breaker_modes;
#[cfg(feature = "breaker")]
mod breaker_rates;
#[cfg(all(feature = "prometheus", feature = "breaker"))]
mod breaker_times;
#[cfg(feature = "hedge")]
mod budget;
#[cfg(feature = "bulkhead")]
mod bulkhead;
#[cfg(all(feature = "breaker", feature = "retry"))]
mod hardships;
#[cfg(feature = "health")]
mod health;
#[cfg(feature = "hedge")]
mod hedge;
#[cfg(feature = "breaker")]
mod keyed;
#[cfg(feature = "breaker")]
mod lifetimes;
#[cfg(feature = "tracing")]
mod log;
#[cfg(all(
    feature = "breaker",
    feature = "hedge",
    feature = "pool",
    feature = "health"
))]
mod names;
#[cfg(feature = "pool")]
mod pool;
#[cfg(all(feature = "prometheus", feature = "breaker"))]
mod prometheus;
#[cfg(feature = "retry")]
mod retry;
#[cfg(all(
    feature = "breaker",
    feature = "hedge",
    feature = "pool",
    feature = "health"
))]
mod snapshot;
#[cfg(all(feature = "breaker", feature = "retry", feature = "bulkhead"))]
mod span_events;
#[cfg(all(
    feature = "breaker",
    feature = "hedge",
    feature = "pool",
    feature = "health"
))]
mod traffic;
