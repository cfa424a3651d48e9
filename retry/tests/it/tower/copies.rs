//! When requests are copied, and what becomes of those that cannot be.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use steadfast_retry::tower::{CloneRequest, RetryLayer};
use steadfast_retry::{Failure, Reason, Verdict};
use tokio::time::advance;
use tower::{Layer, ServiceExt, service_fn};

use super::{Strict, ended, exhausted};
use crate::{exact, ms};

/// Counts its copies, and knows how often it has been copied itself.
#[derive(Debug, Default)]
struct Letter {
    copies: Arc<AtomicU32>,
    generation: u32,
}

impl Letter {
    fn of(copies: &Arc<AtomicU32>) -> Self {
        Self {
            copies: Arc::clone(copies),
            generation: 0,
        }
    }
}

impl Clone for Letter {
    fn clone(&self) -> Self {
        self.copies.fetch_add(1, Ordering::Relaxed);
        Self {
            copies: Arc::clone(&self.copies),
            generation: self.generation + 1,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_made_for_each_attempt_that_another_may_follow() {
    for (max_attempts, failures, copies) in [
        (1, 0, 0),
        (1, 1, 0),
        (2, 0, 1),
        (2, 1, 1),
        (2, 2, 1),
        (3, 0, 1),
        (3, 1, 2),
        (3, 2, 2),
        (3, 3, 2),
        (5, 5, 4),
    ] {
        let retry = exact().max_attempts(max_attempts).build().unwrap();
        let service = RetryLayer::new(retry).layer(Strict::failing(failures));
        let made = Arc::default();
        let answer = service.oneshot(Letter::of(&made)).await;
        assert_eq!(answer.is_ok(), failures < max_attempts);
        assert_eq!(
            made.load(Ordering::Relaxed),
            copies,
            "{failures} failures of at most {max_attempts} attempts"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_made_when_an_attempt_begins_and_not_before() {
    let service = RetryLayer::new(exact().build().unwrap()).layer(Strict::failing(9));
    let made = Arc::new(AtomicU32::new(0));
    let copies = || made.load(Ordering::Relaxed);
    let mut response = Box::pin(service.oneshot(Letter::of(&made)));
    assert_eq!(copies(), 0);
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(copies(), 1, "in the first wait");
    advance(ms(99)).await;
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(copies(), 1, "still");
    advance(ms(1)).await;
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(copies(), 2, "in the second wait");
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_sends_the_request_itself() {
    let sent = Mutex::new(Vec::new());
    let retry = exact().max_attempts(3).build().unwrap();
    let service = RetryLayer::new(retry).layer(service_fn(|letter: Letter| {
        sent.lock().unwrap().push(letter.generation);
        ready(Err::<(), _>("down"))
    }));
    assert!(service.oneshot(Letter::default()).await.is_err());
    assert_eq!(*sent.lock().unwrap(), [0, 1, 2]);
}

/// No `Clone`, but with a body that is shared.
struct Shared(Arc<str>);

#[tokio::test(start_paused = true)]
async fn a_request_that_is_no_clone_is_copied_as_the_layer_was_told() {
    let layer = RetryLayer::new(exact().build().unwrap())
        .clone_request(|request: &Shared| Some(Shared(Arc::clone(&request.0))));
    let sent = AtomicU32::new(0);
    let service = layer.layer(service_fn(|request: Shared| {
        let first = sent.fetch_add(1, Ordering::Relaxed) == 0;
        ready(if first { Err("down") } else { Ok(request.0) })
    }));
    let body = Arc::from("body");
    let answer = service.oneshot(Shared(Arc::clone(&body))).await.unwrap();
    assert!(Arc::ptr_eq(&answer, &body));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_copied_is_sent_once() {
    let layer = RetryLayer::new(exact().build().unwrap()).clone_request(|_: &()| None);
    let service = layer.layer(Strict::failing(1));
    let given_up = exhausted(service.clone().oneshot(()).await);
    assert_eq!(ended(&given_up), (1, Reason::NotRetryable));
    assert_eq!(given_up.last, Failure::Operation("down"));
    assert_eq!(service.oneshot(()).await, Ok(2), "a success is one");
    let totals = layer.retry().snapshot().totals;
    assert_eq!(
        (totals.first_try, totals.not_retryable, totals.retries),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_copied_is_not_sent_again_at_once_either() {
    let at_once = exact().base_backoff(ms(0)).history(0).build().unwrap();
    let layer = RetryLayer::new(at_once)
        .clone_request(|letter: &Letter| (letter.generation < 2).then(|| letter.clone()));
    let given_up = exhausted(
        layer
            .layer(Strict::failing(9))
            .oneshot(Letter::default())
            .await,
    );
    assert_eq!(ended(&given_up), (3, Reason::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_can_be_copied_once_is_sent_twice() {
    let layer = RetryLayer::new(exact().build().unwrap())
        .clone_request(|letter: &Letter| (letter.generation == 0).then(|| letter.clone()));
    let service = layer.layer(Strict::failing(9));
    let given_up = exhausted(service.oneshot(Letter::default()).await);
    assert_eq!(ended(&given_up), (2, Reason::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_a_copy_is_the_last_even_if_it_is_cut_off() {
    let retry = exact().attempt_timeout(ms(50)).build().unwrap();
    let service = RetryLayer::new(retry.clone())
        .clone_request(|_: &()| None)
        .layer(service_fn(|_: ()| pending::<Result<(), &str>>()));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (1, Reason::NotRetryable));
    assert_eq!(given_up.last, Failure::TimedOut { after: ms(50) });
    assert_eq!(retry.snapshot().totals.attempt_timeouts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_hint_survives_a_request_that_cannot_be_copied() {
    let service = RetryLayer::new(exact().build().unwrap())
        .classify(|_: &Result<u32, &'static str>| Verdict::RetryAfter(ms(700)))
        .clone_request(|_: &()| None)
        .layer(Strict::failing(1));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(given_up.reason, Reason::NotRetryable);
    assert_eq!(given_up.retry_after(), Some(ms(700)));
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_asks_for_no_copy() {
    let retry = exact().max_attempts(1).build().unwrap();
    let service = RetryLayer::new(retry)
        .clone_request(|_: &()| panic!("copied in vain"))
        .layer(Strict::failing(1));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (1, Reason::Attempts));
}

#[tokio::test(start_paused = true)]
async fn one_way_to_copy_serves_requests_of_different_types() {
    #[derive(Clone)]
    struct Anew;
    impl<R: Default> CloneRequest<R> for Anew {
        fn clone_request(&self, _: &R) -> Option<R> {
            Some(R::default())
        }
    }
    let layer = RetryLayer::new(exact().build().unwrap()).clone_request(Anew);
    let service = || layer.layer(Strict::failing(1));
    assert_eq!(service().oneshot(String::new()).await, Ok(2));
    assert_eq!(service().oneshot(0_u32).await, Ok(2));
}
