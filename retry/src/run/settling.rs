//! What becomes of a call after an attempt that was not accepted.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{Phase, Run};
use crate::budget::{BudgetSpent, Extra};
use crate::clock;
use crate::exhausted::{Exhausted, Reason};
use crate::failure::Failure;
use crate::history::{Ended, Past};
use crate::observer::{GaveUp, Retrying};
use crate::policy::Standing;
use crate::shared::Held;
use crate::verdict::Verdict;

/// Why there is no other attempt.
pub(super) struct Refused {
    pub(super) reason: Reason,
    /// How long to wait before the call is worth making again.
    pub(super) retry_after: Option<Duration>,
    pub(super) budget: Option<BudgetSpent>,
}

impl Refused {
    pub(super) const DEADLINE: Self = Self {
        reason: Reason::Deadline,
        retry_after: None,
        budget: None,
    };
}

impl<R: Held, E> Run<R, E> {
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

    /// Ends a call whose next attempt would have come too late. What the attempt before it came to is
    /// the last thing to tell, if its error was kept.
    #[cold]
    pub(crate) fn too_late<L>(&mut self, last: impl FnOnce(E) -> L) -> Box<Exhausted<L, E>> {
        let error = match self.attempt {
            0 => None,
            attempt => self.kept.history_mut().pop_error(attempt),
        };
        let last = error.map_or(Failure::NotBegun, |error| Failure::Operation(last(error)));
        self.give_up(Refused::DEADLINE, last)
    }

    /// How long to wait for the next attempt, or why there is none.
    fn decide(&mut self, verdict: Verdict) -> Result<Duration, Refused> {
        let shared = self.held.shared();
        let policy = shared.policy();
        let budget = shared.budget_of(policy);
        let now = (self.limit.is_some() || budget.is_some()).then(clock::now);
        let attempt = self.attempt;
        let left = now
            .zip(self.limit)
            .map(|(now, limit)| limit.saturating_duration_since(now));
        let standing = Standing {
            attempt,
            max_attempts: policy.max_attempts(self.held.attempts_limit()),
            spent: self.spent,
            left,
        };
        let kept = &mut self.kept;
        let wait = policy.decide(&standing, verdict, |hint| {
            if policy.config.base_backoff.is_zero() {
                return hint;
            }
            let draws = kept.draws(|| shared.draws());
            let longest = policy.config.max_retry_after;
            draws.draw_at_least(hint, longest, &policy.backoff, attempt - 1)
        });
        let wait = wait.map_err(|(reason, retry_after)| Refused {
            reason,
            retry_after,
            budget: None,
        })?;
        if let (Some(budget), Some(now)) = (budget, now) {
            budget.take_at(Extra::Retry, now).map_err(|spent| Refused {
                reason: Reason::Budget,
                // Both have to be waited for, the budget and what the other side asked.
                retry_after: spent.retry_after().map(|after| after.max(verdict.hint())),
                budget: Some(spent),
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
        let longest = self.held.shared().policy().config.history;
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
        self.kept.history_mut().push(past, longest);
    }

    #[inline(never)]
    pub(super) fn give_up<L>(
        &mut self,
        refused: Refused,
        last: Failure<L>,
    ) -> Box<Exhausted<L, E>> {
        let Refused {
            reason,
            retry_after,
            budget,
        } = refused;
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
            history: self.kept.take_history(),
            name,
            retry_after,
            budget,
        })
    }
}
