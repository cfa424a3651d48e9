//! Panics, wherever a user's code can have one: the counts and the budget hold.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast_retry::{Budget, Builder, GaveUp, Jitter, Observer, Retry, Retrying, Verdict};
use tokio::time::advance;

use super::{Counts, planned_panic};
use crate::ms;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Closure,
    Future,
    Classifier,
    Hook,
    /// An `Ok` that was not accepted.
    DropOfValue,
    /// An error that no history takes up.
    DropOfError,
    /// An error that makes room in the history for the next.
    DropOfOldError,
    /// The future of an attempt that was cut off.
    DropOfFuture,
}

/// Panics when it is dropped, if it is live and nothing else is panicking.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 && !std::thread::panicking() {
            planned_panic();
        }
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

fn budget() -> Budget {
    let budget = Budget::builder("panics").share(10.0).min_per_second(0.0);
    budget.build().unwrap()
}

fn builder(place: Place, budget: &Budget, wait: Duration) -> Builder {
    let history = match place {
        Place::DropOfError => 0,
        Place::DropOfOldError => 1,
        _ => 8,
    };
    let builder = Retry::builder("panics")
        .jitter(Jitter::None)
        .base_backoff(wait);
    builder
        .max_attempts(8)
        .history(history)
        .budget(budget.clone())
}

/// One call has ended, in a panic at this attempt; all that was granted is accounted for.
fn ended_in_a_panic(retry: &Retry, budget: &Budget, attempt: u32, at: &str) {
    let snapshot = retry.snapshot();
    let counts = Counts::of(snapshot.totals, snapshot.waiting);
    let ends = (counts.ended(), counts.panicked, counts.waiting);
    assert_eq!(ends, (1, 1, 0), "{at}: {counts:?}");
    assert_eq!(counts.retries, u64::from(attempt - 1), "{at}: {counts:?}");
    let purse = budget.snapshot();
    let totals = purse.totals;
    assert_eq!((purse.waiting, totals.calls), (0, 1), "{at}: {purse:?}");
    assert_eq!(totals.spent_retries, counts.retries, "{at}: {purse:?}");
    assert_eq!(
        totals.granted,
        totals.spent_retries + totals.given_back,
        "{at}"
    );
}

/// What an attempt gives, with the bomb where it belongs.
fn give(place: Place, live: bool) -> Result<Bomb, Bomb> {
    match place {
        Place::DropOfValue => Ok(Bomb(live)),
        Place::DropOfError | Place::DropOfOldError => Err(Bomb(live)),
        _ => Err(Bomb(false)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_in_a_call_is_counted_once_and_takes_nothing_along() {
    use Place::{
        Classifier, Closure, DropOfError, DropOfFuture, DropOfOldError, DropOfValue, Future, Hook,
    };
    for place in [
        Closure,
        Future,
        Classifier,
        Hook,
        DropOfValue,
        DropOfError,
        DropOfOldError,
        DropOfFuture,
    ] {
        for (at, wait) in [(1, 0), (1, 10), (2, 0), (2, 10), (4, 10)] {
            let what = format!("{place:?} of attempt {at}, waits of {wait} ms");
            let budget = budget();
            let builder = builder(place, &budget, ms(wait)).attempt_timeout(ms(20));
            let retry = builder.build().unwrap();
            assert!(panics(&retry, place, at).await, "{what}");
            // An old error goes when the next one comes.
            let last = if place == DropOfOldError { at + 1 } else { at };
            ended_in_a_panic(&retry, &budget, last, &what);
        }
    }
}

/// A retry that keeps, asks and tells nothing may take a shorter way, on which the same holds.
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_call_without_waits_history_and_budget_is_counted_once() {
    use Place::{Classifier, Closure, DropOfError, DropOfValue, Future, Hook};
    for place in [Closure, Future, Classifier, Hook, DropOfValue, DropOfError] {
        for at in [1, 2, 7] {
            let what = format!("{place:?} of attempt {at}");
            let builder = Retry::builder("bare").base_backoff(ms(0));
            let retry = builder.history(0).max_attempts(8).build().unwrap();
            assert!(panics(&retry, place, at).await, "{what}");
            let counts = Counts::of(retry.snapshot().totals, 0);
            let expected = Counts {
                panicked: 1,
                retries: u64::from(at - 1),
                ..Counts::default()
            };
            assert_eq!(counts, expected, "{what}");
        }
    }
}

/// Whether a call panics that has a bomb in this place, live in this attempt.
async fn panics(retry: &Retry, place: Place, at: u32) -> bool {
    let attempts = Rc::new(Cell::new(0));
    let (seen, live) = (Rc::clone(&attempts), |attempt| attempt == at);
    let classifier = |_: &Result<Bomb, Bomb>| {
        if place == Place::Classifier && live(seen.get()) {
            planned_panic();
        }
        Verdict::Retry
    };
    let hook = |attempt, _: &_, _| {
        if place == Place::Hook && live(attempt) {
            planned_panic();
        }
    };
    let call = retry.classify(classifier).on_retry(hook).call(|attempt| {
        attempts.set(attempt.number());
        let live = live(attempt.number());
        if place == Place::Closure && live {
            planned_panic();
        }
        async move {
            let _held = Bomb(place == Place::DropOfFuture && live);
            if place == Place::Future && live {
                planned_panic();
            }
            if place == Place::DropOfFuture {
                std::future::pending::<()>().await;
            }
            give(place, live)
        }
    });
    let mut call = Box::pin(call);
    let mut polls = 0;
    loop {
        let mut cx = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut cx))) {
            Ok(Poll::Pending) => advance(ms(5)).await,
            Ok(Poll::Ready(_)) => return false,
            Err(_) => return true,
        }
        polls += 1;
        assert!(polls < 1_000, "no end");
    }
}

