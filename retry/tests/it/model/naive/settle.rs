//! After an attempt that has failed: what follows it, and in which order that is decided.

use std::time::Duration;

use steadfast_retry::{Failure, Reason, Verdict};

use super::super::{Answer, Before, End, Event, GivenUp, Left};
use super::{Call, State, World};

impl Call<'_> {
    /// After an attempt that failed: another one, or the end.
    pub(super) fn settle(&mut self, world: &mut World, last: Failure<Answer>, verdict: Verdict) {
        let elapsed = self.elapsed(world);
        let rejected = matches!(verdict, Verdict::Rejected(_));
        let hint = match verdict {
            Verdict::RetryAfter(hint) | Verdict::Rejected(Some(hint)) => Some(hint),
            _ => None,
        };
        let or_breaker = |reason| if rejected { Reason::Breaker } else { reason };
        if matches!(verdict, Verdict::Stop | Verdict::Accept) {
            return self.give_up(world, Reason::NotRetryable, last, None);
        }
        if self.attempts == self.settings.max_attempts {
            return self.give_up(world, Reason::Attempts, last, hint);
        }
        if verdict == Verdict::Rejected(None) {
            return self.give_up(world, Reason::Breaker, last, None);
        }
        if hint.is_some_and(|hint| hint > self.settings.max_retry_after) {
            return self.give_up(world, or_breaker(Reason::RetryAfterTooLong), last, hint);
        }
        let wait = hint.unwrap_or_default().max(self.backoff());
        if self.limit.is_some_and(|limit| world.now + wait >= limit) {
            return self.give_up(world, or_breaker(Reason::Deadline), last, hint);
        }
        let granted = match self.budget(world) {
            Some((budget, now)) => budget.take(now),
            None => Ok(()),
        };
        if let Err(then) = granted {
            // Both have to be waited for; unknown, if one of them is.
            let retry_after = then.map(|then| then.max(hint.unwrap_or_default()));
            return self.give_up(world, Reason::Budget, last, retry_after);
        }
        world.note(Event::Hook {
            call: self.index,
            attempt: self.attempts,
            last,
            wait,
        });
        self.before.push(Before {
            attempt: self.attempts,
            elapsed,
            wait,
            ended: match last {
                Failure::Operation(Err(error)) => Left::Error(error),
                Failure::Operation(Ok(_)) => Left::Unaccepted,
                Failure::TimedOut { after } => Left::TimedOut(after),
                _ => unreachable!("an attempt was made"),
            },
        });
        if !wait.is_zero() {
            self.looked.get_or_insert(world.now);
        }
        let until = world.now + wait;
        self.state = State::Waiting { until };
        if self.plan.hook_panics_after == Some(self.attempts) {
            return self.panic(world);
        }
        self.tell(
            world,
            Event::Retrying {
                retry: self.retry,
                attempt: self.attempts,
                wait,
            },
        );
    }

    /// Without jitter.
    fn backoff(&self) -> Duration {
        let mut backoff = self.settings.base;
        for _ in 1..self.attempts {
            backoff = (backoff * self.settings.multiplier).min(self.settings.cap);
        }
        backoff
    }

    /// The first one and the latest, as many as there is room for.
    pub(super) fn history(&self) -> Vec<Before> {
        let (room, all) = (self.settings.history, &self.before);
        if all.len() <= room {
            return all.clone();
        }
        match room {
            0 => Vec::new(),
            1 => all[all.len() - 1..].to_vec(),
            _ => {
                let latest = &all[all.len() - (room - 1)..];
                all[..1].iter().chain(latest).cloned().collect()
            }
        }
    }

    pub(super) fn give_up(
        &mut self,
        world: &mut World,
        reason: Reason,
        last: Failure<Answer>,
        retry_after: Option<Duration>,
    ) {
        let elapsed = self.elapsed(world);
        let counts = &mut world.counts[self.retry];
        *match reason {
            Reason::Attempts => &mut counts.exhausted_attempts,
            Reason::Deadline => &mut counts.exhausted_deadline,
            Reason::Budget => &mut counts.exhausted_budget,
            Reason::NotRetryable => &mut counts.not_retryable,
            Reason::RetryAfterTooLong => &mut counts.retry_after_too_long,
            Reason::Breaker => &mut counts.rejected_by_breaker,
            _ => unreachable!("a reason of this crate"),
        } += 1;
        self.tell(
            world,
            Event::GaveUp {
                retry: self.retry,
                attempts: self.attempts,
                elapsed,
                reason,
            },
        );
        let end = End::GivenUp(GivenUp {
            attempts: self.attempts,
            elapsed,
            reason,
            last,
            history: self.history(),
            retry_after,
        });
        self.end(world, end);
    }
}
