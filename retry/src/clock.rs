//! The crate's one clock; everything else takes the time as an argument or asks here.

use std::time::{Instant, SystemTime};

/// The present: tokio's clock when the feature is on, so that `tokio::time::pause()` drives the
/// retries too. Outside a runtime that clock is the standard one.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> Instant {
    #[cfg(feature = "tokio")]
    {
        tokio::time::Instant::now().into_std()
    }
    #[cfg(not(feature = "tokio"))]
    {
        Instant::now()
    }
}

/// The time of day, for moments that are told to other machines.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
