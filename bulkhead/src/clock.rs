//! The crate's one clock. Everything below the public doors takes the time as an argument.

use std::time::Instant;

/// The time that async waiters, the pool and holds are measured with: tokio's, so that `tokio::time::pause`
/// drives it in tests. Outside a runtime tokio answers with the time of the standard library.
#[cfg(feature = "tokio")]
#[expect(
    clippy::disallowed_methods,
    reason = "the crate's one clock for async waiters"
)]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time that holds are measured with.
#[cfg(not(feature = "tokio"))]
pub(crate) fn now() -> Instant {
    real()
}

/// The time that blocked threads measure with. A thread parks in real time, so a paused tokio
/// clock must not keep it parked for ever.
#[expect(
    clippy::disallowed_methods,
    reason = "the crate's one clock for blocked threads"
)]
pub(crate) fn real() -> Instant {
    Instant::now()
}
