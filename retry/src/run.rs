//! One call on its way: which attempt it is at, and how it ends. Both doors drive this.

use std::time::{Duration, Instant};

use self::kept::Keeping;
use crate::attempt::Attempt;
use crate::budget::Extra;
use crate::clock;
use crate::counters::{add_one, take_one};
use crate::history::History;
use crate::shared::Held;

mod kept;
#[cfg(feature = "tokio")]
mod polled;
mod settling;

#[cfg(feature = "tokio")]
pub(crate) use self::polled::is_due_to_give_way;

/// One call. Dropped before it has ended, it counts itself as abandoned or panicked.
#[derive(Debug)]
pub(crate) struct Run<R: Held, E> {
    held: R,
    phase: Phase,
    /// Whether the budget has granted the next attempt, which has not begun yet.
    granted: bool,
    /// Whether the operation can make no attempt after the present one.
    spent: bool,
    attempt: u32,
    /// When the call began. Stays unknown until it matters: a clock costs more than the rest.
    started: Option<Instant>,
    /// When the call must be over.
    limit: Option<Instant>,
    /// From when the attempt is timed, in nanoseconds from when the call is; or [`NOT_NOTED`].
    begun: u64,
    kept: Keeping<E>,
}

/// Where the call stands, which tells what it means when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// On some thread's stack, perhaps in the user's code: dropped by unwinding only.
    Running,
    /// Between two polls of an attempt: dropped by whoever gave up on the future.
    #[cfg(feature = "tokio")]
    Suspended,
    /// In a backoff.
    Waiting,
    /// Gives way to other tasks before the next attempt.
    #[cfg(feature = "tokio")]
    GivingWay,
    /// Ended and counted.
    Ended,
}

impl<R: Held, E> Run<R, E> {
    #[inline]
    pub(crate) fn new(held: R, limit: Option<Instant>) -> Self {
        Self {
            held,
            phase: Phase::Running,
            granted: false,
            spent: false,
            attempt: 0,
            started: None,
            limit,
            begun: NOT_NOTED,
            kept: Keeping::nothing(),
        }
    }

    #[inline]
    pub(crate) fn history(&self) -> &History<E> {
        self.kept.history()
    }

    /// Begins the call and its first attempt, unless its time is over already.
    #[inline]
    pub(crate) fn begin(&mut self) -> Option<Attempt> {
        if self.is_timed() && self.begin_timed().is_err() {
            return None;
        }
        self.attempt = 1;
        Some(self.present_attempt())
    }

    /// Notes the time and what limits it.
    #[inline(never)]
    fn begin_timed(&mut self) -> Result<(), Late> {
        let shared = self.held.shared();
        let policy = shared.policy();
        let now = *self.started.get_or_insert_with(clock::now);
        self.begun = 0;
        // `None` where the sum is beyond what a clock can tell: no limit.
        let elapsed = policy.config.max_elapsed;
        let elapsed = elapsed.and_then(|elapsed| now.checked_add(elapsed));
        let limits = [self.limit, policy.deadline, elapsed];
        self.limit = limits.into_iter().flatten().min();
        if self.limit.is_some_and(|limit| limit <= now) {
            return Err(Late);
        }
        if let Some(budget) = shared.budget_of(policy) {
            budget.record_call_at(now);
        }
        Ok(())
    }

    /// Begins another attempt, unless the time of the call is over.
    #[inline]
    pub(crate) fn next_attempt(&mut self) -> Option<Attempt> {
        self.begun = NOT_NOTED;
        let has_to_look = self.phase == Phase::Waiting || self.granted || self.is_timed();
        if has_to_look && self.come_back().is_err() {
            return None;
        }
        self.phase = Phase::Running;
        self.held.shared().counters.add(|cell| &cell.retries);
        self.attempt += 1; // cannot overflow: it is below `max_attempts`
        Some(self.present_attempt())
    }

