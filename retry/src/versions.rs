//! A value that is replaced now and then and read all the time. A version once read stays where it is, so
//! that it can be lent out, and reading costs one look at a number.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All versions there have been, the newest of which counts. They go when the whole goes. Each takes at most
/// twice its size, as there is room for as many again.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn the_newest_counts_and_older_ones_stay_where_they_are() {
        let versions = Versions::new(0);
        let first = versions.newest();
        let mut before = first;
        for number in 1..=1000 {
            versions.replace(number);
            assert_eq!((*before, *versions.newest()), (number - 1, number));
            before = versions.newest();
        }
        assert_eq!(*first, 0);
    }

    #[test]
    fn every_number_has_a_place_of_its_own() {
        assert_eq!(
            [1, 2, 3, 4, 7].map(place),
            [(0, 0), (1, 0), (1, 1), (2, 0), (2, 3)]
        );
        let largest = usize::BITS as usize - 1;
        assert_eq!(place(usize::MAX), (largest, (1 << largest) - 1));
    }

    #[test]
    fn all_of_very_many_versions_are_dropped_with_the_whole_and_none_before() {
        let counted = Arc::new(());
        let versions = Versions::new(Arc::clone(&counted));
        for _ in 0..100_000 {
            versions.replace(Arc::clone(&counted));
        }
        assert_eq!(Arc::strong_count(&counted), 100_002);
        drop(versions);
        assert_eq!(Arc::strong_count(&counted), 1);
    }

    #[test]
    fn a_thread_that_reads_meanwhile_sees_whole_versions_and_never_an_older_one_again() {
        let versions = Versions::new([0_u64; 4]);
        let last = 20_000;
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut before = 0;
                    while before < last {
                        let [number, rest @ ..] = *versions.newest();
                        assert_eq!(rest, [number; 3]);
                        assert!(number >= before, "{number} after {before}");
                        before = number;
                    }
                });
            }
            scope.spawn(|| (1..=last).for_each(|number| versions.replace([number; 4])));
        });
    }
}
