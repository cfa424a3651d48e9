//! A number for each thread, as long as there are any: the few threads that have one own a cell of their
//! own in every breaker's counters, and nobody else writes to it.

use std::cell::Cell;

use parking_lot::Mutex;

/// How many threads have a number of their own at a time.
pub(crate) const SLOTS: usize = 16;

/// The number of a thread that has none.
pub(crate) const NONE: usize = usize::MAX;
const UNKNOWN: usize = usize::MAX - 1;

/// One bit for each number that is taken. The lock also passes a cell on from one thread to the next:
/// all that the first wrote comes before all that the second reads.
static TAKEN: Mutex<u16> = Mutex::new(0);

thread_local! {
    /// Without a destructor, so that it can be read at any time and costs next to nothing.
    static SLOT: Cell<usize> = const { Cell::new(UNKNOWN) };
    static LEASE: Cell<Option<Lease>> = const { Cell::new(None) };
}

/// Gives the number back when its thread ends.
struct Lease(usize);

impl Drop for Lease {
    fn drop(&mut self) {
        // What still runs on this thread from here on shares a cell with the others.
        SLOT.set(NONE);
        *TAKEN.lock() &= !(1 << self.0);
    }
}

/// This thread's number, below [`SLOTS`]; or [`NONE`].
#[inline]
pub(crate) fn current() -> usize {
    match SLOT.get() {
        UNKNOWN => assign(),
        slot => slot,
    }
}

#[cold]
fn assign() -> usize {
    // Shared, should the thread be ending already, too late for a lease.
    SLOT.set(NONE);
    let leased = LEASE.try_with(|lease| {
        let slot = {
            let mut taken = TAKEN.lock();
            let slot = taken.trailing_ones() as usize;
            if slot >= SLOTS {
                return NONE;
            }
            *taken |= 1 << slot;
            slot
        };
        lease.set(Some(Lease(slot)));
        slot
    });
    let slot = leased.unwrap_or(NONE);
    SLOT.set(slot);
    slot
}
