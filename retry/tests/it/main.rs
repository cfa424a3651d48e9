//! Integration tests of steadfast-retry. Time is virtual throughout.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod attempt_timeout;
mod backoff;
mod breaker;
mod budget;
mod config;
#[cfg(feature = "serde")]
mod config_serde;
mod edges;
mod endings;
mod extremes;
mod guide;
mod hedge;
mod limits;
mod model;
mod observers;
mod reconfigure;
mod slow;
mod told;
#[cfg(feature = "tower")]
mod tower;
mod waits;

use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{Builder, Jitter, Retry};

/// A retry with waits of exactly 100, 200, 400 ... ms.
fn exact() -> Builder {
    Retry::builder("test").jitter(Jitter::None)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The virtual time goes on as if code had held the thread for so long.
fn hold_up(time: Duration) {
    // Moves the clock at its first poll, and asks for a second one only to let others run.
    let _ = tokio::time::advance(time).now_or_never();
}

/// The virtual present.
#[expect(clippy::disallowed_methods, reason = "the tests' one clock")]
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
