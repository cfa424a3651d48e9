//! The crate's one clock. Peers live in real time, whatever the clock of the test's runtime does.

use std::time::Instant;

/// The time now, on the machine's monotonic clock.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
