//! What a wait is drawn from.

use super::nanos;

/// From the shortest wait to the longest, in nanoseconds. Never empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    low: u128,
    high: u128,
}

impl Range {
    pub(super) const ZERO: Self = Self { low: 0, high: 0 };

    /// `low..=high`, or only `low` where rounding has put `high` below it.
    pub(super) fn new(low: u128, high: u128) -> Self {
        Self {
            low,
            high: high.max(low),
        }
    }

    pub(super) fn low(self) -> u128 {
        self.low
    }

    pub(super) fn high(self) -> u128 {
        self.high
    }

    /// The range up to `high`, if it went further than that.
    pub(super) fn up_to(self, high: u128) -> Self {
        Self::new(self.low, high.min(self.high))
    }

    /// The wait so far up the range: 0 is its lower end, 1 its upper one. All parts of the range are
    /// equally likely where all of 0 to 1 is.
    pub(super) fn at(self, chance: f64) -> u128 {
        if chance >= 1.0 {
            return self.high; // exactly, however long it is
        }
        let span = self.high - self.low;
        self.low + nanos::rounded(span as f64 * chance).min(span)
    }
}
