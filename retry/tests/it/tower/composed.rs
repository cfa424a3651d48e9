//! The layer among tower's own and the breaker's: builders, buffers, limits, timeouts, boxes, many tasks.

use std::future::{Ready, pending, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use steadfast_breaker::tower::BreakerLayer;
use steadfast_breaker::{CircuitBreaker, Error as Guarded, State};
use steadfast_retry::tower::{Error, RetryLayer, RetryService};
use steadfast_retry::{Reason, Verdict};
use tower::buffer::Buffer;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{Strict, ended, exhausted};
use crate::{exact, ms, now};

fn patient<T, E>(answer: &Result<T, Guarded<E>>) -> Verdict {
    match answer {
        Ok(_) => Verdict::Accept,
        Err(Guarded::Rejected(rejected)) => Verdict::Rejected(rejected.retry_after()),
        Err(_) => Verdict::Retry,
    }
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("db")
        .failure_threshold(2)
        .success_threshold(1)
        .open_for(ms(10_000))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_breaker_below_sees_every_attempt_and_says_when_to_come_back() {
    let breaker = breaker();
    let layer = RetryLayer::new(exact().build().unwrap()).classify(patient);
    let service = ServiceBuilder::new()
        .layer(layer)
        .layer(BreakerLayer::new(breaker.clone()))
        .service(Strict::failing(2));
    let begin = now();
    assert_eq!(service.oneshot(()).await, Ok(3));
    // The first backoff, then what is left of the time that the breaker is open after the second.
    assert_eq!(begin.elapsed(), ms(100 + 10_000));
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.failure, totals.rejected, totals.success), (2, 1, 1));
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_stays_open_too_long_ends_the_call() {
    let retry = exact().max_retry_after(ms(9_000)).build().unwrap();
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(retry).classify(patient))
        .layer(BreakerLayer::new(breaker()))
        .service(Strict::failing(9));
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (3, Reason::Breaker));
    assert_eq!(given_up.retry_after(), Some(ms(9_800)));
    let before = given_up.history.last_error();
    assert_eq!(before, Some(&Guarded::Operation("down")));
}

#[tokio::test(start_paused = true)]
async fn a_call_given_up_can_be_found_behind_a_buffer() {
    let inner = service_fn(|_: ()| ready(Err::<(), _>(io::Error::other("disk"))));
    let retry = exact().build().unwrap();
    let service = Buffer::new(RetryLayer::new(retry.clone()).layer(inner), 4);
    let error = service.clone().oneshot(()).await.unwrap_err();
    let error = error.downcast_ref::<Error<io::Error>>().unwrap();
    assert_eq!(error.exhausted().unwrap().attempts, 5);
    assert!(service.oneshot(()).await.is_err(), "the buffer is alive");
    assert_eq!(retry.snapshot().totals.exhausted_attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn sends_again_through_a_buffer_below_it() {
    let layer = RetryLayer::new(exact().build().unwrap());
    let service = layer.layer(Buffer::new(Strict::failing(2), 1));
    assert_eq!(service.oneshot(()).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_below_limits_each_attempt() {
    let layer = RetryLayer::new(exact().max_attempts(2).build().unwrap()).classify(
        |answer: &Result<(), BoxError>| match answer {
            Err(error) if error.is::<Elapsed>() => Verdict::Retry,
            _ => Verdict::Stop,
        },
    );
    let service = ServiceBuilder::new()
        .layer(layer)
        .timeout(ms(50))
        .service(service_fn(|_: ()| pending::<Result<(), &str>>()));
    let begin = now();
    let given_up = exhausted(service.oneshot(()).await);
    assert_eq!(ended(&given_up), (2, Reason::Attempts));
    assert_eq!(begin.elapsed(), ms(50 + 100 + 50));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_above_abandons_the_call() {
    let retry = exact().build().unwrap();
    let service = ServiceBuilder::new()
        .timeout(ms(150))
        .layer(RetryLayer::new(retry.clone()))
        .service(service_fn(|_: ()| {
            ready(Err::<(), _>(io::Error::other("disk")))
        }));
    assert!(service.oneshot(()).await.unwrap_err().is::<Elapsed>());
    let snapshot = retry.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (0, 1));
    assert_eq!(snapshot.totals.retries, 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_above_holds_its_place_through_the_waits() {
    let service = ServiceBuilder::new()
        .concurrency_limit(1)
        .layer(RetryLayer::new(exact().build().unwrap()))
        .service(Strict::failing(1));
    let mut response = Box::pin(service.clone().oneshot(()));
    assert!(response.as_mut().now_or_never().is_none());
    let mut other = service;
    assert!(ServiceExt::<()>::ready(&mut other).now_or_never().is_none());
    assert_eq!(response.await, Ok(2));
    assert!(ServiceExt::<()>::ready(&mut other).now_or_never().is_some());
}

#[test]
fn everything_is_send_and_static_and_fits_into_a_box() {
    fn boxed<S>(service: S) -> BoxCloneService<(), u32, S::Error>
    where
        S: Service<(), Response = u32> + Clone + Send + 'static,
        S::Future: Send + 'static,
    {
        BoxCloneService::new(service)
    }
    let layer = RetryLayer::new(exact().base_backoff(ms(0)).build().unwrap());
    let plain: RetryService<Strict> = layer.layer(Strict::failing(1));
    let judging = layer
        .clone()
        .classify(|answer: &Result<u32, &'static str>| match answer {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::Retry,
        })
        .clone_request(|_: &()| Some(()))
        .layer(Strict::failing(1));
    let around_a_box = layer.layer(BoxCloneService::new(Strict::failing(1)));
    for service in [boxed(plain), boxed(judging), boxed(around_a_box)] {
        assert_eq!(service.oneshot(()).now_or_never(), Some(Ok(2)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cloned_services_in_many_tasks_are_counted_by_one_retry() {
    const TASKS: u32 = 32;
    let retry = exact().base_backoff(ms(0)).build().unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let service = RetryLayer::new(retry.clone()).layer(service_fn({
        let calls = Arc::clone(&calls);
        move |_: ()| -> Ready<Result<(), &'static str>> {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            ready(if call < TASKS { Err("down") } else { Ok(()) })
        }
    }));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| tokio::spawn(service.clone().oneshot(())))
        .collect();
    let mut given_up = 0;
    for task in tasks {
        given_up += u64::from(task.await.unwrap().is_err());
    }
    let totals = retry.snapshot().totals;
    let ended = totals.first_try + totals.after_retry + totals.exhausted_attempts;
    assert_eq!(ended, u64::from(TASKS));
    assert_eq!(totals.exhausted_attempts, given_up);
    let sent = u64::from(calls.load(Ordering::Relaxed));
    assert_eq!(u64::from(TASKS) + totals.retries, sent);
}
