//! The counts of the paths that take no lock.

use crate::slot::{self, SLOTS};
use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Counters {
    shared: Cell,
    /// A cell for each thread that has a number: two threads then count without getting in each
    /// other's way. Kept by breakers whose successes touch nothing else that is shared.
    own: Option<Box<[Aligned; SLOTS]>>,
}

#[derive(Debug)]
struct Cell {
    admitted: AtomicU64,
    succeeded: AtomicU64,
    rejected: AtomicU64,
}

/// On a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Aligned(Cell);

impl Cell {
    fn new() -> Self {
        Self {
            admitted: AtomicU64::new(0),
            succeeded: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }
}

impl Counters {
    pub(crate) fn new(own: bool) -> Self {
        Self {
            shared: Cell::new(),
            own: own.then(|| Box::new(std::array::from_fn(|_| Aligned(Cell::new())))),
        }
    }

    #[inline]
    pub(crate) fn admit(&self) {
        match self.own_cell(slot::current) {
            Some(cell) => add_alone(&cell.admitted),
            None => add(&self.shared.admitted),
        }
    }

    #[inline]
    pub(crate) fn succeed(&self) {
        match self.own_cell(slot::current) {
            Some(cell) => add_alone(&cell.succeeded),
            None => add(&self.shared.succeeded),
        }
    }

    #[inline]
    pub(crate) fn reject(&self) {
        match self.own_cell(slot::current) {
            Some(cell) => add_alone(&cell.rejected),
            None => add(&self.shared.rejected),
        }
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.sum(|cell| &cell.rejected)
    }

    /// The successes; every one of them is among the [`admitted`](Self::admitted) of later.
    pub(crate) fn succeeded(&self) -> u64 {
        self.sum(|cell| &cell.succeeded)
    }

    pub(crate) fn admitted(&self) -> u64 {
        self.sum(|cell| &cell.admitted)
    }

    fn sum(&self, count: impl Fn(&Cell) -> &AtomicU64) -> u64 {
        let own = self.own.iter().flat_map(|cells| cells.iter());
        own.map(|Aligned(cell)| cell)
            .chain([&self.shared])
            .map(|cell| count(cell).load(Ordering::Acquire))
            .fold(0, u64::wrapping_add)
    }

    #[inline]
    fn own_cell(&self, slot: impl FnOnce() -> usize) -> Option<&Cell> {
        let cells = self.own.as_deref()?;
        cells.get(slot()).map(|Aligned(cell)| cell)
    }
}

/// No other thread writes to the count.
#[inline]
fn add_alone(count: &AtomicU64) {
    let so_far = count.load(Ordering::Relaxed);
    count.store(so_far.wrapping_add(1), Ordering::Release);
}

#[inline]
fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Release);
}
