//! The counts of the paths that take no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::slot::{self, SLOTS};

/// Relaxed throughout: no decision rests on them.
#[derive(Debug)]
pub(crate) struct Counters {
    /// A cell for each thread that has a number: two threads then count without getting in each
    /// other's way.
    own: [Aligned; SLOTS],
    /// That of all other threads.
    common: Cell,
}

#[derive(Debug, Default)]
pub(crate) struct Cell {
    /// Permits given out at once.
    pub(crate) immediate: AtomicU64,
    /// Permits that came back.
    pub(crate) completed: AtomicU64,
    /// Callers refused because the bulkhead was full.
    pub(crate) full: AtomicU64,
    /// Callers refused because it was closed when they came.
    pub(crate) closed: AtomicU64,
    /// Callers refused because there are not so many places.
    pub(crate) too_many: AtomicU64,
}

/// On a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Aligned(Cell);

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            own: std::array::from_fn(|_| Aligned::default()),
            common: Cell::default(),
        }
    }

    #[inline]
    pub(crate) fn add(&self, count: impl Fn(&Cell) -> &AtomicU64) {
        if !self.add_at_once(&count) {
            self.add_slowly(count);
        }
    }

    /// Whether it could be done at once; if not, nothing was.
    #[inline]
    pub(crate) fn add_at_once(&self, count: impl Fn(&Cell) -> &AtomicU64) -> bool {
        let own = self.own.get(slot::known());
        own.inspect(|Aligned(cell)| add_alone(count(cell)))
            .is_some()
    }

    #[cold]
    fn add_slowly(&self, count: impl Fn(&Cell) -> &AtomicU64) {
        match self.own.get(slot::current()) {
            Some(Aligned(cell)) => add_alone(count(cell)),
            None => {
                count(&self.common).fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn sum(&self, count: impl Fn(&Cell) -> &AtomicU64) -> u64 {
        let own = self.own.iter().map(|Aligned(cell)| cell);
        own.chain([&self.common])
            .map(|cell| count(cell).load(Ordering::Relaxed))
            .fold(0, u64::wrapping_add)
    }
}

/// No other thread writes to the count.
#[inline]
fn add_alone(count: &AtomicU64) {
    let so_far = count.load(Ordering::Relaxed);
    count.store(so_far.wrapping_add(1), Ordering::Relaxed);
}
