//! One call on its way: which attempt it is at, and how it ends. Both doors drive this.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::attempt::Attempt;
use crate::backoff::Draws;
use crate::clock;
use crate::error::{Exhausted, Reason};
use crate::observer::{GaveUp, Retrying};
use crate::retry::Shared;
use crate::snapshot::{Waiting, add_one};
use crate::verdict::Verdict;

/// How a classified call ends.
pub(crate) type End<T, E> = Result<T, Exhausted<Result<T, E>>>;

/// One call. Dropped before it has ended, it counts itself as abandoned or panicked.
#[derive(Debug)]
pub(crate) struct Run<'r> {
    shared: &'r Shared,
    phase: Phase,
    attempt: u32,
    /// When the call began. Stays unknown until it matters: a clock costs more than the rest.
    started: Option<Instant>,
    /// Made at the first backoff.
    draws: Option<Draws>,
}

/// Where the call stands, which tells what it means when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// On some thread's stack, perhaps in the user's code: dropped by unwinding only.
    Running,
    /// Between two polls: dropped by whoever gave up on the future.
    #[cfg(feature = "tokio")]
    Suspended,
    /// Ended and counted.
    Ended,
}

impl<'r> Run<'r> {
    /// Begins a call whose beginning need not be known, unless it has a `max_elapsed`.
    #[inline]
    #[cfg(feature = "tokio")]
    pub(crate) fn begin(shared: &'r Shared) -> Self {
        Self::new(shared, shared.policy.max_elapsed.map(|_| clock::now()))
    }

    /// Begins a call that notes the time at once.
    #[inline]
    pub(crate) fn begin_timed(shared: &'r Shared) -> Self {
        Self::new(shared, Some(clock::now()))
    }

    #[inline]
    fn new(shared: &'r Shared, started: Option<Instant>) -> Self {
        Self {
            shared,
            phase: Phase::Running,
            attempt: 0,
            started,
            draws: None,
        }
    }

    /// Begins the next attempt. The count cannot overflow, as `settle` ends at `max_attempts`.
    #[inline]
    pub(crate) fn next_attempt(&mut self) -> Attempt {
        self.attempt += 1;
        if self.attempt > 1 {
            add_one(&self.shared.counters.retries);
        }
        Attempt::new(self.attempt, self.started, self.shared.policy.max_elapsed)
    }

    /// Judges the result of an attempt: the end of the call, or a wait before the next attempt.
    ///
    /// A result that is retried is dropped before the wait, so that a connection or a permit in it
    /// is free meanwhile.
    pub(crate) fn settle<T, E>(
        &mut self,
        result: Result<T, E>,
        classifier: &mut impl FnMut(&Result<T, E>) -> Verdict,
        hook: &mut impl FnMut(u32, &Result<T, E>, Duration),
    ) -> ControlFlow<End<T, E>, Duration> {
        let verdict = classifier(&result);
        let result = match (verdict, result) {
            (Verdict::Accept, Ok(value)) => {
                self.succeed();
                return ControlFlow::Break(Ok(value));
            }
            (_, result) => result,
        };
        let decision = match verdict {
            Verdict::Retry => self.decide(None),
            Verdict::RetryAfter(hint) => self.decide(Some(hint)),
            Verdict::Accept | Verdict::Stop => Err(Reason::NotRetryable),
        };
        match decision {
            Ok(wait) => {
                self.started.get_or_insert_with(clock::now);
                hook(self.attempt, &result, wait);
                self.announce(wait);
                ControlFlow::Continue(wait)
            }
            Err(reason) => ControlFlow::Break(Err(self.give_up(reason, result))),
        }
    }

    /// Counts the call as waiting for as long as the guard lives.
    pub(crate) fn wait(&self) -> Waiting<'r> {
        self.shared.counters.wait()
    }

    /// The future of the call is being polled.
    #[inline]
    #[cfg(feature = "tokio")]
    pub(crate) fn resume(&mut self) {
        self.phase = Phase::Running;
    }

    /// The future of the call returns to its poller, unfinished.
    #[cfg(feature = "tokio")]
    pub(crate) fn suspend(&mut self) {
        self.started.get_or_insert_with(clock::now);
        self.phase = Phase::Suspended;
    }

    /// How long to wait for the next attempt, or why there is none.
    fn decide(&mut self, hint: Option<Duration>) -> Result<Duration, Reason> {
        let Self {
            shared,
            attempt,
            started,
            ..
        } = *self;
        let backoff = || {
            if shared.policy.backoff.base.is_zero() {
                return Duration::ZERO;
            }
            let draws = self.draws.get_or_insert_with(|| shared.draws());
            draws.draw(&shared.policy.backoff, attempt - 1)
        };
        (shared.policy).decide(attempt, hint, backoff, || elapsed_since(started))
    }

    fn announce(&self, wait: Duration) {
        self.shared.observers.tell(
            || Retrying {
                name: self.shared.name.clone(),
                attempt: self.attempt,
                wait,
            },
            |observer, retrying| observer.retrying(retrying),
        );
    }

    #[inline]
    fn succeed(&mut self) {
        self.phase = Phase::Ended;
        let counters = &self.shared.counters;
        add_one(if self.attempt == 1 {
            &counters.first_try
        } else {
            &counters.after_retry
        });
    }

    fn give_up<L>(&mut self, reason: Reason, last: L) -> Exhausted<L> {
        self.phase = Phase::Ended;
        self.shared.counters.gave_up(reason);
        let name = self.shared.name.clone();
        let attempts = self.attempt;
        let elapsed = elapsed_since(self.started);
        self.shared.observers.tell(
            || GaveUp {
                name: name.clone(),
                attempts,
                elapsed,
                reason,
            },
            |observer, gave_up| observer.gave_up(gave_up),
        );
        Exhausted::new(name, attempts, elapsed, reason, last)
    }
}

impl Drop for Run<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.phase {
            Phase::Running => add_one(&self.shared.counters.panicked),
            #[cfg(feature = "tokio")]
            Phase::Suspended => add_one(&self.shared.counters.abandoned),
            Phase::Ended => {}
        }
    }
}

/// The time since a call began: zero while it has not noted when that was.
pub(crate) fn elapsed_since(started: Option<Instant>) -> Duration {
    started.map_or(Duration::ZERO, |started| {
        clock::now().saturating_duration_since(started)
    })
}
