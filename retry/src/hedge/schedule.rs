//! When the next hedge of a call is due.

use std::time::{Duration, Instant};

use super::shared::Shared;

/// The hedges of one call: how many there were, and when the next one may go.
#[derive(Debug)]
pub(super) struct Schedule {
    /// When the primary began.
    began: Instant,
    /// Hedge number `n`, from 1, is due at `n` times this, if at all.
    delay: Option<Duration>,
    hedges_failures: bool,
    left: u32,
    sent: u32,
    /// Failures for which a hedge goes at once.
    owed: u32,
    /// The latest time that a failed attempt asked to wait for.
    not_before: Option<Instant>,
}

/// When the next hedge is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Now,
    At(Instant),
    Never,
}

impl Schedule {
    pub(super) fn new(shared: &Shared, began: Instant) -> Self {
        Self {
            began,
            delay: shared.delay(),
            hedges_failures: shared.config.hedges_failures(),
            left: shared.config.max_hedges,
            sent: 0,
            owed: 0,
            not_before: None,
        }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn due(&self) -> Due {
        if self.left == 0 {
            return Due::Never;
        }
        if self.owed > 0 {
            return self.not_before.map_or(Due::Now, Due::At);
        }
        // A time too far away to be named never comes.
        let at = self
            .delay
            .and_then(|delay| delay.checked_mul(self.sent + 1))
            .and_then(|delay| self.began.checked_add(delay));
        match at {
            Some(at) => Due::At(self.not_before.map_or(at, |not_before| at.max(not_before))),
            None => Due::Never,
        }
    }

    /// Whether a hedge will follow even if no attempt is running.
    pub(super) fn goes_on(&self) -> bool {
        self.owed > 0 && self.due() != Due::Never
    }

    /// The number of the attempt that the next hedge is.
    pub(super) fn next_number(&self) -> u32 {
        self.sent + 2
    }

    pub(super) fn sent(&mut self) {
        self.sent += 1;
        self.left = self.left.saturating_sub(1);
        self.owed = self.owed.saturating_sub(1);
    }

    /// An attempt has failed. With a hint, no hedge is sent for so long.
    pub(super) fn failed(&mut self, hint: Option<Duration>, now: Instant) {
        if self.hedges_failures {
            self.owed += 1;
        }
        if let Some(hint) = hint {
            match now.checked_add(hint) {
                Some(at) => self.not_before = self.not_before.max(Some(at)),
                None => self.close(),
            }
        }
    }

    /// No hedge is sent any more.
    pub(super) fn close(&mut self) {
        self.left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn schedule(delay: Option<Duration>, hedges_failures: bool) -> Schedule {
        Schedule {
            began: clock::now(),
            delay,
            hedges_failures,
            left: 3,
            sent: 0,
            owed: 0,
            not_before: None,
        }
    }

    #[test]
    fn hedges_are_due_at_multiples_of_the_delay_until_none_is_left() {
        let mut schedule = schedule(Some(ms(10)), false);
        for multiple in 1..=3 {
            assert_eq!(schedule.due(), Due::At(schedule.began + ms(10) * multiple));
            schedule.sent();
        }
        assert_eq!(schedule.due(), Due::Never);
    }

    #[test]
    fn a_delay_too_long_to_add_up_never_ends() {
        assert_eq!(schedule(Some(Duration::MAX), false).due(), Due::Never);
        assert_eq!(schedule(Some(Duration::MAX / 2), false).due(), Due::Never);
    }

    #[test]
    fn each_failure_is_worth_one_hedge_at_once() {
        let mut schedule = schedule(Some(ms(10)), true);
        schedule.failed(None, schedule.began);
        schedule.failed(None, schedule.began);
        for _ in 0..2 {
            assert_eq!(schedule.due(), Due::Now);
            schedule.sent();
        }
        assert_eq!(schedule.due(), Due::At(schedule.began + ms(30)));
        assert!(!schedule.goes_on());
    }

    #[test]
    fn a_failure_is_worth_nothing_unless_failures_are_hedged() {
        let mut schedule = schedule(None, false);
        schedule.failed(None, schedule.began);
        assert_eq!(schedule.due(), Due::Never);
        assert!(!schedule.goes_on());
    }

    #[test]
    fn the_longest_wait_asked_for_holds_up_every_hedge() {
        for hedges_failures in [false, true] {
            let mut schedule = schedule(Some(ms(10)), hedges_failures);
            let began = schedule.began;
            schedule.failed(Some(ms(40)), began);
            schedule.failed(Some(ms(30)), began + ms(5));
            assert_eq!(schedule.due(), Due::At(began + ms(40)));
        }
    }

    #[test]
    fn a_wait_that_is_over_holds_up_nothing() {
        let mut schedule = schedule(Some(ms(10)), false);
        schedule.failed(Some(ms(3)), schedule.began);
        assert_eq!(schedule.due(), Due::At(schedule.began + ms(10)));
    }

    #[test]
    fn a_wait_without_end_is_the_end_of_the_hedges() {
        let mut schedule = schedule(Some(ms(10)), true);
        schedule.failed(Some(Duration::MAX), schedule.began);
        assert_eq!(schedule.due(), Due::Never);
        assert!(!schedule.goes_on());
    }
}
