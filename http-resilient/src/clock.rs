//! The crate's clocks; everything else takes the time as an argument.

use std::time::{Instant, SystemTime};

/// The present on tokio's clock, which reqwest's timeouts run on too.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock, for the one thing that is given in wall time: a `Retry-After` date.
#[expect(clippy::disallowed_methods, reason = "the crate's one wall clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
