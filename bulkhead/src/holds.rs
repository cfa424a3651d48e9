//! How long places are held: measured only where somebody asked for it.

use std::time::{Duration, Instant};

use crate::{
    clock,
    histogram::{Histogram, HistogramSnapshot},
    sync::{AtomicU64, Ordering},
};

/// When a place was taken, for whoever holds it to keep: nanoseconds since the bulkhead was built, and
/// one more. 0: not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since(u64);

impl Since {
    pub(crate) const UNKNOWN: Self = Self(0);
}

#[derive(Debug)]
pub(crate) struct Holds {
    epoch: Instant,
    times: Histogram,
    /// The recent mean in nanoseconds; 0 before the first. Relaxed, and a sample may get lost between two
    /// threads: it is an estimate.
    recent: AtomicU64,
}

impl Holds {
    pub(crate) fn new() -> Self {
        Self {
            epoch: clock::now(),
            times: Histogram::default(),
            recent: AtomicU64::new(0),
        }
    }

    pub(crate) fn begin(&self) -> Since {
        Since(self.now().saturating_add(1))
    }

    /// Records the hold. `None` if it began before anybody measured.
    pub(crate) fn end(&self, since: Since) -> Option<Duration> {
        let begun = since.0.checked_sub(1)?;
        let held = self.now().saturating_sub(begun);
        self.times.record(Duration::from_nanos(held));
        let recent = match self.recent.load(Ordering::Relaxed) {
            0 => held,
            // An eighth of the way to the new one, as TCP smooths its round trips (RFC 6298).
            recent => recent - recent / WEIGHT + held / WEIGHT,
        };
        self.recent.store(recent.max(1), Ordering::Relaxed);
        Some(Duration::from_nanos(held))
    }

    /// About how long it takes until so many places have come back, of so many that there are. `None` if
    /// none has yet.
    pub(crate) fn time_until(&self, places: usize, limit: u32) -> Option<Duration> {
        let recent = u128::from(self.recent.load(Ordering::Relaxed));
        let time = recent * places as u128 / u128::from(limit.max(1));
        let time = u64::try_from(time).unwrap_or(u64::MAX);
        (time > 0).then(|| Duration::from_nanos(time))
    }

    pub(crate) fn snapshot(&self) -> HistogramSnapshot {
        self.times.snapshot()
    }

    fn now(&self) -> u64 {
        nanos(clock::now().saturating_duration_since(self.epoch))
    }
}

const WEIGHT: u64 = 8;

/// More than 584 years are 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
