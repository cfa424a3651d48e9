//! The crate's clocks: events are stamped with the wall clock, the history is read by a steady one.

use std::time::{Instant, SystemTime};

#[expect(clippy::disallowed_methods, reason = "the crate's one wall clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the crate's one steady clock")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
