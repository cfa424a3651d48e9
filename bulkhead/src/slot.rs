//! A number for each thread, as long as there are any: the few threads that have one own a cell of their
//! own in every bulkhead's counters, and nobody else writes to it.

use std::cell::Cell;

use parking_lot::Mutex;

/// How many threads have a number of their own at a time.
pub(crate) const SLOTS: usize = 16;

/// The number of a thread that has none.
const NONE: usize = usize::MAX;
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
        SLOT.with(|slot| slot.set(NONE));
        *TAKEN.lock() &= !(1 << self.0);
    }
}

/// This thread's number, below [`SLOTS`], if it has one and that is known already.
#[inline]
pub(crate) fn known() -> usize {
    SLOT.with(Cell::get)
}

/// This thread's number, below [`SLOTS`]; or [`NONE`].
pub(crate) fn current() -> usize {
    match known() {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::{Barrier, Mutex};
    use std::thread;

    use super::*;

    #[test]
    fn threads_that_run_at_the_same_time_share_no_number_and_later_ones_use_it_again() {
        for _ in 0..3 {
            let threads = SLOTS + 4;
            let (all, seen) = (Barrier::new(threads), Mutex::new(Vec::new()));
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        let slot = current();
                        assert_eq!(current(), slot);
                        seen.lock().unwrap().push(slot);
                        all.wait();
                    });
                }
            });
            let mut slots = seen.into_inner().unwrap();
            slots.retain(|slot| *slot != NONE);
            let different: HashSet<_> = slots.iter().collect();
            assert_eq!(different.len(), slots.len());
            // Other tests of this process may hold some.
            assert!(!slots.is_empty() && slots.iter().all(|slot| *slot < SLOTS));
        }
    }
}
