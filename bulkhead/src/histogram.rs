//! How long things took: counts of durations in buckets whose width grows with the duration.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use self::snapshot::HistogramSnapshot;

mod buckets;
mod snapshot;
#[cfg(test)]
mod tests;

/// A log-linear histogram with the buckets of [`buckets`]: 8 KiB, which it takes when the first
/// duration is recorded and not before.
///
/// It has no lock. A record that runs while a snapshot is taken is either in that snapshot or not.
#[derive(Default)]
pub(crate) struct Histogram {
    counts: OnceLock<Box<Counts>>,
}

impl Histogram {
    /// Counts the duration: two atomic additions. The very first one allocates.
    pub(crate) fn record(&self, duration: Duration) {
        // More than 584 years count as 584 years, as the page of the snapshot says.
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts.get_or_init(Counts::boxed).record(nanos);
    }

    /// What was recorded so far; empty, without an allocation, if nothing was.
    pub(crate) fn snapshot(&self) -> HistogramSnapshot {
        self.counts
            .get()
            .map_or_else(HistogramSnapshot::default, |counts| counts.snapshot())
    }

    #[cfg(test)]
    pub(crate) fn is_allocated(&self) -> bool {
        self.counts.get().is_some()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// All times in nanoseconds. The counts are of 64 bits, because those of 32 would begin again at
/// zero after seven weeks of a thousand waits per second.
struct Counts {
    max: AtomicU64,
    sum: AtomicU64,
    /// How often `sum` ran over, which takes 584 years of time spent. A snapshot taken between
    /// the two additions of such a record misses those years; the next one has them.
    carries: AtomicU64,
    buckets: [AtomicU64; buckets::COUNT],
}

impl Counts {
    #[cold]
    fn boxed() -> Box<Self> {
        Box::new(Self {
            max: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            carries: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; buckets::COUNT],
        })
    }

    /// The bucket comes last, with Release: whoever sees the duration there sees it in the maximum
    /// and in the sum as well. Else a percentile, which the maximum caps, could be too low.
    fn record(&self, nanos: u64) {
        // Most durations are no new maximum, and a load is cheaper than to find that out by
        // exchanging it.
        if nanos > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(nanos, Ordering::Relaxed);
        }
        let before = self.sum.fetch_add(nanos, Ordering::Relaxed);
        if before.checked_add(nanos).is_none() {
            self.carries.fetch_add(1, Ordering::Relaxed);
        }
        self.buckets[buckets::of(nanos)].fetch_add(1, Ordering::Release);
    }

    fn snapshot(&self) -> HistogramSnapshot {
        let counted = self
            .buckets
            .iter()
            .enumerate()
            .filter_map(|(index, count)| {
                let count = count.load(Ordering::Acquire);
                (count > 0).then(|| (buckets::highest(index), count))
            });
        // Collected before the maximum and the sum are read.
        let counted: Box<[(u64, u64)]> = counted.collect();
        let carries = u128::from(self.carries.load(Ordering::Relaxed));
        let sum = u128::from(self.sum.load(Ordering::Relaxed)) + (carries << u64::BITS);
        HistogramSnapshot::new(counted, sum, self.max.load(Ordering::Relaxed))
    }
}
