//! A number for each thread, as long as there are any: the few threads that have one own a cell of their
//! own in every breaker's counters, and nobody else writes to it.

use std::cell::Cell;

use crate::sync::{Mutex, thread_local};

/// How many threads have a number of their own at a time. With one, two threads of a model already meet
/// every case.
pub(crate) const SLOTS: usize = if cfg!(all(test, steadfast_loom)) {
    1
} else {
    16
};

/// The number of a thread that has none.
pub(crate) const NONE: usize = usize::MAX;
const UNKNOWN: usize = usize::MAX - 1;

/// One bit for each number that is taken. The lock also passes a cell on from one thread to the next:
/// all that the first wrote comes before all that the second reads.
#[cfg(not(all(test, steadfast_loom)))]
static TAKEN: Mutex<u16> = Mutex::new(0);
#[cfg(all(test, steadfast_loom))]
loom::lazy_static! {
    static ref TAKEN: Mutex<u16> = Mutex::new(0);
}

thread_local! {
    /// Without a destructor, so that it can be read at any time and costs next to nothing.
    static SLOT: Cell<usize> = const { Cell::new(UNKNOWN) };
    static LEASE: Cell<Option<Lease>> = const { Cell::new(None) };
}

/// Gives the number back when its thread ends.
struct Lease(usize);

impl Drop for Lease {
    fn drop(&mut self) {
        // A model that has failed is dropped outside of itself, where none of loom's locks work.
        #[cfg(all(test, steadfast_loom))]
        if std::thread::panicking() {
            return;
        }
        // What still runs on this thread from here on shares a cell with the others.
        SLOT.with(|slot| slot.set(NONE));
        *TAKEN.lock() &= !(1 << self.0);
    }
}

/// This thread's number, below [`SLOTS`]; or [`NONE`].
#[inline]
pub(crate) fn current() -> usize {
    match SLOT.with(Cell::get) {
        UNKNOWN => assign(),
        slot => slot,
    }
}

#[cold]
fn assign() -> usize {
    // Shared, should the thread be ending already, too late for a lease.
    SLOT.with(|slot| slot.set(NONE));
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
    SLOT.with(|own| own.set(slot));
    slot
}

/// What the end of a thread does. In a model it has to come sooner: loom takes a thread for ended before
/// it drops what is local to it.
#[cfg(all(test, steadfast_loom))]
pub(crate) fn end_thread() {
    drop(LEASE.with(Cell::take));
}
