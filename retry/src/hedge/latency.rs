//! What is known of an operation's latency: one percentile of it, learned as calls go by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use self::histogram::Histogram;

mod histogram;
#[cfg(test)]
mod tests;

/// A percentile of the last 1,024 to 2,048 samples, or up to 1/32 of it more.
///
/// Samples come in generations of a fixed number; the percentile is taken of the one that is being
/// filled and the one before it. Generations go by count and not by time: it takes so many samples to
/// know a percentile, however long that takes, and no clock is read.
#[derive(Debug)]
pub(super) struct Latency {
    percentile: f64,
    min_delay: Duration,
    warm_up: u64,
    /// The percentile in nanoseconds, or [`UNKNOWN`].
    current: AtomicU64,
    skipped: AtomicU64,
    samples: Mutex<Samples>,
}

#[derive(Debug)]
struct Samples {
    /// All that were ever recorded.
    ever: u64,
    /// The present generation and the one before.
    both: Histogram,
    present: Histogram,
}

impl Latency {
    /// The percentile as a share: 0.95.
    pub(super) fn new(percentile: f64, min_delay: Duration, warm_up: u32) -> Self {
        Self {
            percentile,
            min_delay,
            warm_up: warm_up.into(),
            current: AtomicU64::new(UNKNOWN),
            skipped: AtomicU64::new(0),
            samples: Mutex::new(Samples {
                ever: 0,
                both: Histogram::new(),
                present: Histogram::new(),
            }),
        }
    }

    /// The percentile, or `min_delay` if that is longer; `None` before the warm-up is over.
    pub(super) fn delay(&self) -> Option<Duration> {
        // Relaxed: it is a number by itself, and one more or less recent does for any decision.
        match self.current.load(Ordering::Relaxed) {
            UNKNOWN => None,
            nanos => Some(Duration::from_nanos(nanos).max(self.min_delay)),
        }
    }

    /// How many samples were recorded, and how many were not because another thread was recording.
    pub(super) fn counts(&self) -> (u64, u64) {
        let recorded = self.samples.lock().ever;
        (recorded, self.skipped.load(Ordering::Relaxed))
    }

    /// Records a sample, unless another thread is at it: waiting for that one would cost a call more
    /// than the sample is worth.
    #[inline]
    pub(super) fn record(&self, latency: Duration) {
        let Some(mut samples) = self.samples.try_lock() else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        // A latency of more than 584 years has the percentile of one of 584.
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        samples.add(nanos);
        let ever = samples.ever;
        if ever % EVERY == 0 || ever < EVERY || ever == self.warm_up {
            self.learn(&samples);
        }
    }

    /// Records a lower bound of a latency that will never be known, or that of a failure. Both say
    /// something only if longer than the present delay: then they belong above the percentile, wherever
    /// exactly. What failed or was dropped sooner says nothing about how long a success takes.
    pub(super) fn record_if_slow(&self, latency: Duration) {
        if self.delay().is_some_and(|delay| latency > delay) {
            self.record(latency);
        }
    }

    #[inline(never)]
    fn learn(&self, samples: &Samples) {
        if samples.ever < self.warm_up {
            return;
        }
        let len = samples.both.len();
        // The nearest rank; a percentile above 0 of at least one sample is of rank 1 at least.
        let rank = (self.percentile * f64::from(len)).ceil() as u16;
        let nanos = samples.both.of_rank(rank.clamp(1, len)).min(LONGEST);
        // Under the lock, so that the newest percentile is the last one stored.
        self.current.store(nanos, Ordering::Relaxed);
    }
}

impl Samples {
    #[inline]
    fn add(&mut self, nanos: u64) {
        if self.present.len() == GENERATION {
            self.turn();
        }
        self.ever += 1;
        self.both.add(nanos);
        self.present.add(nanos);
    }

    /// The present generation becomes the one before, which is forgotten.
    #[cold]
    fn turn(&mut self) {
        self.both.clone_from(&self.present);
        self.present.clear();
    }
}

/// Samples in a generation. The 95th percentile of 1,024 has 51 samples above it, which makes its
/// standard error about a seventh of those: 0.7 percentage points.
const GENERATION: u16 = 1_024;

/// How many samples it takes until the percentile is determined anew. Before there are so many, each
/// one does it.
const EVERY: u64 = 32;

/// No percentile is as long as that.
const UNKNOWN: u64 = u64::MAX;
const LONGEST: u64 = UNKNOWN - 1;
