//! What a call that was given up tells, and what stays behind when somebody catches its panic.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast_retry::{Backoff, Budget, Deadline, Failure, Reason, Retry, Verdict};

use crate::{exact, ms, now};

fn poll<F: Future>(call: &mut Pin<Box<F>>) -> Poll<F::Output> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_call_out_of_budget_tells_which_one_and_when_again() {
    let budget = Budget::builder("all payments").share(0.0);
    let budget = budget.min_per_second(0.1).build().unwrap();
    let retry = exact().budget(budget).build().unwrap();
    let exhausted = retry
        .call(|_| async { Err::<(), _>("down") })
        .await
        .unwrap_err();
    assert_eq!(exhausted.reason, Reason::Budget);
    let spent = exhausted.budget_spent().unwrap();
    assert_eq!(spent.name(), "all payments");
    assert_eq!(exhausted.retry_after(), spent.retry_after());
    let text = exhausted.to_string();
    assert_eq!(
        text,
        "retry \"test\" gave up after 2 attempts in 100ms: the retry budget has nothing left: \
         budget \"all payments\" has nothing left for a retry: 1 of 1 used by 1 call in the last 10s; \
         retry after 9.9s"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_told_the_same_moment_come_back_at_different_ones() {
    let retry = Retry::builder("herd").max_attempts(2).build().unwrap();
    let hint = Duration::from_secs(4);
    let come_back = async || {
        let begin = now();
        let judged = retry.classify(|_: &Result<(), ()>| Verdict::RetryAfter(hint));
        let _ = judged.call(|_| async { Err(()) }).await;
        begin.elapsed()
    };
    let mut waits = Vec::new();
    for _ in 0..100 {
        waits.push(come_back().await);
    }
    let (soonest, latest) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!(hint <= soonest && latest <= hint + hint / 4 + ms(1));
    assert!(latest - soonest > hint / 8, "{soonest:?} to {latest:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_to_chance_does_not_pass_the_longest_hint() {
    let longest = Duration::from_secs(4);
    for (hint, latest) in [(3_000, 3_750), (3_600, 4_000), (4_000, 4_000)] {
        let retry = Retry::builder("herd").max_attempts(2);
        let retry = retry.max_retry_after(longest).build().unwrap();
        let mut waits = Vec::new();
        for _ in 0..200 {
            let judged = retry.classify(|_: &Result<(), ()>| Verdict::RetryAfter(ms(hint)));
            let heard = judged.on_retry(|_, _, wait| waits.push(wait));
            let _ = heard.call(|_| async { Err(()) }).await;
        }
        let range = ms(hint)..=ms(latest);
        assert!(waits.iter().all(|wait| range.contains(wait)), "{hint}");
        let spread = *waits.iter().max().unwrap() - *waits.iter().min().unwrap();
        assert!(spread >= ms(latest - hint) / 2, "{hint}: {spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_exact_where_nothing_is_left_to_chance() {
    for retry in [
        exact(),
        Retry::builder("zero").backoff(Backoff::constant(ms(0))),
    ] {
        let retry = retry.max_attempts(2).build().unwrap();
        let begin = now();
        let judged = retry.classify(|_: &Result<(), ()>| Verdict::RetryAfter(ms(4_000)));
        let _ = judged.call(|_| async { Err(()) }).await;
        assert_eq!(begin.elapsed(), ms(4_000));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_goes_before_or_after_the_classifier() {
    let retry = exact().build().unwrap();
    let stop = |_: &Result<(), &str>| Verdict::Retry;
    let deadline = Deadline::after(ms(50));
    let before = retry.deadline(deadline).classify(stop);
    let after = retry.classify(stop).deadline(deadline);
    for call in [before, after] {
        let exhausted = call.call(|_| async { Err("down") }).await.unwrap_err();
        assert_eq!(exhausted.reason, Reason::Deadline);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_settles_the_call_while_its_future_is_kept() {
    let budget = Budget::builder("test").build().unwrap();
    let retry = exact().budget(budget.clone()).build().unwrap();
    let hook = |_: u32, _: &Failure<()>, _: Duration| panic!("a hook");
    let mut call = Box::pin(retry.on_retry(hook).call(|_| async { Err::<(), _>(()) }));
    let caught = catch_unwind(AssertUnwindSafe(|| poll(&mut call).is_ready()));
    assert!(caught.is_err());
    let snapshot = retry.snapshot();
    assert_eq!((snapshot.totals.panicked, snapshot.waiting), (1, 0));
    assert_eq!(budget.snapshot().waiting, 0, "the grant was given back");

    let caught = catch_unwind(AssertUnwindSafe(|| poll(&mut call).is_ready()));
    assert!(caught.is_err(), "and it cannot be polled again");
    drop(call);
    let totals = retry.snapshot().totals;
    assert_eq!((totals.panicked, totals.abandoned), (1, 0));
}

/// The first wait is on one runtime, which is gone when the second begins.
#[test]
fn a_call_may_move_to_another_runtime_between_its_waits() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (fail, failing) = tokio::sync::oneshot::channel::<()>();
    let mut failing = Some(failing);
    let retry = exact().build().unwrap();
    let mut call = Box::pin(retry.call(|attempt| {
        let failing = failing.take_if(|_| attempt.number() == 2);
        async move {
            if let Some(failing) = failing {
                let _ = failing.await;
            }
            (attempt.number() == 3).then_some(3).ok_or(())
        }
    }));
    let first = runtime();
    let polled = first.block_on(async { tokio::time::timeout(ms(500), call.as_mut()).await });
    assert!(polled.is_err(), "it is in its second attempt");
    drop((first, fail));
    assert_eq!(runtime().block_on(call), Ok(3));
}
