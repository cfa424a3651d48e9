//! What several topics share.

#[cfg(feature = "tokio")]
mod polling;

use std::thread;

#[cfg(feature = "tokio")]
pub(crate) use polling::{Alarm, Boxed, Random, poll};

/// Lets other threads run until the condition holds.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}
