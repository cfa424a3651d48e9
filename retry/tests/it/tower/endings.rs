//! The ways a call through the layer ends besides a result: dropped, cut off, panicked, out of budget.

use std::future::{Future, Ready, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::poll_fn;
use steadfast_retry::tower::RetryLayer;
use steadfast_retry::{Budget, Deadline, Failure, Reason, Retry, Totals, Verdict};
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Strict, ended, exhausted};
use crate::{exact, ms, now};

/// Counts the futures that are under way.
#[derive(Debug, Default)]
struct UnderWay(AtomicU32);

impl UnderWay {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// A future that never ends, but may be dropped.
    fn hang(&self) -> impl Future<Output = Result<(), &'static str>> {
        struct Leave<'a>(&'a AtomicU32);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        let leave = Leave(&self.0);
        async move {
            let _leave = leave;
            pending().await
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_response_drops_its_attempt_and_is_abandoned() {
    let retry = exact().build().unwrap();
    let under_way = UnderWay::default();
    let mut service = RetryLayer::new(retry.clone()).layer(service_fn(|_: ()| under_way.hang()));
    let mut response = Box::pin(service.ready().await.unwrap().call(()));
    assert_eq!(under_way.count(), 0, "sent before it was polled");
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(under_way.count(), 1);
    drop(response);
    assert_eq!(under_way.count(), 0);
    assert_eq!(retry.snapshot().totals.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_dropped_in_a_wait_is_abandoned_and_no_longer_waiting() {
    let retry = exact().build().unwrap();
    let service = RetryLayer::new(retry.clone()).layer(Strict::failing(9));
    let mut response = Box::pin(service.oneshot(()));
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(retry.snapshot().waiting, 1);
    drop(response);
    let snapshot = retry.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (0, 1));
}

#[tokio::test]
async fn a_response_never_polled_sends_nothing_and_counts_as_nothing() {
    let retry = exact().build().unwrap();
    let mut service = RetryLayer::new(retry.clone()).layer(Strict::default());
    let ready = ServiceExt::<()>::ready(&mut service).await.unwrap();
    drop(ready.call(()));
    assert_eq!(service.inner().calls(), 0);
    assert_eq!(retry.snapshot().totals, Totals::default());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_dropped_and_sent_again() {
    let retry = exact()
        .max_attempts(2)
        .attempt_timeout(ms(50))
        .build()
        .unwrap();
    let under_way = UnderWay::default();
    let service = RetryLayer::new(retry.clone())
        .classify(|_: &Result<(), &str>| panic!("asked about no result"))
        .layer(service_fn(|_: ()| under_way.hang()));
    let mut response = Box::pin(service.oneshot(()));
    assert!(response.as_mut().now_or_never().is_none());
    advance(ms(50)).await;
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(under_way.count(), 0, "kept through the wait");
    advance(ms(100)).await;
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(under_way.count(), 1);
    let given_up = exhausted(response.await);
    assert_eq!(ended(&given_up), (2, Reason::Attempts));
    assert_eq!(given_up.last, Failure::TimedOut { after: ms(50) });
    assert_eq!(under_way.count(), 0);
    assert_eq!(retry.snapshot().totals.attempt_timeouts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_time_cuts_the_inner_future_off() {
    let cut_by_deadline = exact().deadline(Deadline::after(ms(800)));
    let begin = now();
    for builder in [cut_by_deadline, exact().max_elapsed(ms(800))] {
        let under_way = UnderWay::default();
        let service =
            RetryLayer::new(builder.build().unwrap()).layer(service_fn(|_: ()| under_way.hang()));
        let given_up = exhausted(service.oneshot(()).await);
        assert_eq!(ended(&given_up), (1, Reason::Deadline));
        assert_eq!(given_up.last, Failure::TimedOut { after: ms(800) });
        assert_eq!(under_way.count(), 0);
    }
    assert_eq!(begin.elapsed(), ms(1_600));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_the_deadline() {
    let over = Deadline::after(ms(10));
    advance(ms(10)).await;
    let retry = exact().deadline(over).build().unwrap();
    let mut service = RetryLayer::new(retry)
        .clone_request(|_: &()| panic!("copied in vain"))
        .layer(Strict::default());
    let given_up = exhausted(service.ready().await.unwrap().call(()).await);
    assert_eq!(ended(&given_up), (0, Reason::Deadline));
    assert_eq!(given_up.last, Failure::NotBegun);
    assert_eq!(service.inner().calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn all_services_of_a_layer_take_their_retries_from_one_budget() {
    // Three retries in ten seconds, whatever the calls.
    let budget = Budget::builder("test").share(0.0).min_per_second(0.3);
    let budget = budget.build().unwrap();
    let retry = exact().budget(budget.clone()).build().unwrap();
    let layer = RetryLayer::new(retry.clone());
    let first = layer.clone().layer(Strict::failing(9));
    let given_up = exhausted(first.clone().oneshot(()).await);
    assert_eq!(ended(&given_up), (4, Reason::Budget));
    let given_up = exhausted(layer.layer(Strict::failing(9)).oneshot(()).await);
    assert_eq!(ended(&given_up), (1, Reason::Budget));
    let snapshot = budget.snapshot();
    assert_eq!(
        (snapshot.calls, snapshot.spent, snapshot.waiting),
        (2, 3, 0)
    );
    assert_eq!(retry.snapshot().totals.exhausted_budget, 2);
}

#[tokio::test(start_paused = true)]
async fn a_response_dropped_in_a_wait_gives_its_retry_back_to_the_budget() {
    let budget = Budget::builder("test").share(1.0).build().unwrap();
    let retry = exact().budget(budget.clone()).build().unwrap();
    let service = RetryLayer::new(retry).layer(Strict::failing(9));
    let mut response = Box::pin(service.oneshot(()));
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(budget.snapshot().waiting, 1);
    drop(response);
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.given_back), (0, 1));
}

/// Panics once in the call, after so many retries.
fn panics_once(retry: &Retry, retries: u64, call: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    let mut totals = retry.snapshot().totals;
    assert_eq!((totals.panicked, totals.retries), (1, retries));
    (totals.panicked, totals.retries) = (0, 0);
    assert_eq!(totals, Totals::default());
}

#[test]
fn a_panic_below_is_counted_wherever_it_comes_from() {
    let sound = || service_fn(|_: ()| ready(Err::<(), _>("down")));
    let at_once = || exact().base_backoff(ms(0)).build().unwrap();

    let retry = at_once();
    let calls =
        RetryLayer::new(retry.clone()).layer(service_fn(|_: ()| -> Ready<Result<(), &str>> {
            panic!("boom")
        }));
    panics_once(&retry, 0, || drop(calls.oneshot(()).now_or_never()));

    let retry = at_once();
    let polled = RetryLayer::new(retry.clone()).layer(service_fn(|_: ()| {
        poll_fn(|_| -> Poll<Result<(), &str>> { panic!("boom") })
    }));
    panics_once(&retry, 0, || drop(polled.oneshot(()).now_or_never()));

    let retry = at_once();
    let judged = RetryLayer::new(retry.clone())
        .classify(|_: &Result<(), &str>| -> Verdict { panic!("boom") })
        .layer(sound());
    panics_once(&retry, 0, || drop(judged.oneshot(()).now_or_never()));

    let retry = at_once();
    let copied = RetryLayer::new(retry.clone())
        .clone_request(|_: &()| -> Option<()> { panic!("boom") })
        .layer(sound());
    panics_once(&retry, 0, || drop(copied.oneshot(()).now_or_never()));

    let retry = at_once();
    let asked = AtomicU32::new(0);
    let unready = RetryLayer::new(retry.clone()).layer(Unready(&asked));
    panics_once(&retry, 1, || drop(unready.oneshot(()).now_or_never()));
}

/// Panics when it is to become ready for the second time.
#[derive(Clone)]
struct Unready<'a>(&'a AtomicU32);

impl Service<()> for Unready<'_> {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        assert_eq!(self.0.fetch_add(1, Ordering::Relaxed), 0, "boom");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Err("down"))
    }
}
