//! The last values of one series.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::History;

/// How many values make one of the coarse ones.
const COARSE: u64 = 10;

/// How many seconds are kept in any form.
const KEPT: u64 = History::TEN_SECONDS as u64 * COARSE;

/// One series, by the second and by ten seconds. A value that is not known is not a number.
pub(super) struct Ring {
    only_grows: bool,
    last: Option<f64>,
    fine: VecDeque<f32>,
    coarse: VecDeque<f32>,
    /// The coarse value to be: what is known of these ten seconds.
    gathered: Option<f32>,
    /// Seconds since anything was known.
    unknown_for: u64,
}

impl Ring {
    pub(super) fn new(only_grows: bool) -> Self {
        Self {
            only_grows,
            last: None,
            fine: VecDeque::new(),
            coarse: VecDeque::new(),
            gathered: None,
            unknown_for: 0,
        }
    }

    /// Takes the value of the last of `seconds`, which are those since the last one that was taken.
    ///
    /// Of the seconds in between nothing was read. What a counter grew in them is spread over all of them:
    /// the sum is right, and no spike is shown that was none.
    pub(super) fn take(&mut self, value: Option<f64>, seconds: RangeInclusive<u64>) {
        let value = value.filter(|value| value.is_finite());
        let (first, last) = (*seconds.start(), *seconds.end());
        self.unknown_for = match value {
            Some(_) => 0,
            None => self.unknown_for + (last - first + 1),
        };
        let many = (last - first + 1) as f64;
        let grown = match (value, self.last) {
            (Some(now), Some(before)) if self.only_grows => Some((now - before).max(0.0) / many),
            _ => None,
        };
        if value.is_some() {
            self.last = value;
        }
        // Older ones would be pushed out again at once. The ten seconds that this begins in the middle of are
        // not whole, and pushed out as well.
        for second in first.max(last.saturating_sub(KEPT + COARSE))..=last {
            let point = match (self.only_grows, second == last) {
                (true, _) => grown,
                (false, true) => value,
                (false, false) => None,
            };
            self.push(point.map(|point| point as f32), second);
        }
    }

    /// Whether nothing of it is known any more.
    pub(super) fn is_over(&self) -> bool {
        self.unknown_for > KEPT
    }

    pub(super) fn fine(&self) -> Vec<Option<f32>> {
        self.fine.iter().map(|value| known(*value)).collect()
    }

    pub(super) fn coarse(&self) -> Vec<Option<f32>> {
        self.coarse.iter().map(|value| known(*value)).collect()
    }

    /// For how many values there is room now.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.fine.capacity() + self.coarse.capacity()
    }

    fn push(&mut self, point: Option<f32>, second: u64) {
        self.gathered = match (self.gathered, point) {
            (Some(one), Some(two)) if self.only_grows => Some(one + two),
            (Some(one), Some(two)) => Some(one.max(two)),
            (one, two) => one.or(two),
        };
        push(&mut self.fine, point, History::SECONDS);
        if second % COARSE == 0 {
            push(&mut self.coarse, self.gathered.take(), History::TEN_SECONDS);
        }
    }
}

fn push(values: &mut VecDeque<f32>, value: Option<f32>, most: usize) {
    if values.len() == most {
        values.pop_front();
    } else if values.len() == values.capacity() {
        // Left to itself it would double until it has room for half as many again as are ever kept.
        values.reserve_exact(values.len().max(8).min(most - values.len()));
    }
    values.push_back(value.unwrap_or(f32::NAN));
}

fn known(value: f32) -> Option<f32> {
    (!value.is_nan()).then_some(value)
}

/// How long ago the last coarse value was, in seconds.
pub(super) const fn since_coarse(second: u64) -> u64 {
    second % COARSE
}
