//! The crate's one clock.

use std::time::Duration;

use tokio::time::Instant;

/// The present on tokio's clock, so that `tokio::time::pause()` drives every deadline.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The moment that is `wait` from now; about a century from now for a wait beyond all clocks.
pub(crate) fn after(wait: Duration) -> Instant {
    later(now(), wait)
}

/// The moment that is `wait` after another; about a century after it for a wait beyond all clocks.
pub(crate) fn later(from: Instant, wait: Duration) -> Instant {
    from.checked_add(wait).unwrap_or_else(|| from + CENTURY)
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
