//! The same cases, played on the real thing.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use steadfast_retry::{
    Attempt, Backoff, Budget, Deadline, Ended, Exhausted, Failure, GaveUp, History, Jitter,
    Observer, Past, Retry, Retrying, Verdict,
};
use tokio::time::{advance, sleep, sleep_until};

use super::case::{CallPlan, Case, Door, Gives, Settings, Step, Tap, Watched};
use super::naive::CURFEW;
use super::purse::thousandths;
use super::{Answer, Before, Counts, End, Event, GivenUp, Left, Line, Purse, Seen, planned_panic};

/// Where everything that happens is written down.
#[derive(Clone)]
struct Journal {
    origin: Instant,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Journal {
    fn note(&self, event: Event) {
        let at = crate::now().into_std() - self.origin;
        self.lines.lock().unwrap().push(Line { at, event });
    }
}

struct Ear {
    retry: usize,
    journal: Journal,
}

impl Observer for Ear {
    fn retrying(&self, retrying: &Retrying) {
        self.journal.note(Event::Retrying {
            retry: self.retry,
            attempt: retrying.attempt,
            wait: retrying.wait,
        });
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        self.journal.note(Event::GaveUp {
            retry: self.retry,
            attempts: gave_up.attempts,
            elapsed: gave_up.elapsed,
            reason: gave_up.reason,
        });
    }
}

struct Panicking;

impl Observer for Panicking {
    fn retrying(&self, _: &Retrying) {
        planned_panic();
    }

    fn gave_up(&self, _: &GaveUp) {
        planned_panic();
    }
}

/// A runtime of its own, whose time stands still unless everybody waits.
pub(super) fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// What a case comes to.
pub(super) fn play(case: &Case, door: Door) -> Seen {
    paused().block_on(async {
        let stage = Stage::new(case);
        match door {
            Door::Async => stage.play().await,
            Door::Blocking => stage.play_blocking(),
        }
        stage.seen()
    })
}

struct Stage<'c> {
    case: &'c Case,
    journal: Journal,
    budget: Option<Budget>,
    retries: Vec<Retry>,
}

impl<'c> Stage<'c> {
    fn new(case: &'c Case) -> Self {
        let journal = Journal {
            origin: crate::now().into_std(),
            lines: Arc::default(),
        };
        let budget = case.budget.map(|plan| {
            let builder = Budget::builder("model").share(plan.share);
            let builder = builder.min_per_second(plan.min_per_second);
            builder.window(plan.window).build().unwrap()
        });
        let build = |(retry, settings)| build(retry, settings, budget.as_ref(), &journal);
        let retries = (0..).zip(&case.retries).map(build).collect();
        Self {
            case,
            journal,
            budget,
            retries,
        }
    }

