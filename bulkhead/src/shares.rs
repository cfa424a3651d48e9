//! In which order the lines of the three priorities are served, and how many of those in line belong to
//! which: pure arithmetic.
//!
//! This is start-time fair queueing (Goyal, Vin and Cheng, 1996), which is stride scheduling (Waldspurger
//! and Weihl, 1995) with a rule for lines that were empty for a while. Each line has a *pass*: how many
//! places it was given, divided by its share. The line with the lowest pass is next. One that was empty
//! begins where the others are, so that it neither has saved up anything nor is behind.

use crate::{config::Config, priority::Priority};

/// How many priorities there are.
pub(crate) const CLASSES: usize = 3;

/// One number for each priority, the highest first.
pub(crate) type ByPriority<T> = [T; CLASSES];

#[derive(Debug)]
pub(crate) struct Shares {
    /// What a place adds to the pass of each line: whole numbers, in the ratio of `1 / share`.
    strides: ByPriority<u128>,
    passes: ByPriority<u128>,
    /// The pass of the line that was served last, before it was.
    now: u128,
    /// How many of those who may wait belong to each priority.
    owned: ByPriority<usize>,
}

impl Shares {
    pub(crate) fn new(config: &Config) -> Self {
        let shares = [config.high_share, config.normal_share, config.low_share];
        let product: u128 = shares.map(u128::from).iter().product();
        Self {
            strides: shares.map(|share| product / u128::from(share)),
            passes: [0; CLASSES],
            now: 0,
            owned: divide(config.max_waiting, shares),
        }
    }

    /// Takes over other settings. With other shares all lines begin where they are equal: what each had is
    /// counted in the shares before.
    pub(crate) fn reconfigure(&mut self, config: &Config) {
        let Self { passes, now, .. } = *self;
        let strides = self.strides;
        *self = Self::new(config);
        if strides == self.strides {
            (self.passes, self.now) = (passes, now);
        }
    }

    /// Who is to be served next, of those lines that are not empty.
    pub(crate) fn next(&self, is_empty: ByPriority<bool>) -> Option<Priority> {
        // The first of several that are equal: the highest.
        ALL.into_iter()
            .filter(|class| !is_empty[*class as usize])
            .min_by_key(|class| self.passes[*class as usize])
    }

    /// A line that was empty is not any more.
    pub(crate) fn joined(&mut self, class: Priority) {
        let pass = &mut self.passes[class as usize];
        *pass = self.now.max(*pass);
    }

    pub(crate) fn served(&mut self, class: Priority, places: u32) {
        let class = class as usize;
        self.now = self.passes[class];
        self.passes[class] += self.strides[class] * u128::from(places);
    }

    /// Nobody waits any more.
    pub(crate) fn reset(&mut self) {
        self.passes = [0; CLASSES];
        self.now = 0;
    }

    /// Whose newest has to make room in a full line for one of this priority, which has not all that
    /// belongs to it: that of the line which has most above its own. `None` if it has all.
    pub(crate) fn displaced_by(
        &self,
        class: Priority,
        waiting: ByPriority<usize>,
    ) -> Option<Priority> {
        if waiting[class as usize] >= self.owned[class as usize] {
            return None;
        }
        let above = |class: Priority| {
            let class = class as usize;
            waiting[class].saturating_sub(self.owned[class])
        };
        // The last of several that are equal: the lowest.
        let most = ALL.into_iter().max_by_key(|class| above(*class))?;
        (above(most) > 0).then_some(most)
    }
}

pub(crate) const ALL: ByPriority<Priority> = [Priority::High, Priority::Normal, Priority::Low];

/// Divides those who may wait in proportion to the shares, rounded down, but to each at least one as far
/// as there are so many; what is above the sum is taken from the largest. So the sum is never above the
/// whole, and in a full line some priority has more than its own if another has less.
fn divide(max_waiting: usize, shares: ByPriority<u32>) -> ByPriority<usize> {
    let sum: u128 = shares.map(u128::from).iter().sum();
    let part = |share: u32| {
        // Not above `max_waiting`.
        let part = (max_waiting as u128 * u128::from(share) / sum) as usize;
        part.max(1)
    };
    let mut owned = shares.map(part);
    while owned.iter().map(|owned| *owned as u128).sum::<u128>() > max_waiting as u128 {
        // The last of several that are equal: the lowest.
        if let Some(largest) = owned.iter_mut().max() {
            *largest -= 1;
        }
    }
    owned
}

#[cfg(test)]
mod tests;
