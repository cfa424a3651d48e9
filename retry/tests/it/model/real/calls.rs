//! The calls of a case: the operation, the classifier and the hook that do as they are planned to.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{Attempt, Deadline, Ended, Exhausted, Failure, History, Past, Verdict};
use tokio::time::{Instant, sleep_until};

use super::super::case::{CallPlan, Gives, Step};
use super::super::{Answer, Before, End, Event, GivenUp, Left, planned_panic};
use super::Stage;
use crate::{hold_up, now};

impl<'c> Stage<'c> {
    /// A call of the case, with what all have in common.
    pub(super) fn call(
        &self,
        call: usize,
        plan: &'c CallPlan,
    ) -> Pin<Box<dyn Future<Output = End> + '_>> {
        let retry = &self.retries[plan.retry(self.case)];
        let operation = move |attempt: Attempt, history: &History<u32>| {
            let step = self.begin(call, plan, attempt, history);
            let number = attempt.number();
            async move {
                hold_up(step.holds);
                match step.takes {
                    Some(takes) => until(now() + takes).await,
                    None => pending().await,
                }
                answer(step, number)
            }
        };
        if plan.classified {
            let scoped = retry.classify(|answer| judge(plan, answer));
            let hook = move |attempt, last: &_, wait| self.hook(call, plan, attempt, last, wait);
            let scoped = scoped.on_retry(hook);
            let scoped = match plan.deadline {
                Some(deadline) => scoped.deadline(self.deadline(deadline)),
                None => scoped,
            };
            Box::pin(scoped.call_with_history(operation).map(of_result))
        } else {
            let hook = move |attempt, last: &Failure<u32>, wait| {
                self.hook(call, plan, attempt, &last.map(Err), wait);
            };
            let scoped = retry.on_retry(hook);
            let scoped = match plan.deadline {
                Some(deadline) => scoped.deadline(self.deadline(deadline)),
                None => scoped,
            };
            let call = scoped.call_with_history(operation);
            Box::pin(call.map(|result| of_result(result.map_err(|given_up| given_up.map(Err)))))
        }
    }

    pub(super) fn block(&self, call: usize, plan: &CallPlan) -> End {
        let retry = &self.retries[plan.retry(self.case)];
        let operation = |attempt: Attempt, history: &History<u32>| {
            let step = self.begin(call, plan, attempt, history);
            hold_up(step.takes.unwrap());
            answer(step, attempt.number())
        };
        let deadline = plan.deadline.map(|deadline| self.deadline(deadline));
        if plan.classified {
            let scoped = retry.classify(|answer| judge(plan, answer));
            let hook = |attempt, last: &_, wait| self.hook(call, plan, attempt, last, wait);
            let scoped = scoped.on_retry(hook);
            let scoped = match deadline {
                Some(deadline) => scoped.deadline(deadline),
                None => scoped,
            };
            of_result(scoped.call_blocking_with_history(operation))
        } else {
            let scoped = retry.on_retry(|attempt, last: &Failure<u32>, wait| {
                self.hook(call, plan, attempt, &last.map(Err), wait);
            });
            let scoped = match deadline {
                Some(deadline) => scoped.deadline(deadline),
                None => scoped,
            };
            let result = scoped.call_blocking_with_history(operation);
            of_result(result.map_err(|given_up| given_up.map(Err)))
        }
    }

    fn deadline(&self, after: Duration) -> Deadline {
        Deadline::at(self.journal.origin + after)
    }

    fn begin(
        &self,
        call: usize,
        plan: &CallPlan,
        attempt: Attempt,
        history: &History<u32>,
    ) -> Step {
        let step = plan.step(attempt.number());
        self.journal.note(Event::Attempt {
            call,
            number: attempt.number(),
            elapsed: attempt.elapsed(),
            remaining: attempt.remaining(),
            history: history.iter().map(|past| past.attempt).collect(),
        });
        if step.gives == Gives::PanicInClosure {
            planned_panic();
        }
        step
    }

    fn hook(
        &self,
        call: usize,
        plan: &CallPlan,
        attempt: u32,
        last: &Failure<Answer>,
        wait: Duration,
    ) {
        self.journal.note(Event::Hook {
            call,
            attempt,
            last: *last,
            wait,
        });
        if plan.hook_panics_after == Some(attempt) {
            planned_panic();
        }
    }
}

/// By the clock, whatever the timers have been told of it so far.
async fn until(moment: Instant) {
    let mut sleep = pin!(sleep_until(moment));
    poll_fn(|cx| match moment <= now() {
        true => Poll::Ready(()),
        false => sleep.as_mut().poll(cx),
    })
    .await;
}

fn answer(step: Step, number: u32) -> Answer {
    match step.gives {
        Gives::Ok => Ok(number),
        Gives::Err => Err(number),
        Gives::Panic | Gives::PanicInClosure => planned_panic(),
    }
}

fn judge(plan: &CallPlan, answer: &Answer) -> Verdict {
    plan.verdict(*answer).unwrap_or_else(|| planned_panic())
}

fn of_result(result: Result<u32, Box<Exhausted<Answer, u32>>>) -> End {
    match result {
        Ok(value) => End::Value(value),
        Err(exhausted) => End::GivenUp(GivenUp {
            attempts: exhausted.attempts,
            elapsed: exhausted.elapsed,
            reason: exhausted.reason,
            last: exhausted.last,
            history: exhausted.history.iter().map(before).collect(),
            retry_after: exhausted.retry_after(),
        }),
    }
}

fn before(past: &Past<u32>) -> Before {
    Before {
        attempt: past.attempt,
        elapsed: past.elapsed,
        wait: past.wait,
        ended: match past.ended {
            Ended::Error(error) => Left::Error(error),
            Ended::Unaccepted => Left::Unaccepted,
            Ended::TimedOut { after } => Left::TimedOut(after),
            _ => unreachable!("an end of this crate"),
        },
    }
}
