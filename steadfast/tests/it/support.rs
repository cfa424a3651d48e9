//! What the tests share.

use tokio::time::Instant;

/// The present, on tokio's clock, which the tests pause.
#[expect(clippy::disallowed_methods, reason = "the tests' one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
