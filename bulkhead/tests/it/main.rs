//! Integration tests: one binary, one module per topic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocking;
mod config;
#[cfg(feature = "serde")]
mod config_serde;
mod defaults;
mod errors;
mod every_call;
mod guide;
mod keyed;
mod observer;
mod places;
mod support;

#[cfg(feature = "tokio")]
mod call;
#[cfg(feature = "tokio")]
mod cancel;
#[cfg(feature = "tokio")]
mod close;
#[cfg(feature = "tokio")]
mod crashes;
#[cfg(feature = "tokio")]
mod everything;
#[cfg(feature = "tokio")]
mod holds;
#[cfg(feature = "tokio")]
mod model;
#[cfg(feature = "tokio")]
mod pool;
#[cfg(feature = "tokio")]
mod priorities;
#[cfg(feature = "tokio")]
mod queue;
#[cfg(feature = "tokio")]
mod reconfigure;
#[cfg(feature = "tokio")]
mod resize;
#[cfg(feature = "tokio")]
mod stress;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "tokio")]
mod waits;
#[cfg(feature = "tokio")]
mod wakers;
