//! The corners: what an attempt knows, what a give-up carries, what observers and hooks may do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{
    Exhausted, Failure, GaveUp, Observer, Reason, Retry, Retrying, Totals, Verdict,
};
use tokio::time::sleep;

use crate::{exact, ms};

fn ended(totals: Totals) -> u64 {
    totals.first_try
        + totals.after_retry
        + totals.exhausted_attempts
        + totals.exhausted_deadline
        + totals.exhausted_budget
        + totals.not_retryable
        + totals.retry_after_too_long
        + totals.rejected_by_breaker
        + totals.abandoned
        + totals.panicked
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_the_time_of_the_first_attempt_counts_all_the_same() {
    let retry = exact().max_attempts(2).build().unwrap();
    let mut begun_at = Vec::new();
    let exhausted = retry
        .call(|attempt| {
            begun_at.push((attempt.elapsed(), attempt.remaining()));
            async {
                sleep(ms(70)).await;
                Err::<(), _>(())
            }
        })
        .await
        .unwrap_err();
    assert_eq!(begun_at, [(ms(0), None), (ms(170), None)]);
    assert_eq!(exhausted.elapsed, ms(240));
}

#[tokio::test(start_paused = true)]
async fn time_runs_on_while_an_attempt_does() {
    let retry = exact().max_elapsed(ms(1_000)).build().unwrap();
    let times = retry
        .call(|attempt| async move {
            sleep(ms(400)).await;
            let middle = (attempt.elapsed(), attempt.remaining());
            sleep(ms(600)).await;
            Ok::<_, ()>((middle, attempt.remaining()))
        })
        .await
        .unwrap();
    assert_eq!(
        times,
        ((ms(400), Some(ms(600))), Some(ms(0))),
        "and an attempt that is ready at the limit is heard"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_retried_once_the_limit_has_passed_in_an_attempt() {
    let retry = exact()
        .base_backoff(Duration::ZERO)
        .max_elapsed(ms(100))
        .build()
        .unwrap();
    let exhausted = retry
        .call(|_| async {
            sleep(ms(101)).await;
            Err::<(), _>(())
        })
        .await
        .unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (1, Reason::Deadline),
        "a wait of zero is no way round the limit"
    );
}

#[tokio::test(start_paused = true)]
async fn the_backoff_after_a_hint_is_the_one_that_would_have_come_anyway() {
    let retry = exact().max_attempts(4).build().unwrap();
    let mut waits = Vec::new();
    let mut judged = 0;
    let _ = retry
        .classify(|_: &Result<(), ()>| {
            judged += 1;
            match judged {
                2 => Verdict::RetryAfter(ms(250)),
                _ => Verdict::Retry,
            }
        })
        .on_retry(|_, _, wait| waits.push(wait))
        .call(|_| async { Err(()) })
        .await;
    assert_eq!(waits, [100, 250, 400].map(ms));
}

#[tokio::test(start_paused = true)]
async fn calls_wait_what_the_schedule_of_the_same_seed_says() {
    let seeded = || Retry::builder("seeded").jitter_seed(3).build().unwrap();
    let mut waits = Vec::new();
    let _ = seeded()
        .on_retry(|_, _: &Failure<()>, wait| waits.push(wait))
        .call(|_| async { Err::<(), _>(()) })
        .await;
    assert_eq!(waits, seeded().backoff().take(4).collect::<Vec<_>>());
}

#[test]
fn an_accepted_error_is_final_and_stays_an_error() {
    let retry = exact().build().unwrap();
    let exhausted = retry
        .classify(|_: &Result<(), &str>| Verdict::Accept)
        .call_blocking(|_| Err("gone"))
        .unwrap_err();
    assert_eq!(exhausted.reason, Reason::NotRetryable);
    assert_eq!(exhausted.attempts, 1);
    assert_eq!(exhausted.into_result(), Err(Failure::Operation("gone")));
}

#[test]
fn an_exhausted_call_can_be_turned_into_what_the_caller_wants() {
    let retry = Retry::builder("forms").max_attempts(1).build().unwrap();
    let give_up =
        |last: Result<u16, &'static str>| -> Box<Exhausted<Result<u16, &'static str>, &'static str>> {
            let stop = |_: &Result<u16, &'static str>| Verdict::Retry;
            retry.classify(stop).call_blocking(|_| last).unwrap_err()
        };
    assert_eq!(give_up(Ok(503)).transpose(), Ok(503));
    let error = give_up(Err("down")).transpose().unwrap_err();
    assert_eq!(
        (error.last, error.attempts, error.name()),
        (Failure::Operation("down"), 1, "forms")
    );
    let longer = error.map(str::len);
    assert_eq!(longer.reason, Reason::Attempts);
    assert_eq!(longer.into_last(), Some(4));
    assert!(give_up(Ok(1)).to_string().contains("after 1 attempt in"));
}

#[test]
fn the_panic_of_a_hook_is_the_callers_own() {
    let retry = exact().build().unwrap();
    let call = || {
        retry
            .on_retry(|_, _: &Failure<()>, _| panic!("mine"))
            .call_blocking(|_| Err::<(), _>(()))
    };
    let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"mine"));
    let snapshot = retry.snapshot();
    assert_eq!((snapshot.totals.panicked, snapshot.waiting), (1, 0));
}

