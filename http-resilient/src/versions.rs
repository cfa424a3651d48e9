//! A value that is replaced now and then and read all the time. A version once read stays where it is, so
//! that it can be lent out, and reading costs one look at a number.
//!
//! The same as in `steadfast-retry`, where its tests are: what it is for is nobody else's business.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All versions there have been, the newest of which counts. They go when the whole goes.
#[derive(Debug)]
pub(crate) struct Versions<T> {
    first: T,
    /// The number of the newest: 0 is the first.
    newest: AtomicUsize,
    /// The later ones. Version `n` is in the block of its highest bit, at the rest of it, so that finding
    /// one takes the same few steps however many there are. Not there before the first replacement.
    later: OnceLock<Box<Blocks<T>>>,
}

/// Block `k` has room for `2^k` versions, and is there once the first of them is.
type Blocks<T> = [OnceLock<Block<T>>; usize::BITS as usize];
type Block<T> = Box<[OnceLock<T>]>;

impl<T> Versions<T> {
    pub(crate) const fn new(first: T) -> Self {
        Self {
            first,
            newest: AtomicUsize::new(0),
            later: OnceLock::new(),
        }
    }

    /// The newest version.
    #[inline]
    pub(crate) fn newest(&self) -> &T {
        // Acquire: with the number comes what it stands for.
        match self.newest.load(Ordering::Acquire) {
            0 => &self.first,
            number => self.later(number),
        }
    }

    #[inline(never)]
    fn later(&self, number: usize) -> &T {
        let (block, index) = place(number);
        let blocks = self.later.get();
        let block = blocks.and_then(|blocks| blocks[block].get());
        match block.and_then(|block| block[index].get()) {
            Some(version) => version,
            None => unreachable!("a version is there before its number is"),
        }
    }

    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "settings change by configs alone")
    )]
    /// Puts another version in place of the newest. Only one thread at a time may do so: another's would
    /// be lost.
    pub(crate) fn replace(&self, version: T) {
        let number = self.newest.load(Ordering::Relaxed) + 1;
        let (block, index) = place(number);
        let blocks = self
            .later
            .get_or_init(|| Box::new([const { OnceLock::new() }; usize::BITS as usize]));
        let block =
            blocks[block].get_or_init(|| (0..1 << block).map(|_| OnceLock::new()).collect());
        if block[index].set(version).is_ok() {
            // Release: the version comes before its number.
            self.newest.store(number, Ordering::Release);
        }
    }
}

/// The block of a version and its place in there. `number` is not 0.
fn place(number: usize) -> (usize, usize) {
    let block = number.ilog2();
    (block as usize, number - (1 << block))
}
