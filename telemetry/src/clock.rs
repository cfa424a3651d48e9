//! The crate's one clock: events are stamped with the wall clock, and what is told about dropped ones
//! pauses by the other one.

use std::time::{Instant, SystemTime};

#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
