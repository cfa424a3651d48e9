//! The crate's one clock: events are stamped with the wall clock; nothing here measures time.

use std::time::SystemTime;

#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
