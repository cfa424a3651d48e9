//! The one place that reads the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Now, by a clock that does not step, and that tests can move.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day.
#[cfg(not(test))]
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The time of day, as far ahead of the true one as tokio's clock is.
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn wall() -> SystemTime {
    let ahead = now()
        .into_std()
        .checked_duration_since(std::time::Instant::now());
    SystemTime::now() + ahead.unwrap_or_default()
}

/// Milliseconds since 1970; 0 for a time before.
pub(crate) fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    whole_millis(since)
}

/// Milliseconds, as many as there is room for.
pub(crate) fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
