//! The crate's one clock; everything else takes the time as an argument or asks here.

use std::time::Instant;

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
