//! The ways a call through the layer ends besides a result: dropped, panicked, rejected.

use std::future::{Ready, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::poll_fn;
use steadfast_breaker::tower::{BreakerLayer, Classify};
use steadfast_breaker::{CircuitBreaker, Outcome, State, Totals};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{breaker, open, rejected};

#[tokio::test]
async fn a_dropped_response_is_abandoned_whether_it_was_polled_or_not() {
    let breaker = breaker();
    let mut service =
        BreakerLayer::new(breaker.clone()).layer(service_fn(|_: ()| pending::<Result<(), &str>>()));
    let unpolled = service.ready().await.unwrap().call(());
    let mut polled = service.ready().await.unwrap().call(());
    assert!((&mut polled).now_or_never().is_none());
    assert_eq!(breaker.snapshot().in_flight, 2);
    drop(unpolled);
    drop(polled);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.totals.abandoned), (0, 2));
    assert_eq!(snapshot.state, State::Closed);
}

#[tokio::test]
async fn a_response_dropped_by_somebody_elses_panic_is_abandoned_not_failed() {
    let breaker = breaker();
    let mut service =
        BreakerLayer::new(breaker.clone()).layer(service_fn(|_: ()| pending::<Result<(), &str>>()));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let mut response = service.call(());
        assert!((&mut response).now_or_never().is_none());
        panic!("elsewhere");
    }));
    assert!(panic.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.abandoned, totals.panicked), (1, 0));
    assert_eq!(breaker.state(), State::Closed);
}

fn one_panic(totals: Totals) -> bool {
    (totals.panicked, totals.failure, totals.abandoned) == (1, 1, 0)
}

#[test]
fn a_panic_in_call_counts_as_a_failure() {
    let breaker = breaker();
    let mut service =
        BreakerLayer::new(breaker.clone()).layer(service_fn(|_: ()| -> Ready<Result<(), &str>> {
            panic!("boom")
        }));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(service.call(())))).is_err());
    let snapshot = breaker.snapshot();
    assert!(one_panic(snapshot.totals), "{snapshot:?}");
    assert_eq!((snapshot.state, snapshot.in_flight), (State::Open, 0));
}

#[test]
fn a_panic_in_the_response_settles_the_call_at_once_even_if_the_response_is_kept() {
    let breaker = breaker();
    let mut service = BreakerLayer::new(breaker.clone()).layer(service_fn(|_: ()| {
        poll_fn(|_| -> Poll<Result<(), &str>> { panic!("boom") })
    }));
    let mut response = service.call(());
    assert_eq!(breaker.snapshot().in_flight, 1);
    assert!(catch_unwind(AssertUnwindSafe(|| (&mut response).now_or_never())).is_err());
    let snapshot = breaker.snapshot();
    assert!(one_panic(snapshot.totals), "{snapshot:?}");
    assert_eq!((snapshot.state, snapshot.in_flight), (State::Open, 0));
    drop(response);
    assert_eq!(breaker.snapshot().totals, snapshot.totals, "counted again");
}

#[test]
fn a_panic_in_the_classifier_counts_as_a_failure() {
    let breaker = breaker();
    let judged = BreakerLayer::new(breaker.clone())
        .classify(|_: &Result<(), &str>| panic!("boom"))
        .layer(service_fn(|_: ()| ready(Ok(()))));
    assert!(catch_unwind(AssertUnwindSafe(|| judged.oneshot(()).now_or_never())).is_err());
    let snapshot = breaker.snapshot();
    assert!(one_panic(snapshot.totals), "{snapshot:?}");
    assert_eq!((snapshot.state, snapshot.in_flight), (State::Open, 0));
}

/// Its first clone, the service's, is a good one; the second, the call's, is not to be had.
#[derive(Default)]
struct ClonedOnce(usize);

impl Clone for ClonedOnce {
    fn clone(&self) -> Self {
        assert!(self.0 == 0, "boom");
        Self(self.0 + 1)
    }
}

impl Classify<(), &'static str> for ClonedOnce {
    fn classify(&self, _: &Result<(), &'static str>) -> Outcome {
        Outcome::Success
    }
}

#[test]
fn a_panic_in_cloning_the_classifier_counts_as_a_failure() {
    let breaker = breaker();
    let mut service = BreakerLayer::new(breaker.clone())
        .classify(ClonedOnce::default())
        .layer(service_fn(|_: ()| ready(Ok(()))));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(service.call(())))).is_err());
    assert!(one_panic(breaker.snapshot().totals));
}

/// Runs its closure when it is dropped: while the thread unwinds, if a panic drops it.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn calls_made_while_the_thread_unwinds_count_by_their_own_ending() {
    let breaker = CircuitBreaker::builder("db").build().unwrap();
    let layer = BreakerLayer::new(breaker.clone());
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _cleanup = OnDrop(|| {
            let fine = layer.layer(service_fn(|_: ()| ready(Ok::<_, ()>(()))));
            assert!(fine.oneshot(()).now_or_never().is_some());
            let slow = layer.layer(service_fn(|_: ()| pending::<Result<(), ()>>()));
            assert!(slow.oneshot(()).now_or_never().is_none());
            let bad = layer.layer(service_fn(|_: ()| async {
                if true {
                    panic!("boom");
                }
                Ok::<_, ()>(())
            }));
            let call = AssertUnwindSafe(|| bad.clone().oneshot(()).now_or_never());
            assert!(catch_unwind(call).is_err());
        });
        panic!("elsewhere");
    }));
    assert!(panic.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!(
        (totals.success, totals.abandoned, totals.panicked),
        (1, 1, 1)
    );
    assert_eq!(totals.failure, 1);
}

#[test]
fn a_rejected_response_that_is_polled_again_panics_and_counts_nothing() {
    let breaker = open();
    let before = breaker.snapshot().totals;
    let mut service =
        BreakerLayer::new(breaker.clone()).layer(service_fn(|_: ()| ready(Ok::<_, ()>(()))));
    let mut response = service.call(());
    assert!(rejected((&mut response).now_or_never().unwrap()));
    assert!(catch_unwind(AssertUnwindSafe(|| (&mut response).now_or_never())).is_err());
    let after = breaker.snapshot().totals;
    assert_eq!((after.rejected, after.panicked), (1, 0));
    assert_eq!(after.failure, before.failure);
}