/// Unwinding out of something else must not make an abandoned call look like a panicked one.
#[tokio::test]
async fn a_call_dropped_by_the_panic_of_another_is_abandoned() {
    let retry = exact().build().unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut call = Box::pin(retry.call(|_| std::future::pending::<Result<(), ()>>()));
        assert!(call.as_mut().now_or_never().is_none());
        panic!("not the call's");
    }));
    assert!(outcome.is_err());
    let totals = retry.snapshot().totals;
    assert_eq!((totals.abandoned, totals.panicked), (1, 0));
}

/// The gauge is right while it is looked at, from inside an observer too.
#[tokio::test(start_paused = true)]
async fn calls_count_as_waiting_while_they_wait_and_only_then() {
    let retry = exact().max_attempts(2).build().unwrap();
    let look = |_| {
        let waiting = retry.snapshot().waiting;
        async move { Err::<(), _>(waiting) }
    };
    let mut calls: Vec<_> = (0..3).map(|_| Box::pin(retry.call(look))).collect();
    for (before, call) in (0..).zip(&mut calls) {
        assert_eq!(retry.snapshot().waiting, before);
        assert!(call.as_mut().now_or_never().is_none());
    }
    tokio::time::advance(ms(101)).await;
    let last: Vec<u64> = futures_util::future::join_all(calls)
        .await
        .into_iter()
        .map(|end| end.unwrap_err().into_last().unwrap())
        .collect();
    assert_eq!(
        last,
        [2, 1, 0],
        "each has left the gauge before its attempt"
    );
    assert_eq!(retry.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn every_call_begun_ends_in_exactly_one_count() {
    let retry = exact()
        .max_attempts(3)
        .base_backoff(ms(0))
        .max_elapsed(ms(250))
        .max_retry_after(ms(300))
        .build()
        .unwrap();
    let mut attempts = 0_u64;
    let verdicts = [
        Verdict::Accept,
        Verdict::Stop,
        Verdict::RetryAfter(ms(301)),
        Verdict::RetryAfter(ms(300)),
        Verdict::RetryAfter(ms(0)),
    ];
    for verdict in verdicts {
        let _ = retry
            .classify(|_: &Result<(), ()>| verdict)
            .call(|_| {
                attempts += 1;
                async { Ok(()) }
            })
            .await;
    }
    let totals = retry.snapshot().totals;
    assert_eq!(ended(totals), 5, "{totals:?}");
    assert_eq!(ended(totals) + totals.retries, attempts, "{totals:?}");
    let each = [
        totals.first_try,
        totals.not_retryable,
        totals.retry_after_too_long,
        totals.exhausted_deadline,
        totals.exhausted_attempts,
    ];
    assert_eq!(each, [1; 5], "{totals:?}");
}

/// Holds a weak handle, as a watcher must: a strong one in the list would keep the retry alive.
struct Busybody {
    retry: steadfast_retry::WeakRetry,
    heard: Mutex<u32>,
}

impl Observer for Busybody {
    fn retrying(&self, _: &Retrying) {
        let retry = self.retry.upgrade().unwrap();
        assert_eq!(retry.snapshot().totals.exhausted_attempts, 0);
        retry.add_observer(Arc::new(Nobody));
        *self.heard.lock().unwrap() += 1;
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        let totals = self.retry.upgrade().unwrap().snapshot().totals;
        assert_eq!(totals.exhausted_attempts, 1, "counted before it is told");
        *self.heard.lock().unwrap() += gave_up.attempts;
    }
}

struct Nobody;

impl Observer for Nobody {}

#[test]
fn an_observer_may_use_the_retry_it_watches() {
    let retry = exact()
        .base_backoff(Duration::ZERO)
        .max_attempts(2)
        .build()
        .unwrap();
    let busybody = Arc::new(Busybody {
        retry: retry.downgrade(),
        heard: Mutex::new(0),
    });
    retry.add_observer(busybody.clone());
    assert!(retry.call_blocking(|_| Err::<(), _>(())).is_err());
    assert_eq!(*busybody.heard.lock().unwrap(), 3);
    assert_eq!(retry.snapshot().totals.observer_panics, 0);
}

#[test]
fn a_weak_handle_does_not_keep_the_retry() {
    let retry = exact().build().unwrap();
    let weak = retry.downgrade();
    let other = retry.clone();
    drop(retry);
    assert_eq!(weak.upgrade().unwrap().name(), "test");
    drop(other);
    assert!(weak.upgrade().is_none());
}

#[test]
fn futures_of_calls_can_cross_threads() {
    fn crosses<F: Future + Send>(_: &F) {}
    let retry = exact().build().unwrap();
    crosses(&retry.call(|_| async { Ok::<_, ()>(()) }));
    crosses(
        &retry
            .on_retry(|_, _: &Failure<()>, _| ())
            .call(|_| async { Ok(()) }),
    );
    let classified = retry.classify(|_: &Result<(), ()>| Verdict::Accept);
    crosses(&classified.on_retry(|_, _, _| ()).call(|_| async { Ok(()) }));
}
