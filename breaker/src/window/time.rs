//! The calls of the last so much time, in ten buckets: the same memory and the same work whatever the
//! traffic.

use super::Tally;
use crate::clock::Time;

/// A window moves on by a tenth of its length: fine enough for a rate, and small.
pub(crate) const BUCKETS: usize = 10;

/// Everything that depends on the time takes the width of a bucket, in nanoseconds, from the settings.
#[derive(Debug)]
pub(crate) struct TimeWindow {
    /// For each bucket its calls; then its failures; then, if they matter, its slow calls. A bucket
    /// would have to see 11 million calls a second for its six minutes to be full.
    counts: Box<[u32]>,
    /// When the bucket that is being filled ends.
    ends: Time,
    /// The failures of all buckets: as long as there are none, there is nothing to add up.
    failures: u32,
    /// The bucket that is being filled.
    at: u8,
}

impl TimeWindow {
    pub(super) fn new(width: u64, slow: bool, now: Time) -> Self {
        Self {
            counts: vec![0; planes(slow) * BUCKETS].into(),
            ends: now.after(width),
            failures: 0,
            at: 0,
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, width: u64, failed: bool, slow: bool, now: Time) {
        self.turn(width, now);
        let at = usize::from(self.at);
        add(&mut self.counts[at], true);
        if failed {
            add(&mut self.counts[BUCKETS + at], true);
            self.failures = self.failures.saturating_add(1);
        }
        if let Some(count) = self.counts.get_mut(2 * BUCKETS + at) {
            add(count, slow);
        }
    }

    pub(crate) fn tally(&mut self, width: u64, now: Time) -> Tally {
        self.turn(width, now);
        Tally {
            calls: self.sum(0),
            failures: self.failures.into(),
            slow: self.sum(2),
        }
    }

    pub(super) fn clear(&mut self, width: u64, now: Time) {
        self.counts.fill(0);
        self.ends = now.after(width);
        self.failures = 0;
        self.at = 0;
    }

    /// The failures in the window, as of the last result.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The calls in the window, as of the last result.
    pub(crate) fn calls(&self) -> u32 {
        u32::try_from(self.sum(0)).unwrap_or(u32::MAX)
    }

    /// Of a known length, so that it takes a few instructions.
    fn sum(&self, plane: usize) -> u64 {
        let counts = self.counts.get(plane * BUCKETS..);
        let counts = counts.and_then(|counts| counts.first_chunk::<BUCKETS>());
        counts.map_or(0, |counts| counts.iter().copied().map(u64::from).sum())
    }

    pub(super) fn keep_slow(&mut self, slow: bool) {
        let mut counts = std::mem::take(&mut self.counts).into_vec();
        counts.resize(planes(slow) * BUCKETS, 0);
        self.counts = counts.into();
    }

    /// Empties the buckets whose time has come round again. A time before the present bucket's, seen
    /// by a thread that was late for the lock, counts as that bucket's.
    #[inline]
    fn turn(&mut self, width: u64, now: Time) {
        if now >= self.ends {
            self.empty_until(width, now);
        }
    }

    #[cold]
    fn empty_until(&mut self, width: u64, now: Time) {
        let steps = now.since(self.ends) / width + 1;
        for _ in 0..steps.min(BUCKETS as u64) {
            self.at = (self.at + 1) % BUCKETS as u8;
            for bucket in self.counts.iter_mut().skip(self.at.into()).step_by(BUCKETS) {
                *bucket = 0;
            }
        }
        let failures = self.counts[BUCKETS..2 * BUCKETS].iter();
        self.failures = failures.fold(0, |sum, &count| sum.saturating_add(count));
        self.ends = self.ends.after(steps.saturating_mul(width));
    }
}

fn planes(slow: bool) -> usize {
    if slow { 3 } else { 2 }
}

fn add(count: &mut u32, one: bool) {
    *count = count.saturating_add(one.into());
}
