//! One call on its way: which attempt it is at, and how it ends. Both doors drive this.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::attempt::Attempt;
use crate::backoff::Draws;
use crate::budget::Extra;
use crate::clock;
use crate::counters::{add_one, take_one};
use crate::exhausted::{Exhausted, Reason};
use crate::failure::Failure;
use crate::history::{Ended, History, Past};
use crate::observer::{GaveUp, Retrying};
use crate::policy::{Refused, Standing};
use crate::shared::Held;
#[cfg(feature = "tokio")]
use crate::timer::Timer;
use crate::verdict::Verdict;

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
    /// When the attempt began, in nanoseconds from when the call did; kept if attempts are timed.
    begun: u64,
    /// What most calls never need, made when one does: it would be most of the size of a call.
    kept: Option<Box<Kept<E>>>,
}

/// What a call keeps from one attempt to the next.
#[derive(Debug)]
pub(crate) struct Kept<E> {
    /// Made at the first backoff.
    draws: Option<Draws>,
    history: History<E>,
    #[cfg(feature = "tokio")]
    timer: Timer,
}

impl<E> Kept<E> {
    #[cold]
    fn new() -> Box<Self> {
        Box::new(Self {
            draws: None,
            history: History::new(),
            #[cfg(feature = "tokio")]
            timer: Timer::new(),
        })
    }
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
            begun: 0,
            kept: None,
        }
    }

    #[inline]
    pub(crate) fn history(&self) -> &History<E> {
        match &self.kept {
            Some(kept) => &kept.history,
            None => const { &History::new() },
        }
    }

    /// A call whose first attempt has been made, and took no notice of the time.
    #[cfg(feature = "tokio")]
    pub(crate) fn after_first(held: R) -> Self {
        let mut run = Self::new(held, None);
        run.attempt = 1;
        run
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
        let policy = &shared.policy;
        let now = *self.started.get_or_insert_with(clock::now);
        // `None` where the sum is beyond what a clock can tell: no limit.
        let elapsed = policy.config.max_elapsed;
        let elapsed = elapsed.and_then(|elapsed| now.checked_add(elapsed));
        let limits = [self.limit, policy.deadline, elapsed];
        self.limit = limits.into_iter().flatten().min();
        if self.limit.is_some_and(|limit| limit <= now) {
            return Err(Late);
        }
        if let Some(budget) = &shared.budget {
            budget.record_call_at(now);
        }
        Ok(())
    }

    /// Whether another attempt follows one that failed with this verdict without a wait, and there is
    /// nothing to ask, keep or tell, and it is not the turn of others.
    #[cfg(feature = "tokio")]
    #[inline(always)]
    pub(crate) fn goes_on_at_once(&self, verdict: Verdict) -> bool {
        let shared = self.held.shared();
        shared.policy.at_once
            && verdict == Verdict::Retry
            && self.attempt < shared.policy.config.max_attempts
            && self.limit.is_none()
            && !shared.observers.any()
            && !self.is_due_to_give_way()
    }

    /// Begins the attempt that follows at once.
    #[cfg(feature = "tokio")]
    #[inline(always)]
    pub(crate) fn next_at_once(&mut self) -> Attempt {
        self.held.shared().counters.add(|cell| &cell.retries);
        self.attempt += 1;
        self.present_attempt()
    }

    /// Begins another attempt, unless the time of the call is over.
    #[inline]
    pub(crate) fn next_attempt(&mut self) -> Option<Attempt> {
        if (self.phase == Phase::Waiting || self.is_timed()) && self.come_back().is_err() {
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
        if let (true, Some(started)) = (self.is_timed(), self.started) {
            let now = clock::now();
            if self.limit.is_some_and(|limit| limit <= now) {
                return Err(Late);
            }
            let begun = now.saturating_duration_since(started);
            self.begun = u64::try_from(begun.as_nanos()).unwrap_or(u64::MAX);
            if let (true, Some(budget)) = (self.granted, &self.held.shared().budget) {
                self.granted = false;
                budget.spend_at(Extra::Retry, now);
            }
        }
        Ok(())
    }

    /// Judges an attempt that was not accepted: the end of the call, or a wait before the next one.
    ///
    /// What it gave is dropped before the wait, so that a connection or a permit in it is free
    /// meanwhile. An error stays if there is room for it in the history.
    pub(crate) fn settle<L>(
        &mut self,
        failure: Failure<L>,
        verdict: Verdict,
        error: impl FnOnce(L) -> Option<E>,
        hook: &mut impl FnMut(u32, &Failure<L>, Duration),
    ) -> ControlFlow<Box<Exhausted<L, E>>, Duration> {
        match self.decide(verdict) {
            Ok(wait) => {
                hook(self.attempt, &failure, wait);
                self.announce(wait);
                self.remember(failure, wait, error);
                ControlFlow::Continue(wait)
            }
            Err(refused) => ControlFlow::Break(self.give_up(refused, failure)),
        }
    }

    /// Counts an attempt that was cut off, and judges it.
    #[cfg(feature = "tokio")]
    pub(crate) fn settle_cut_off<L>(
        &mut self,
        now: Instant,
        error: impl FnOnce(L) -> Option<E>,
        hook: &mut impl FnMut(u32, &Failure<L>, Duration),
    ) -> ControlFlow<Box<Exhausted<L, E>>, Duration> {
        let after = self
            .attempt_begun()
            .map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
        let failure = Failure::TimedOut { after };
        if self.limit.is_some_and(|limit| limit <= now) {
            return ControlFlow::Break(self.give_up((Reason::Deadline, None), failure));
        }
        add_one(&self.held.shared().counters.attempt_timeouts);
        self.settle(failure, Verdict::Retry, error, hook)
    }

    /// Ends a call whose next attempt would have come too late.
    #[cold]
    pub(crate) fn too_late<L>(&mut self) -> Box<Exhausted<L, E>> {
        self.give_up((Reason::Deadline, None), Failure::NotBegun)
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
    pub(crate) fn begin_wait(&mut self) {
        self.phase = Phase::Waiting;
        add_one(&self.held.shared().counters.waiting);
    }

    /// Moves on from a wait, if the call is in one.
    fn leave(&mut self, phase: Phase) {
        if self.phase == Phase::Waiting {
            take_one(&self.held.shared().counters.waiting);
        }
        self.phase = phase;
    }

    /// How long to wait for the next attempt, or why there is none.
    fn decide(&mut self, verdict: Verdict) -> Result<Duration, Refused> {
        let shared = self.held.shared();
        let policy = &shared.policy;
        let now = (self.limit.is_some() || shared.budget.is_some()).then(clock::now);
        let attempt = self.attempt;
        let left = now
            .zip(self.limit)
            .map(|(now, limit)| limit.saturating_duration_since(now));
        let standing = Standing {
            attempt,
            spent: self.spent,
            left,
        };
        let kept = &mut self.kept;
        let wait = policy.decide(&standing, verdict, || {
            if policy.config.base_backoff.is_zero() {
                return Duration::ZERO;
            }
            let draws = &mut kept.get_or_insert_with(Kept::new).draws;
            let draws = draws.get_or_insert_with(|| shared.draws());
            draws.draw(&policy.backoff, attempt - 1)
        })?;
        if let (Some(budget), Some(now)) = (&shared.budget, now) {
            budget.take_at(Extra::Retry, now).map_err(|spent| {
                // Both have to be waited for, the budget and what the other side asked.
                let after = spent.retry_after().map(|after| after.max(verdict.hint()));
                (Reason::Budget, after)
            })?;
            self.granted = true;
        }
        Ok(wait)
    }

    fn announce(&self, wait: Duration) {
        let shared = self.held.shared();
        shared.observers.tell(
            || Retrying {
                name: shared.name.clone(),
                attempt: self.attempt,
                wait,
            },
            |observer, retrying| observer.retrying(retrying),
        );
    }

    #[inline]
    fn remember<L>(
        &mut self,
        failure: Failure<L>,
        wait: Duration,
        error: impl FnOnce(L) -> Option<E>,
    ) {
        let longest = self.held.shared().policy.config.history;
        if longest == 0 {
            return;
        }
        let ended = match failure {
            Failure::Operation(last) => error(last).map_or(Ended::Unaccepted, Ended::Error),
            Failure::TimedOut { after } => Ended::TimedOut { after },
            Failure::NotBegun => return, // ends a call, so that nothing follows
        };
        let past = Past {
            attempt: self.attempt,
            elapsed: self.elapsed(),
            wait,
            ended,
        };
        let kept = self.kept.get_or_insert_with(Kept::new);
        kept.history.push(past, longest);
    }

    #[inline(never)]
    fn give_up<L>(&mut self, refused: Refused, last: Failure<L>) -> Box<Exhausted<L, E>> {
        let (reason, retry_after) = refused;
        self.hand_back();
        self.leave(Phase::Ended);
        let elapsed = self.elapsed();
        let attempts = self.attempt;
        let shared = self.held.shared();
        shared.counters.gave_up(reason);
        let name = shared.name.clone();
        shared.observers.tell(
            || GaveUp {
                name: name.clone(),
                attempts,
                elapsed,
                reason,
            },
            |observer, gave_up| observer.gave_up(gave_up),
        );
        Box::new(Exhausted {
            attempts,
            elapsed,
            reason,
            last,
            history: self
                .kept
                .take()
                .map_or_else(History::new, |kept| kept.history),
            name,
            retry_after,
        })
    }

    /// Gives a grant of the budget back that was not used.
    fn hand_back(&mut self) {
        if let (true, Some(budget)) = (self.granted, &self.held.shared().budget) {
            self.granted = false;
            budget.give_back();
        }
    }

    #[inline]
    fn present_attempt(&self) -> Attempt {
        Attempt::new(self.attempt, self.started, self.limit)
    }

    /// Whether the time of the call and of its attempts must be known.
    #[inline]
    fn is_timed(&self) -> bool {
        self.held.shared().policy.timed || self.limit.is_some()
    }

    fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| {
            clock::now().saturating_duration_since(started)
        })
    }
}

