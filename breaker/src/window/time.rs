//! The calls of the last so much time, in ten buckets: the same memory and the same work whatever the
//! traffic.

use std::time::Duration;

use super::Tally;
use crate::clock::{Time, nanos};

/// A window moves on by a tenth of its length: fine enough for a rate, and small.
const BUCKETS: usize = 10;

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    calls: u32,
    failures: u32,
}

#[derive(Debug)]
pub(crate) struct TimeWindow {
    buckets: [Bucket; BUCKETS],
    /// Slow calls of each bucket, if they matter.
    slow: Option<Box<[u32; BUCKETS]>>,
    /// How long a bucket is, in nanoseconds.
    width: u64,
    /// When the bucket that is being filled ends.
    ends: Time,
    /// The bucket that is being filled.
    at: usize,
    /// The failures of all buckets: as long as there are none, there is nothing to add up.
    failures: u64,
}

impl TimeWindow {
    pub(super) fn new(length: Duration, slow: bool, now: Time) -> Self {
        let width = nanos(length) / BUCKETS as u64;
        Self {
            buckets: [Bucket::default(); BUCKETS],
            slow: slow.then(Box::default),
            width,
            ends: now.after(width),
            at: 0,
            failures: 0,
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, failed: bool, slow: bool, now: Time) {
        self.turn(now);
        let bucket = &mut self.buckets[self.at];
        // A bucket would have to see 11 million calls a second for its six minutes to be full.
        bucket.calls = bucket.calls.saturating_add(1);
        if failed && bucket.failures < u32::MAX {
            bucket.failures += 1;
            self.failures += 1;
        }
        if let Some(counts) = &mut self.slow {
            counts[self.at] = counts[self.at].saturating_add(slow.into());
        }
    }

    pub(crate) fn tally(&mut self, now: Time) -> Tally {
        self.turn(now);
        let mut tally = Tally {
            calls: self.buckets.iter().map(|b| u64::from(b.calls)).sum(),
            failures: self.failures,
            slow: 0,
        };
        if let Some(counts) = &self.slow {
            tally.slow = counts.iter().copied().map(u64::from).sum();
        }
        tally
    }

    pub(super) fn clear(&mut self, now: Time) {
        self.buckets = [Bucket::default(); BUCKETS];
        if let Some(counts) = &mut self.slow {
            **counts = [0; BUCKETS];
        }
        self.ends = now.after(self.width);
        self.at = 0;
        self.failures = 0;
    }

    pub(crate) fn has_failures(&self) -> bool {
        self.failures > 0
    }

    pub(super) fn spans(&self, length: Duration) -> bool {
        self.width == nanos(length) / BUCKETS as u64
    }

    pub(super) fn keep_slow(&mut self, slow: bool) {
        if slow != self.slow.is_some() {
            self.slow = slow.then(Box::default);
        }
    }

    /// Empties the buckets whose time has come round again. A time before the present bucket's, seen
    /// by a thread that was late for the lock, counts as that bucket's.
    #[inline]
    fn turn(&mut self, now: Time) {
        if now >= self.ends {
            self.empty_until(now);
        }
    }

    #[cold]
    fn empty_until(&mut self, now: Time) {
        let steps = now.since(self.ends) / self.width + 1;
        for _ in 0..steps.min(BUCKETS as u64) {
            self.at = (self.at + 1) % BUCKETS;
            let emptied = std::mem::take(&mut self.buckets[self.at]);
            self.failures -= u64::from(emptied.failures);
            if let Some(counts) = &mut self.slow {
                counts[self.at] = 0;
            }
        }
        self.ends = self.ends.after(steps.saturating_mul(self.width));
    }
}
