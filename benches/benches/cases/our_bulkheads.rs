//! Our bulkheads, as the counted cases want them.

use steadfast_bulkhead::{Bulkhead, Permit};

/// Has room.
pub(crate) fn free() -> Bulkhead {
    let builder = Bulkhead::builder("bench");
    builder.build().expect("a sound configuration")
}

/// Its one place is taken, and nobody may wait.
pub(crate) fn full() -> (Bulkhead, Permit) {
    let builder = Bulkhead::builder("bench").max_concurrent(1).max_waiting(0);
    let bulkhead = builder.build().expect("a sound configuration");
    let permit = bulkhead.try_acquire().expect("its first place is free");
    (bulkhead, permit)
}