/// What suspends and is resumed.
#[cfg(feature = "tokio")]
impl<R: Held, E> Run<R, E> {
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// The number of the present attempt.
    #[inline]
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The operation can make no attempt after the present one.
    #[inline]
    pub(crate) fn make_last(&mut self) {
        self.spent = true;
    }

    /// The future of the call is being polled.
    #[inline]
    pub(crate) fn resume(&mut self) {
        self.phase = Phase::Running;
    }

    /// The future of the call returns to its poller, in an attempt.
    pub(crate) fn suspend(&mut self) {
        self.phase = Phase::Suspended;
    }

    /// The future of the call returns to its poller, before the next attempt.
    pub(crate) fn give_way(&mut self) {
        self.leave(Phase::GivingWay);
    }

    pub(crate) fn timer(&mut self) -> &mut Timer {
        &mut self.kept.get_or_insert_with(Kept::new).timer
    }

    /// Whether the call has made so many attempts without a wait that others should have a turn.
    pub(crate) fn is_due_to_give_way(&self) -> bool {
        self.attempt % ATTEMPTS_PER_TURN == 0
    }

    /// When the attempt is cut off, if it is.
    pub(crate) fn cut_off(&self) -> Option<Instant> {
        let timeout = self.held.shared().policy.config.attempt_timeout;
        let timeout = timeout
            .zip(self.attempt_begun())
            .and_then(|(timeout, begun)| begun.checked_add(timeout));
        [timeout, self.limit].into_iter().flatten().min()
    }

    fn attempt_begun(&self) -> Option<Instant> {
        self.started?.checked_add(Duration::from_nanos(self.begun))
    }
}

/// How many attempts may follow each other without a wait before the call gives way. Without it, an
/// operation that fails at once and a backoff of zero would hold the thread until the last attempt,
/// and no timeout around the call could end it.
#[cfg(feature = "tokio")]
const ATTEMPTS_PER_TURN: u32 = 32;

/// The time of the call is over.
struct Late;

impl<R: Held, E> Drop for Run<R, E> {
    #[inline]
    fn drop(&mut self) {
        if self.phase != Phase::Ended {
            self.drop_unfinished();
        }
    }
}

impl<R: Held, E> Run<R, E> {
    #[cold]
    fn drop_unfinished(&mut self) {
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