    /// Polls all calls in their order whenever anything happens.
    async fn play(&self) {
        let mut calls: Vec<_> = (0..)
            .zip(&self.case.calls)
            .map(|(index, plan)| (plan, Stand::Waits(index)))
            .collect();
        let moments = self
            .case
            .calls
            .iter()
            .flat_map(|plan| [Some(plan.starts), plan.dropped]);
        let moments = moments.flatten().chain([CURFEW]);
        let origin = tokio::time::Instant::from_std(self.journal.origin);
        let mut alarms: Vec<_> = moments
            .map(|at| Box::pin(sleep_until(origin + at)))
            .collect();
        poll_fn(|cx| {
            alarms.retain_mut(|alarm| alarm.as_mut().poll(cx).is_pending());
            let now = crate::now().into_std() - self.journal.origin;
            for (plan, stand) in &mut calls {
                let over = plan.dropped.unwrap_or(CURFEW).min(CURFEW) <= now;
                stand.go_on(self, plan, now, over, cx);
            }
            let all_over = calls.iter().all(|(_, stand)| matches!(stand, Stand::Over));
            if all_over {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        sleep_until(origin + CURFEW).await;
    }

    fn play_blocking(&self) {
        for (index, plan) in (0..).zip(&self.case.calls) {
            let end = catch_unwind(AssertUnwindSafe(|| self.block(index, plan)));
            let end = end.unwrap_or(End::Panicked);
            self.journal.note(Event::End { call: index, end });
        }
    }

    /// A call of the case, with what all have in common.
    fn call(&self, call: usize, plan: &'c CallPlan) -> Pin<Box<dyn Future<Output = End> + '_>> {
        let retry = &self.retries[plan.retry(self.case)];
        let operation = move |attempt: Attempt, history: &History<u32>| {
            let step = self.begin(call, plan, attempt, history);
            let number = attempt.number();
            async move {
                match step.takes {
                    Some(takes) if takes.is_zero() => {}
                    Some(takes) => sleep(takes).await,
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

    fn block(&self, call: usize, plan: &CallPlan) -> End {
        let retry = &self.retries[plan.retry(self.case)];
        let operation = |attempt: Attempt, history: &History<u32>| {
            let step = self.begin(call, plan, attempt, history);
            // Moves the clock at its first poll, and asks for a second one only to let others run.
            let _ = advance(step.takes.unwrap()).now_or_never();
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

    fn seen(&self) -> Seen {
        let counts = self.retries.iter().map(|retry| {
            let snapshot = retry.snapshot();
            Counts::of(snapshot.totals, snapshot.waiting)
        });
        Seen {
            lines: self.journal.lines.lock().unwrap().clone(),
            counts: counts.collect(),
            purse: self.budget.as_ref().map(purse),
        }
    }
}

/// Where a call stands.
enum Stand<'s> {
    Waits(usize),
    Runs(usize, Pin<Box<dyn Future<Output = End> + 's>>),
    Over,
}

impl<'s> Stand<'s> {
    fn go_on<'c: 's>(
        &mut self,
        stage: &'s Stage<'c>,
        plan: &'c CallPlan,
        now: Duration,
        over: bool,
        cx: &mut std::task::Context<'_>,
    ) {
        match self {
            Self::Waits(_) if over => *self = Self::Over,
            Self::Waits(index) if plan.starts <= now => {
                *self = Self::Runs(*index, stage.call(*index, plan));
            }
            _ => {}
        }
        let Self::Runs(call, future) = self else {
            return;
        };
        let call = *call;
        let end = if over {
            End::Dropped
        } else {
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => return,
                Ok(Poll::Ready(end)) => end,
                Err(_) => End::Panicked,
            }
        };
        *self = Self::Over;
        stage.journal.note(Event::End { call, end });
    }
}

fn build(retry: usize, settings: &Settings, budget: Option<&Budget>, journal: &Journal) -> Retry {
    let backoff = Backoff::exponential(settings.base)
        .multiplier(settings.multiplier.into())
        .max(settings.cap)
        .jitter(Jitter::None);
    let mut builder = Retry::builder("model")
        .max_attempts(settings.max_attempts)
        .backoff(backoff)
        .max_retry_after(settings.max_retry_after)
        .history(settings.history);
    if settings.watched != Watched::Nobody {
        let journal = journal.clone();
        builder = builder.observer(Ear { retry, journal });
    }
    if settings.watched == Watched::Two {
        builder = builder.observer(Panicking);
    }
    if let Some(max_elapsed) = settings.max_elapsed {
        builder = builder.max_elapsed(max_elapsed);
    }
    if let Some(deadline) = settings.deadline {
        builder = builder.deadline(Deadline::at(journal.origin + deadline));
    }
    if let Some(attempt_timeout) = settings.attempt_timeout {
        builder = builder.attempt_timeout(attempt_timeout);
    }
    builder = match (budget, settings.tap) {
        (None, _) | (_, Tap::Closed) => builder,
        (Some(budget), Tap::Open) => builder.budget(budget.clone()),
        (Some(budget), Tap::SpendingOnly) => builder.budget(budget.spending_only()),
    };
    builder.build().unwrap()
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

fn purse(budget: &Budget) -> Purse {
    let snapshot = budget.snapshot();
    let totals = snapshot.totals;
    assert_eq!(totals.spent_hedges, 0);
    Purse {
        calls: snapshot.calls,
        spent: snapshot.spent,
        waiting: snapshot.waiting,
        tokens: thousandths(snapshot.tokens),
        all_calls: totals.calls,
        granted: totals.granted,
        given_back: totals.given_back,
        sent: totals.spent_retries,
        refused_spent: totals.suppressed.retries_spent,
        refused_waiting: totals.suppressed.retries_waiting,
    }
}
