//! The facade from outside.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod config;
mod dropped;
mod errors;
mod fallbacks;
mod hedges;
mod order;
mod presets;
mod support;
#[cfg(feature = "telemetry")]
mod watched;