#[test]
fn a_panic_anywhere_in_a_blocking_call_is_counted_once_and_takes_nothing_along() {
    use Place::{Classifier, Closure, DropOfError, DropOfOldError, DropOfValue, Hook};
    for place in [
        Closure,
        Classifier,
        Hook,
        DropOfValue,
        DropOfError,
        DropOfOldError,
    ] {
        for (at, wait) in [(1, 0), (1, 10), (2, 0), (2, 10), (4, 10)] {
            let what = format!("{place:?} of attempt {at}, waits of {wait} us");
            let budget = budget();
            let builder = builder(place, &budget, Duration::from_micros(wait));
            let retry = builder.build().unwrap();
            let attempts = Cell::new(0);
            let live = |attempt| attempt == at;
            let classifier = |_: &Result<Bomb, Bomb>| {
                if place == Classifier && live(attempts.get()) {
                    planned_panic();
                }
                Verdict::Retry
            };
            let hook = |attempt, _: &_, _| {
                if place == Hook && live(attempt) {
                    planned_panic();
                }
            };
            let scoped = retry.classify(classifier).on_retry(hook);
            let call = || {
                scoped.call_blocking(|attempt| {
                    attempts.set(attempt.number());
                    let live = live(attempt.number());
                    if place == Closure && live {
                        planned_panic();
                    }
                    give(place, live)
                })
            };
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "{what}");
            let last = if place == DropOfOldError { at + 1 } else { at };
            ended_in_a_panic(&retry, &budget, last, &what);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_an_observer_is_caught_and_counted_beside_the_end_of_the_call() {
    let budget = budget();
    let builder = builder(Place::Closure, &budget, ms(10)).max_attempts(3);
    let retry = builder
        .observer(Panicking)
        .observer(Panicking)
        .build()
        .unwrap();
    let exhausted = retry.call(|_| async { Err::<(), _>(()) }).await;
    assert_eq!(exhausted.unwrap_err().attempts, 3);
    let snapshot = retry.snapshot();
    let counts = Counts::of(snapshot.totals, snapshot.waiting);
    assert_eq!((counts.exhausted_attempts, counts.ended()), (1, 1));
    // Two of them, told of two retries and an end.
    assert_eq!(
        (counts.observer_panics, counts.panicked, counts.waiting),
        (6, 0, 0)
    );
    let purse = budget.snapshot();
    assert_eq!(
        (purse.waiting, purse.totals.granted, purse.spent),
        (0, 2, 2)
    );
}

/// The drop of a call is no place for a panic, but what it holds is the user's.
#[tokio::test(start_paused = true)]
async fn a_panic_while_a_call_is_dropped_hurts_no_count() {
    for in_history in [true, false] {
        let budget = budget();
        let retry = builder(Place::Closure, &budget, ms(10)).build().unwrap();
        let dropped = {
            let mut call = Box::pin(retry.call(|_| async move {
                let _held = Bomb(!in_history);
                if !in_history {
                    std::future::pending::<()>().await;
                }
                Err::<(), _>(Bomb(in_history))
            }));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(&mut cx).is_pending());
            assert_eq!(budget.snapshot().waiting, u64::from(in_history));
            catch_unwind(AssertUnwindSafe(|| drop(call)))
        };
        assert!(dropped.is_err());
        let snapshot = retry.snapshot();
        let counts = Counts::of(snapshot.totals, snapshot.waiting);
        assert_eq!(
            (counts.ended(), counts.abandoned, counts.waiting),
            (1, 1, 0)
        );
        let purse = budget.snapshot();
        assert_eq!(
            (purse.waiting, purse.totals.given_back),
            (0, u64::from(in_history))
        );
    }
}

/// tokio's own panic, where there is no timer.
#[test]
fn a_wait_outside_a_runtime_panics_and_leaves_nothing_behind() {
    for timed in [false, true] {
        let budget = budget();
        let builder = builder(Place::Closure, &budget, ms(10));
        let builder = if timed {
            builder.attempt_timeout(ms(1))
        } else {
            builder
        };
        let retry = builder.build().unwrap();
        {
            let mut call = pin!(retry.call(|_| async {
                if timed {
                    std::future::pending::<()>().await;
                }
                Err::<(), _>(())
            }));
            let mut cx = Context::from_waker(Waker::noop());
            let poll = || call.as_mut().poll(&mut cx).is_ready();
            assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
        }
        let snapshot = retry.snapshot();
        let counts = Counts::of(snapshot.totals, snapshot.waiting);
        assert_eq!((counts.ended(), counts.waiting), (1, 0), "{counts:?}");
        let purse = budget.snapshot();
        let granted = purse.totals.granted;
        assert_eq!((purse.waiting, purse.totals.given_back), (0, granted));
    }
}
