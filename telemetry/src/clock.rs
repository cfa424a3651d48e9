//! The crate's clocks: events are stamped with the wall clock; a steady one says when to read the history,
//! and when to tell again of dropped events.

use std::time::{Instant, SystemTime};

#[expect(clippy::disallowed_methods, reason = "the crate's one wall clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "the crate's one steady clock")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
