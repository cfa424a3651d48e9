//! Calls that are ready at their first poll cost next to nothing; all others not much.

use std::cell::Cell;
use std::future::{pending, ready};
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{Budget, Hedge, HedgeAttempt, Verdict};

use super::{adds_up, at_100_ms};

/// The size of the future that the operation gives.
fn attempt_size<F, Fut>(_: &F) -> usize
where
    F: FnMut(HedgeAttempt) -> Fut,
    Fut: Future,
{
    size_of::<Fut>()
}

#[test]
fn a_call_that_is_ready_at_once_needs_no_runtime() {
    let hedge = at_100_ms();
    let answer = hedge.call(|_| ready(Ok::<_, ()>(1))).now_or_never();
    assert_eq!(answer, Some(Ok(1)));
    assert_eq!(hedge.snapshot().totals.primary_won, 1);
    adds_up(&hedge.snapshot(), 0);
}

#[test]
fn a_call_that_fails_at_once_needs_no_runtime_either() {
    let hedge = at_100_ms();
    let answer = hedge.call(|_| ready(Err::<(), _>(1))).now_or_never();
    assert_eq!(answer, Some(Err(1)));
    assert_eq!(hedge.snapshot().totals.failed, 1);
    adds_up(&hedge.snapshot(), 0);
}

#[test]
fn during_the_warm_up_no_call_needs_a_runtime() {
    let hedge = Hedge::builder("test").build().unwrap();
    let call = hedge.call(|_| pending::<Result<(), ()>>());
    assert_eq!(call.now_or_never(), None);
    assert_eq!(hedge.snapshot().totals.abandoned, 1);
    adds_up(&hedge.snapshot(), 0);
}

#[test]
#[should_panic(expected = "there is no reactor running")]
fn waiting_for_the_time_of_a_hedge_needs_a_runtime() {
    let hedge = at_100_ms();
    let _ = hedge.call(|_| pending::<Result<(), ()>>()).now_or_never();
}

#[test]
fn hedges_at_once_need_no_runtime() {
    let hedge = Hedge::builder("test").delay(Duration::ZERO).unbudgeted();
    let hedge = hedge.build().unwrap();
    let answer = hedge
        .call(|attempt| async move {
            if !attempt.is_hedge() {
                pending::<()>().await;
            }
            Ok::<_, ()>(attempt.number())
        })
        .now_or_never();
    assert_eq!(answer, Some(Ok(2)));
}

/// Which is when the clock is read: the budget cannot count a call without knowing the time.
#[test]
fn only_calls_that_have_to_wait_are_recorded_in_the_budget() {
    let budget = Budget::builder("test").build().unwrap();
    let hedge = Hedge::builder("test")
        .budget(budget.clone())
        .build()
        .unwrap();
    for _ in 0..3 {
        assert!(
            hedge
                .call(|_| ready(Ok::<_, ()>(1)))
                .now_or_never()
                .is_some()
        );
        assert!(
            hedge
                .call(|_| ready(Err::<(), _>(1)))
                .now_or_never()
                .is_some()
        );
    }
    assert_eq!(budget.snapshot().calls, 0);
    let call = hedge.call(|_| pending::<Result<(), ()>>());
    assert_eq!(call.now_or_never(), None);
    assert_eq!(budget.snapshot().calls, 1);
}

#[test]
fn a_call_that_is_stopped_at_once_is_not_recorded_either() {
    let budget = Budget::builder("test").build().unwrap();
    let hedge = Hedge::builder("test").on_failure_only();
    let hedge = hedge.budget(budget.clone()).build().unwrap();
    let call = hedge
        .classify(|_| Verdict::Stop)
        .call(|_| ready(Err::<(), _>(1)));
    assert_eq!(call.now_or_never(), Some(Err(1)));
    assert_eq!(hedge.snapshot().totals.failed, 1);
    assert_eq!(budget.snapshot().calls, 0);
}

#[test]
fn a_call_is_recorded_in_the_budget_once_however_many_attempts_it_makes() {
    let budget = Budget::builder("test").share(10.0).build().unwrap();
    let hedge = Hedge::builder("test")
        .on_failure_only()
        .max_hedges(10)
        .budget(budget.clone())
        .build()
        .unwrap();
    let answer = hedge
        .call(|it| ready(Err::<(), _>(it.number())))
        .now_or_never();
    assert_eq!(answer, Some(Err(1)));
    let snapshot = budget.snapshot();
    assert_eq!(
        (snapshot.calls, snapshot.spent, snapshot.waiting),
        (1, 10, 0)
    );
}

#[test]
fn an_answer_at_once_is_a_latency_of_zero_and_a_failure_is_none() {
    let hedge = Hedge::builder("test").warm_up(3).build().unwrap();
    for _ in 0..3 {
        assert_eq!(hedge.delay(), None);
        assert!(
            hedge
                .call(|_| ready(Err::<(), _>(1)))
                .now_or_never()
                .is_some()
        );
        assert!(
            hedge
                .call(|_| ready(Ok::<_, ()>(1)))
                .now_or_never()
                .is_some()
        );
    }
    assert_eq!(
        hedge.delay(),
        Some(Duration::from_millis(1)),
        "the shortest there is"
    );
    assert_eq!(hedge.snapshot().samples, 3);
}

#[test]
fn the_future_is_little_larger_than_the_operation() {
    let hedge = at_100_ms();
    let captured = [0_u64; 9];
    let operation = |attempt: HedgeAttempt| async move {
        let held = captured;
        tokio::task::yield_now().await;
        Ok::<_, ()>(held[0] + u64::from(attempt.number()))
    };
    let of_operation = size_of_val(&operation) + attempt_size(&operation);
    let plain = size_of_val(&hedge.call(operation));
    assert!(plain <= of_operation + 128, "{plain} for {of_operation}");

    let seen = Cell::new(0);
    let classifier = |_: &Result<u64, ()>| {
        seen.set(seen.get() + 1);
        Verdict::Accept
    };
    let of_both = of_operation + size_of_val(&classifier);
    let classified = size_of_val(&hedge.classify(classifier).call(operation));
    assert!(classified <= of_both + 128, "{classified} for {of_both}");
}

#[test]
fn calls_can_be_spawned() {
    fn is_send(_: &impl Send) {}
    let hedge = at_100_ms();
    is_send(&hedge.call(|_| async { Ok::<_, ()>(String::new()) }));
}

#[test]
#[should_panic(expected = "polled after it had ended")]
fn a_call_that_has_ended_is_not_polled_again() {
    let hedge = at_100_ms();
    let mut call = Box::pin(hedge.call(|_| ready(Ok::<_, ()>(1))));
    assert_eq!(call.as_mut().now_or_never(), Some(Ok(1)));
    let _ = call.as_mut().now_or_never();
}
