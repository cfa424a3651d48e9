//! The ways a call ends besides a result: dropped, panicked, too late.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_breaker::{AbandonedAs, CircuitBreaker, Error, Outcome, State};
use tokio::time::advance;

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("db")
        .failure_threshold(1)
        .success_threshold(1)
        .build()
        .unwrap()
}

async fn half_open() -> CircuitBreaker {
    let breaker = breaker();
    breaker.try_acquire().unwrap().failure();
    advance(Duration::from_secs(30)).await;
    breaker
}

#[tokio::test]
async fn ok_counts_as_success_and_err_as_failure() {
    let breaker = breaker();
    assert_eq!(breaker.call(|| async { Ok::<_, ()>(7) }).await, Ok(7));
    let answer = breaker.call(|| async { Err::<(), _>("down") }).await;
    assert_eq!(answer, Err(Error::Operation("down")));
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.totals.success, snapshot.totals.failure), (1, 1));
    assert_eq!(snapshot.in_flight, 0);
    let rejected = breaker.call(|| async { Ok::<_, ()>(7) }).await.unwrap_err();
    assert!(rejected.rejected().is_some() && rejected.operation().is_none());
}

#[tokio::test]
async fn the_classifier_decides_what_counts_and_not_what_is_returned() {
    let breaker = breaker();
    let judged = breaker.classify(|answer: &Result<u16, &str>| match answer {
        Ok(503) => Outcome::Failure,
        Err(_) => Outcome::Ignored,
        Ok(_) => Outcome::Success,
    });
    assert_eq!(
        judged.call(|| async { Err("bad request") }).await,
        Err(Error::Operation("bad request"))
    );
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(judged.call(|| async { Ok(503) }).await, Ok(503));
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test]
async fn a_dropped_call_is_abandoned_and_no_longer_in_flight() {
    let breaker = breaker();
    let mut call = Box::pin(breaker.call(pending::<Result<(), ()>>));
    assert!(call.as_mut().now_or_never().is_none());
    assert_eq!(breaker.snapshot().in_flight, 1);
    drop(call);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.totals.abandoned), (0, 1));
    assert_eq!(snapshot.state, State::Closed);
}

#[tokio::test]
async fn a_call_that_was_never_polled_asks_nothing() {
    let breaker = breaker();
    drop(breaker.call(pending::<Result<(), ()>>));
    assert_eq!(breaker.snapshot().totals, Default::default());
}

#[tokio::test]
async fn a_dropped_call_is_a_failure_if_the_builder_says_so() {
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(2)
        .abandoned_as(AbandonedAs::Failure)
        .build()
        .unwrap();
    for _ in 0..2 {
        let timed_out = breaker.call(pending::<Result<(), ()>>).now_or_never();
        assert!(timed_out.is_none());
    }
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, State::Open);
    assert_eq!((snapshot.totals.abandoned, snapshot.totals.failure), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_gives_its_place_back_at_once() {
    let breaker = half_open().await;
    for _ in 0..100 {
        assert!(
            breaker
                .call(pending::<Result<(), ()>>)
                .now_or_never()
                .is_none()
        );
        drop(breaker.try_acquire().unwrap());
    }
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(breaker.snapshot().totals.abandoned, 200);
}

#[tokio::test]
async fn a_panic_counts_as_a_failure_and_goes_on_unwinding() {
    let breaker = breaker();
    let call = breaker.call(|| async {
        if true {
            panic!("boom");
        }
        Ok::<(), ()>(())
    });
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!(
        (totals.panicked, totals.failure, totals.abandoned),
        (1, 1, 0)
    );
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().in_flight, 0);
}

#[test]
fn a_panic_in_a_blocking_call_a_permit_holder_or_a_classifier_counts_as_a_failure() {
    type Panicking = fn(&CircuitBreaker);
    let cases: [Panicking; 4] = [
        |breaker| drop(breaker.call_blocking(|| -> Result<(), ()> { panic!("boom") })),
        |breaker| {
            let _permit = breaker.try_acquire().unwrap();
            panic!("boom");
        },
        |breaker| {
            let judged = breaker.classify(|_: &Result<(), ()>| panic!("boom"));
            drop(judged.call_blocking(|| Ok(())));
        },
        // The closure itself, before there is a future.
        |breaker| {
            let call = breaker.call(|| -> std::future::Ready<Result<(), ()>> { panic!("boom") });
            drop(call.now_or_never());
        },
    ];
    for panicking in cases {
        let breaker = breaker();
        assert!(catch_unwind(AssertUnwindSafe(|| panicking(&breaker))).is_err());
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.totals.panicked, 1);
        assert_eq!((snapshot.state, snapshot.in_flight), (State::Open, 0));
    }
}

#[test]
fn a_call_dropped_by_somebody_elses_panic_is_abandoned_not_failed() {
    let breaker = breaker();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut call = Box::pin(breaker.call(pending::<Result<(), ()>>));
        assert!(call.as_mut().now_or_never().is_none());
        panic!("elsewhere");
    }));
    assert!(result.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.abandoned, totals.panicked), (1, 0));
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn late_results_of_every_kind_move_nothing() {
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(1)
        .success_threshold(1)
        .abandoned_as(AbandonedAs::Failure)
        .max_probes(2)
        .build()
        .unwrap();
    let late: Vec<_> = (0..4).map(|_| breaker.try_acquire().unwrap()).collect();
    breaker.try_acquire().unwrap().failure();
    advance(Duration::from_secs(30)).await;
    let probe = breaker.try_acquire().unwrap();
    let mut late = late.into_iter();
    late.next().unwrap().success();
    assert_eq!(breaker.state(), State::HalfOpen, "a late success closed it");
    late.next().unwrap().failure();
    drop(late.next());
    assert_eq!(breaker.state(), State::HalfOpen, "a late failure opened it");
    let second = breaker.try_acquire().unwrap();
    assert!(
        breaker.try_acquire().is_err(),
        "a late result freed a probe's place"
    );
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
    second.failure();
    assert_eq!(breaker.state(), State::Closed, "a late probe opened it");
    late.next().unwrap().failure();
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.consecutive_failures, snapshot.in_flight), (0, 0));
    assert_eq!(snapshot.totals.stale, 5);
}

#[tokio::test]
async fn a_permit_outlives_every_handle() {
    let breaker = breaker();
    let weak = breaker.downgrade();
    let permit = breaker.try_acquire().unwrap();
    drop(breaker);
    assert!(weak.upgrade().is_some());
    permit.success();
    assert!(weak.upgrade().is_none());
}
