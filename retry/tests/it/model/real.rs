//! The same cases, played on the real thing.

mod calls;
mod ears;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use steadfast_retry::{Backoff, Budget, Deadline, Jitter, Retry};
use tokio::time::sleep_until;

use self::ears::{Ear, Journal, Panicking};
use super::case::{CallPlan, Case, Door, Settings, Tap, Watched};
use super::naive::CURFEW;
use super::purse::thousandths;
use super::{Counts, End, Event, Purse, Seen};

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
            for (plan, stand) in &mut calls {
                let now = crate::now().into_std() - self.journal.origin; // after those before it
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
        cx: &mut Context<'_>,
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
