//! The package's one clock.

use std::time::Instant;

/// The time, from the standard clock: measuring is the point here.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the package's one clock")]
pub fn now() -> Instant {
    Instant::now()
}
