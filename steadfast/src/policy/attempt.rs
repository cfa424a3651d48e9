//! Which attempt the operation is making.

use std::time::Duration;

/// The attempt that an operation is making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    number: u32,
    is_hedge: bool,
    remaining: Option<Duration>,
}

impl Attempt {
    pub(super) fn new(of_retry: steadfast_retry::Attempt, is_hedge: bool) -> Self {
        Self {
            number: of_retry.number(),
            is_hedge,
            remaining: of_retry.remaining(),
        }
    }

    /// Which attempt of its call this is: 1 for the first. A hedge is a call of its own, which begins with 1
    /// again.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether it repeats one that failed.
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        self.number > 1
    }

    /// Whether it belongs to a hedge, which runs beside another call that is slow.
    #[must_use]
    pub const fn is_hedge(&self) -> bool {
        self.is_hedge
    }

    /// How much was left of the total timeout when it began, if there is one.
    #[must_use]
    pub const fn remaining(&self) -> Option<Duration> {
        self.remaining
    }
}
