//! The one place of the supervisor that reads the time.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "this is the place; tokio's clock, so that tests can pause it"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(super) fn wall() -> SystemTime {
    SystemTime::now()
}

/// So long from now; as far away as can be told, if that is further.
pub(super) fn after(duration: Duration) -> Instant {
    later(now(), duration)
}

/// So long after `begin`; as far away as can be told, if that is further.
pub(super) fn later(begin: Instant, duration: Duration) -> Instant {
    begin.checked_add(duration).unwrap_or_else(|| begin + LONG)
}

/// What nobody waits for.
const LONG: Duration = Duration::from_secs(60 * 60 * 24 * 365);