    /// Ends a wait, notes the time where it matters, and spends what the budget has granted.
    #[inline(never)]
    fn come_back(&mut self) -> Result<(), Late> {
        self.leave(Phase::Running);
        // Settings may have changed since the grant, which is to be spent all the same.
        if self.granted || self.is_timed() {
            let now = clock::now();
            if self.limit.is_some_and(|limit| limit <= now) {
                return Err(Late);
            }
            let started = *self.started.get_or_insert(now);
            self.note_attempt(started, now);
            if let (true, Some(budget)) = (self.granted, self.held.shared().granting()) {
                self.granted = false;
                budget.spend_at(Extra::Retry, now);
            }
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn succeed(&mut self) {
        self.phase = Phase::Ended;
        let first = self.attempt == 1;
        self.held.shared().counters.add(|cell| {
            if first {
                &cell.first_try
            } else {
                &cell.after_retry
            }
        });
    }

    /// Notes when the call began, if that has not mattered before.
    pub(crate) fn note_beginning(&mut self) {
        self.started.get_or_insert_with(clock::now);
    }

    /// The attempt is timed from now on.
    fn note_attempt(&mut self, started: Instant, now: Instant) {
        let begun = now.saturating_duration_since(started);
        self.begun = u64::try_from(begun.as_nanos()).map_or(LATEST, |begun| begun.min(LATEST));
    }

    /// When a wait begins, which is now, unless it would reach the limit of the call.
    ///
    /// That was asked when the wait was decided on, but since then the hook and the observers have run,
    /// and what the attempt gave was dropped, all of which may have taken time.
    pub(crate) fn may_wait(&mut self, wait: Duration) -> Option<Instant> {
        let now = clock::now();
        self.started.get_or_insert(now);
        let left = |limit: Instant| limit.saturating_duration_since(now);
        let in_time = self.limit.is_none_or(|limit| wait < left(limit));
        in_time.then_some(now)
    }

    /// The call is in a backoff from now on.
    pub(crate) fn begin_wait(&mut self, wait: Duration) {
        self.phase = Phase::Waiting;
        self.held.shared().counters.begin_wait(wait);
    }

    /// Moves on from a wait, if the call is in one.
    fn leave(&mut self, phase: Phase) {
        if self.phase == Phase::Waiting {
            take_one(&self.held.shared().counters.waiting);
        }
        self.phase = phase;
    }

    /// Gives a grant of the budget back that was not used.
    fn hand_back(&mut self) {
        if let (true, Some(budget)) = (self.granted, self.held.shared().granting()) {
            self.granted = false;
            budget.give_back();
        }
    }

    #[inline]
    fn present_attempt(&self) -> Attempt {
        Attempt::new(self.attempt, self.started, self.limit)
    }

    /// Whether the time of the call and of its attempts must be known from their beginning.
    #[inline]
    fn is_timed(&self) -> bool {
        self.held.shared().is_timed() || self.limit.is_some()
    }

    fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| {
            clock::now().saturating_duration_since(started)
        })
    }
}

/// The time of the call is over.
struct Late;

/// Stands for the time of an attempt that nobody has had to know so far.
const NOT_NOTED: u64 = u64::MAX;
/// Stands for the time of an attempt that is never cut off, whatever the settings say by now.
const UNLIMITED: u64 = NOT_NOTED - 1;
/// The latest time of an attempt, 584 years.
const LATEST: u64 = UNLIMITED - 1;

impl<R: Held, E> Drop for Run<R, E> {
    #[inline]
    fn drop(&mut self) {
        if self.phase != Phase::Ended {
            self.end_unfinished();
        }
    }
}

impl<R: Held, E> Run<R, E> {
    /// User code of the call has panicked.
    #[cfg(feature = "tokio")]
    #[cold]
    pub(crate) fn panicked(&mut self) {
        if self.phase != Phase::Ended {
            self.leave(Phase::Running);
            self.end_unfinished();
        }
    }

    #[cold]
    fn end_unfinished(&mut self) {
        self.hand_back();
        let panicked = self.phase == Phase::Running;
        self.leave(Phase::Ended);
        let counters = &self.held.shared().counters;
        add_one(if panicked {
            &counters.panicked
        } else {
            &counters.abandoned
        });
    }
}
