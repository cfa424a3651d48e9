//! The tower layer: one retry behind every service, what comes back, and classifiers.

use std::error::Error as _;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use steadfast_retry::tower::{Classify, Error, RetryLayer, RetryService};
use steadfast_retry::{Exhausted, Failure, Reason, Retry, Verdict};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{exact, ms, now};

mod composed;
mod copies;
mod endings;
mod readiness;

/// Fails so many times, then answers with the number of the call. Holds its callers to tower's contract:
/// each instance must have been ready before its call, and its clones are not.
#[derive(Debug, Default)]
struct Strict {
    calls: Arc<AtomicU32>,
    failures: u32,
    ready: bool,
}

impl Strict {
    fn failing(failures: u32) -> Self {
        Self {
            failures,
            ..Self::default()
        }
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            calls: Arc::clone(&self.calls),
            failures: self.failures,
            ready: false,
        }
    }
}

impl<R> Service<R> for Strict {
    type Response = u32;
    type Error = &'static str;
    type Future = Ready<Result<u32, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: R) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        ready(if call > self.failures {
            Ok(call)
        } else {
            Err("down")
        })
    }
}

/// The call that was given up.
fn exhausted<T, E>(answer: Result<T, Error<E>>) -> Box<Exhausted<E>> {
    answer.err().and_then(Error::into_exhausted).unwrap()
}

fn ended<E>(exhausted: &Exhausted<E>) -> (u32, Reason) {
    (exhausted.attempts, exhausted.reason)
}

#[tokio::test(start_paused = true)]
async fn a_layer_applied_a_thousand_times_has_one_retry() {
    let retry = exact().max_attempts(2).build().unwrap();
    let layer = RetryLayer::new(retry.clone());
    for _ in 0..1_000 {
        let service = layer.clone().layer(Strict::failing(1));
        assert_eq!(service.oneshot(()).await, Ok(2));
    }
    let totals = retry.snapshot().totals;
    assert_eq!((totals.after_retry, totals.retries), (1_000, 1_000));
}

#[test]
fn the_retry_is_reachable_from_the_layer_and_from_every_service() {
    let retry = exact().build().unwrap();
    let layer = RetryLayer::new(retry.clone());
    let judging = layer
        .clone()
        .classify(|_: &Result<u32, &str>| Verdict::Stop)
        .clone_request(|_: &()| None::<()>);
    let mut service = judging.clone().layer(Strict::default());
    let same = |other: &Retry| other.downgrade().ptr_eq(&retry.downgrade());
    for handle in [
        layer.retry(),
        judging.retry(),
        layer.layer(Strict::default()).retry(),
        service.clone().retry(),
    ] {
        assert!(same(handle));
    }
    service.inner_mut().ready = true;
    assert!(service.inner().ready && service.into_inner().ready);
}

#[tokio::test(start_paused = true)]
async fn sends_again_after_each_backoff_until_a_response_comes() {
    let retry = exact().build().unwrap();
    let service = RetryLayer::new(retry.clone()).layer(Strict::failing(2));
    let begin = now();
    assert_eq!(service.clone().oneshot(()).await, Ok(3));
    assert_eq!(begin.elapsed(), ms(100 + 200));
    assert_eq!(service.oneshot(()).await, Ok(4));
    let totals = retry.snapshot().totals;
    assert_eq!((totals.first_try, totals.after_retry), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_tells_its_story() {
    let retry = exact().max_attempts(3).build().unwrap();
    let service = RetryLayer::new(retry).layer(Strict::failing(9));
    let given_up = exhausted(service.clone().oneshot(()).await);
    assert_eq!(ended(&given_up), (3, Reason::Attempts));
    assert_eq!(given_up.elapsed, ms(300));
    assert_eq!(given_up.last, Failure::Operation("down"));
    let before = given_up
        .history
        .iter()
        .map(|past| (past.error(), past.wait));
    let down = Some(&"down");
    assert_eq!(
        before.collect::<Vec<_>>(),
        [(down, ms(100)), (down, ms(200))]
    );
    assert_eq!(given_up.name(), "test");
    assert_eq!(service.inner().calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_comes_back_even_if_it_was_not_accepted() {
    let layer =
        RetryLayer::new(exact().build().unwrap()).classify(
            |answer: &Result<u32, &str>| match answer {
                Ok(..500) => Verdict::Accept,
                _ => Verdict::Retry,
            },
        );
    let sent = AtomicU32::new(500);
    let service = layer.layer(service_fn(|_: ()| {
        ready(Ok::<_, &str>(sent.fetch_add(1, Ordering::Relaxed)))
    }));
    assert_eq!(service.oneshot(()).await, Ok(504));
    let totals = layer.retry().snapshot().totals;
    assert_eq!((totals.exhausted_attempts, totals.first_try), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_classifier_can_end_a_call_at_once() {
    let last = "down";
    let layer = RetryLayer::new(exact().build().unwrap()).classify(
        move |answer: &Result<u32, &'static str>| match answer {
            Err(error) if *error == last => Verdict::Stop,
            _ => Verdict::Retry,
        },
    );
    let service = layer.layer(Strict::failing(9));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (1, Reason::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_waited_for() {
    let layer =
        RetryLayer::new(exact().build().unwrap()).classify(|answer: &Result<u32, &'static str>| {
            match answer {
                Ok(_) => Verdict::Accept,
                Err(_) => Verdict::RetryAfter(ms(5_000)),
            }
        });
    let begin = now();
    assert_eq!(layer.layer(Strict::failing(1)).oneshot(()).await, Ok(2));
    assert_eq!(begin.elapsed(), ms(5_000));
}

#[tokio::test(start_paused = true)]
async fn a_classifier_with_a_name_judges_services_of_different_types() {
    #[derive(Clone)]
    struct Strictly;
    impl<T, E> Classify<T, E> for Strictly {
        fn classify(&self, _: &Result<T, E>) -> Verdict {
            Verdict::Stop
        }
    }
    let layer: RetryLayer<Strictly> = RetryLayer::new(exact().build().unwrap()).classify(Strictly);
    let numbers: RetryService<Strict, Strictly> = layer.layer(Strict::failing(1));
    let words = layer.layer(service_fn(|word: String| async { Err::<(), _>(word) }));
    assert!(numbers.oneshot(()).await.is_err());
    assert!(words.oneshot("down".to_owned()).await.is_err());
    assert_eq!(layer.retry().snapshot().totals.not_retryable, 2);
}

#[tokio::test(start_paused = true)]
async fn the_inner_error_is_at_the_end_of_the_chain_and_nothing_is_told_twice() {
    let disk = || io::Error::other("disk");
    let retry = exact().max_attempts(1).build().unwrap();
    let service = RetryLayer::new(retry).layer(service_fn(|_: ()| ready(Err::<(), _>(disk()))));
    let given_up = service.oneshot(()).await.unwrap_err();
    for error in [given_up, Error::NotReady(disk())] {
        let told = error.to_string();
        assert!(!told.contains("disk"), "{told}");
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), "disk");
        assert!(source.is::<io::Error>());
        assert_eq!(error.operation().unwrap().to_string(), "disk");
        assert_eq!(error.exhausted().is_some(), told.contains("gave up"));
        assert_eq!(error.into_operation().unwrap().to_string(), "disk");
    }
}
