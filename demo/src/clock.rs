//! The demo's one clock: real time, because the sockets are real.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the demo's one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
