//! Readiness: whose it is, when it is asked for, and what becomes of an error of it.

use std::future::{Ready, pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use steadfast_retry::tower::{Error, RetryLayer};
use steadfast_retry::{Ended, Failure, Reason, Totals, Verdict};
use tokio::time::advance;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Strict, ended, exhausted};
use crate::{exact, ms};

#[tokio::test(start_paused = true)]
async fn every_service_is_ready_before_it_is_called() {
    let retry = exact().max_attempts(3).build().unwrap();
    for failures in 0..=3 {
        let layer = RetryLayer::new(retry.clone());
        let mut service = layer.layer(Strict::failing(failures));
        let ready = ServiceExt::<()>::ready(&mut service).await.unwrap();
        assert_eq!(ready.call(()).await.is_ok(), failures < 3);
        assert_eq!(service.inner().calls(), 3.min(failures + 1));
        assert!(!service.inner().ready, "the ready one was left behind");
        let ready = ServiceExt::<()>::ready(&mut service).await.unwrap();
        assert!(ready.call(()).await.is_ok());
    }
    assert_eq!(retry.snapshot().totals.panicked, 0);
}

/// Fails calls. Fails to become ready too, when it has been asked `sound` times, and must not be asked
/// again then.
struct Failing {
    asked: Arc<AtomicU32>,
    sound: u32,
    dead: bool,
}

impl Failing {
    fn after(sound: u32) -> Self {
        Self {
            asked: Arc::default(),
            sound,
            dead: false,
        }
    }
}

impl Clone for Failing {
    fn clone(&self) -> Self {
        assert!(!self.dead, "cloned after it had failed");
        Self {
            asked: Arc::clone(&self.asked),
            ..*self
        }
    }
}

impl Service<()> for Failing {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        assert!(!self.dead, "asked again after it had failed");
        self.dead = self.asked.fetch_add(1, Ordering::Relaxed) >= self.sound;
        Poll::Ready(if self.dead { Err("closed") } else { Ok(()) })
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Err("down"))
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_before_a_call_is_passed_on_and_counts_as_nothing() {
    let retry = exact().build().unwrap();
    let service = RetryLayer::new(retry.clone()).layer(Failing::after(0));
    for _ in 0..10 {
        let answer = service.clone().oneshot(()).await;
        assert_eq!(answer, Err(Error::NotReady("closed")));
    }
    assert_eq!(service.inner().asked.load(Ordering::Relaxed), 10);
    assert_eq!(retry.snapshot().totals, Totals::default());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_in_a_retry_is_the_result_of_that_attempt() {
    let retry = exact().max_attempts(4).build().unwrap();
    let service = RetryLayer::new(retry).layer(Failing::after(2));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (4, Reason::Attempts));
    assert_eq!(given_up.last, Failure::Operation("closed"));
    let before: Vec<_> = given_up.history.iter().map(|past| past.ended).collect();
    let [down, closed] = ["down", "closed"].map(Ended::Error);
    assert_eq!(before, [down, down, closed], "nothing is forgotten");
}

#[tokio::test(start_paused = true)]
async fn the_classifier_judges_an_error_of_readiness() {
    let service = RetryLayer::new(exact().build().unwrap())
        .classify(|answer: &Result<(), &str>| match answer {
            Err("closed") => Verdict::Stop,
            _ => Verdict::Retry,
        })
        .layer(Failing::after(1));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (2, Reason::NotRetryable));
    assert_eq!(given_up.last, Failure::Operation("closed"));
    assert_eq!(given_up.history.last_error(), Some(&"down"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_to_be_ready_during_a_backoff() {
    let service = RetryLayer::new(exact().build().unwrap()).layer(Failing::after(9));
    let asked = Arc::clone(&service.inner().asked);
    let asked = || asked.load(Ordering::Relaxed);
    let mut response = Box::pin(service.oneshot(()));
    for expected in [1, 2] {
        assert!(response.as_mut().now_or_never().is_none());
        assert_eq!(asked(), expected);
        advance(ms(99)).await;
        assert!(response.as_mut().now_or_never().is_none());
        assert_eq!(asked(), expected, "asked in the wait");
        advance(ms(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_below_is_free_during_the_backoff() {
    let limited = ConcurrencyLimit::new(Strict::failing(1), 1);
    let mut other = limited.clone();
    let service = RetryLayer::new(exact().build().unwrap()).layer(limited);
    let mut response = Box::pin(service.oneshot(()));
    assert!(response.as_mut().now_or_never().is_none());
    let other_call = ServiceExt::<()>::ready(&mut other).now_or_never();
    assert!(other_call.is_some(), "the place was held in the wait");
    advance(ms(100)).await;
    assert!(
        response.as_mut().now_or_never().is_none(),
        "the other has it"
    );
    drop(other);
    assert_eq!(response.now_or_never(), Some(Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_cut_off_before_it_was_ready_leaves_the_queue() {
    let inner = service_fn(|_: ()| ready(Err::<(), _>("down")));
    let limited = ConcurrencyLimit::new(inner, 1);
    let [mut first, mut second] = [limited.clone(), limited.clone()];
    let retry = exact().attempt_timeout(ms(50)).build().unwrap();
    let service = RetryLayer::new(retry.clone()).layer(limited);
    let mut response = Box::pin(service.oneshot(()));
    assert!(response.as_mut().now_or_never().is_none());
    first.ready().await.unwrap();
    advance(ms(100)).await;
    assert!(response.as_mut().now_or_never().is_none(), "in the queue");
    assert_eq!(retry.snapshot().waiting, 0);
    advance(ms(50)).await;
    assert!(response.as_mut().now_or_never().is_none(), "in the wait");
    let snapshot = retry.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.attempt_timeouts), (1, 1));
    drop(first);
    let place = second.ready().now_or_never();
    assert!(place.is_some(), "given to a call that no longer wants it");
}

#[tokio::test(start_paused = true)]
async fn waiting_to_become_ready_again_takes_of_the_time_of_the_call() {
    /// Is ready once.
    #[derive(Default)]
    struct Once {
        called: bool,
    }
    impl Clone for Once {
        fn clone(&self) -> Self {
            Self { called: true }
        }
    }
    impl Service<()> for Once {
        type Response = ();
        type Error = &'static str;
        type Future = Ready<Result<(), &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            if self.called {
                return Poll::Pending;
            }
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.called = true;
            ready(Err("down"))
        }
    }
    let retry = exact().max_elapsed(ms(1_000)).build().unwrap();
    let service = RetryLayer::new(retry).layer(Once::default());
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (2, Reason::Deadline));
    assert_eq!(given_up.last, Failure::TimedOut { after: ms(900) });
}

#[tokio::test]
async fn readiness_is_the_inner_services_own() {
    let limited = ConcurrencyLimit::new(service_fn(|_: ()| pending::<Result<(), &str>>()), 1);
    let mut service = RetryLayer::new(exact().build().unwrap()).layer(limited.clone());
    let mut other = limited;
    other.ready().await.unwrap();
    assert!(service.ready().now_or_never().is_none());
    drop(other);
    assert!(service.ready().now_or_never().is_some());
}
