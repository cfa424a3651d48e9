//! The tower layer: one state behind every service, rejections that do not call, and
//! classifiers.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use steadfast_breaker::tower::{BreakerLayer, BreakerService, Classify};
use steadfast_breaker::{CircuitBreaker, Error, Outcome, State};
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt, service_fn};

mod composed;
mod endings;
mod readiness;

const OPEN_FOR: Duration = Duration::from_secs(30);

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("db")
        .failure_threshold(1)
        .success_threshold(1)
        .open_for(OPEN_FOR)
        .build()
        .unwrap()
}

fn open() -> CircuitBreaker {
    let breaker = breaker();
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.state(), State::Open);
    breaker
}

fn rejected<T, E>(answer: Result<T, Error<E>>) -> bool {
    answer.is_err_and(|error| error.rejected().is_some())
}

/// Answers with its request, and holds its callers to tower's contract: each instance must have been
/// ready before its call, and its clones are not.
#[derive(Debug, Default)]
struct Strict {
    calls: Arc<AtomicUsize>,
    ready: bool,
}

impl Strict {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            calls: Arc::clone(&self.calls),
            ready: false,
        }
    }
}

impl Service<Result<u32, &'static str>> for Strict {
    type Response = u32;
    type Error = &'static str;
    type Future = Ready<Result<u32, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Result<u32, &'static str>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        self.calls.fetch_add(1, Ordering::Relaxed);
        ready(request)
    }
}

#[tokio::test]
async fn a_layer_applied_a_thousand_times_has_one_state() {
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(1_000)
        .build()
        .unwrap();
    let layer = BreakerLayer::new(breaker.clone());
    for failures in 0..1_000 {
        assert_eq!(breaker.snapshot().consecutive_failures, failures);
        let service = layer.clone().layer(Strict::default());
        assert_eq!(
            service.oneshot(Err("down")).await,
            Err(Error::Operation("down"))
        );
    }
    assert_eq!(breaker.state(), State::Open);
    assert!(rejected(
        layer.layer(Strict::default()).oneshot(Ok(1)).await
    ));
}

#[test]
fn the_breaker_is_reachable_from_the_layer_and_from_every_service() {
    let breaker = breaker();
    let layer = BreakerLayer::new(breaker.clone());
    let judging = layer
        .clone()
        .classify(|_: &Result<u32, &str>| Outcome::Ignored);
    let mut service = judging.clone().layer(Strict::default());
    for handle in [
        layer.breaker(),
        judging.breaker(),
        layer.layer(Strict::default()).breaker(),
        service.clone().breaker(),
    ] {
        assert!(handle.ptr_eq(&breaker));
    }
    service.inner_mut().ready = true;
    assert!(service.inner().ready && service.into_inner().ready);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_call_does_not_call_the_inner_service() {
    let breaker = open();
    let mut service = BreakerLayer::new(breaker.clone()).layer(Strict::default());
    advance(Duration::from_secs(10)).await;
    let error = service
        .ready()
        .await
        .unwrap()
        .call(Ok(1))
        .await
        .unwrap_err();
    let rejection = error.rejected().unwrap();
    assert_eq!(rejection.retry_after(), Some(Duration::from_secs(20)));
    assert_eq!(service.inner().calls(), 0);
    advance(Duration::from_secs(20)).await;
    assert_eq!(service.call(Ok(1)).await, Ok(1), "still ready from before");
    assert_eq!(service.inner().calls(), 1);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let mut service = BreakerLayer::new(breaker()).layer(Strict::default());
    for n in 0..10 {
        assert_eq!(service.ready().await.unwrap().call(Ok(n)).await, Ok(n));
        assert_eq!(service.clone().oneshot(Ok(n)).await, Ok(n));
    }
    assert_eq!(service.inner().calls(), 20);
}

#[tokio::test]
async fn a_classifier_decides_what_counts_and_not_what_is_returned() {
    let limit = 500;
    let layer =
        BreakerLayer::new(breaker()).classify(
            move |answer: &Result<u32, &'static str>| match answer {
                Ok(status) if *status >= limit => Outcome::Failure,
                Err(_) => Outcome::Ignored,
                Ok(_) => Outcome::Success,
            },
        );
    let service = layer.layer(Strict::default());
    assert_eq!(
        service.clone().oneshot(Err("bad request")).await,
        Err(Error::Operation("bad request"))
    );
    assert_eq!(service.clone().oneshot(Ok(200)).await, Ok(200));
    assert_eq!(layer.breaker().state(), State::Closed);
    assert_eq!(service.oneshot(Ok(503)).await, Ok(503));
    assert_eq!(layer.breaker().state(), State::Open);
    let totals = layer.breaker().snapshot().totals;
    assert_eq!((totals.ignored, totals.success, totals.failure), (1, 1, 1));
}

#[tokio::test]
async fn a_classifier_with_a_name_judges_services_of_different_types() {
    #[derive(Clone)]
    struct Lenient;
    impl<T, E> Classify<T, E> for Lenient {
        fn classify(&self, _: &Result<T, E>) -> Outcome {
            Outcome::Ignored
        }
    }
    let layer: BreakerLayer<Lenient> = BreakerLayer::new(breaker()).classify(Lenient);
    let numbers: BreakerService<Strict, Lenient> = layer.layer(Strict::default());
    let words = layer.layer(service_fn(|word: String| async { Err::<(), _>(word) }));
    assert!(numbers.oneshot(Err("down")).await.is_err());
    assert!(words.oneshot("down".to_owned()).await.is_err());
    assert_eq!(layer.breaker().snapshot().totals.ignored, 2);
}
