//! Our bulkheads, as the counted cases want them.

use steadfast_bulkhead::{Bulkhead, Permit};

/// Has room.
pub(crate) fn free() -> Bulkhead {
    let builder = Bulkhead::builder("bench");
    builder.build().expect("a sound configuration")
}

/// With one place, and so many who may wait for it.
pub(crate) fn full(waiting: usize) -> Bulkhead {
    let builder = Bulkhead::builder("bench").max_concurrent(1);
    let builder = builder.max_waiting(waiting);
    builder.build().expect("a sound configuration")
}

/// Its one place.
pub(crate) fn taken(bulkhead: &Bulkhead) -> Permit {
    bulkhead.try_acquire().expect("its first place is free")
}
