//! The crate's two clocks; everything else takes the time as an argument.

use std::time::{Instant, SystemTime};

/// The present, on tokio's clock: `tokio::time::pause()` drives the monitor. Outside a runtime it
/// is the standard clock.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time of day, for the `time` fields of a report. No decision rests on it.
#[expect(clippy::disallowed_methods, reason = "the crate's one wall clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
