//! What only a call that is polled comes to: it is suspended and resumed, cut off, and gives way.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::settling::Refused;
use super::{NOT_NOTED, Phase, Run, UNLIMITED};
use crate::clock;
use crate::counters::add_one;
use crate::exhausted::Exhausted;
use crate::failure::Failure;
use crate::shared::Held;
use crate::timer::Timer;
use crate::verdict::Verdict;

impl<R: Held, E> Run<R, E> {
    /// A call that has made so many attempts, and took no notice of the time.
    pub(crate) fn after(held: R, attempts: u32) -> Self {
        let mut run = Self::new(held, None);
        run.attempt = attempts;
        run
    }

    /// Counts an attempt that was cut off, and judges it.
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
            return ControlFlow::Break(self.give_up(Refused::DEADLINE, failure));
        }
        add_one(&self.held.shared().counters.attempt_timeouts);
        self.settle(failure, Verdict::Retry, error, hook)
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        self.phase
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

    pub(crate) fn timer(&mut self) -> Pin<&mut Timer> {
        self.kept.timer()
    }

    /// Whether the call has made so many attempts without a wait that others should have a turn.
    pub(crate) fn is_due_to_give_way(&self) -> bool {
        is_due_to_give_way(self.attempt)
    }

    /// The present and the moment at which the attempt, which is not ready, is cut off; if it is.
    ///
    /// Where the time has not mattered so far, it is counted from here on: here ends the first poll of
    /// the attempt, before which nothing can be cut off. Its timeout is fixed here, too, although other
    /// settings may come before its next poll.
    pub(crate) fn cut_off(&mut self) -> Option<(Instant, Instant)> {
        if self.begun == UNLIMITED {
            return None;
        }
        let newest = self.held.shared().policy().config.attempt_timeout;
        let is_first_look = !self.kept.is_timed(self.attempt);
        if is_first_look && newest.is_none() && self.limit.is_none() {
            self.note_beginning();
            self.begun = UNLIMITED;
            return None;
        }
        let timeout = self.kept.timeout(self.attempt, newest);
        let now = clock::now();
        let started = *self.started.get_or_insert(now);
        if self.begun == NOT_NOTED {
            self.note_attempt(started, now);
        }
        let timeout = timeout
            .zip(self.attempt_begun())
            .and_then(|(timeout, begun)| begun.checked_add(timeout));
        let moment = [timeout, self.limit].into_iter().flatten().min()?;
        Some((now, moment))
    }

    fn attempt_begun(&self) -> Option<Instant> {
        self.started?.checked_add(Duration::from_nanos(self.begun))
    }
}

/// Whether others should have a turn after so many attempts without a wait. Otherwise, an operation that
/// fails at once and a backoff of zero would hold the thread until the last attempt, and no timeout around
/// the call could end it.
#[inline]
pub(crate) fn is_due_to_give_way(attempts: u32) -> bool {
    attempts % 32 == 0
}
