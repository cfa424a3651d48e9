//! The layer among tower's own: builders, buffers, limits, boxes, many tasks.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use steadfast_breaker::tower::{BreakerLayer, BreakerService};
use steadfast_breaker::{CircuitBreaker, Error, Outcome, State};
use tokio::sync::Barrier;
use tokio::time::advance;
use tower::buffer::Buffer;
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{OPEN_FOR, Strict, breaker, open, rejected};

#[tokio::test(start_paused = true)]
async fn works_in_a_service_builder_through_a_whole_outage() {
    let layer = BreakerLayer::new(breaker());
    let service = ServiceBuilder::new()
        .map_request(|up: bool| if up { Ok(7) } else { Err("down") })
        .layer(layer.clone())
        .service(Strict::default());
    assert_eq!(service.clone().oneshot(true).await, Ok(7));
    let answer = service.clone().oneshot(false).await;
    assert_eq!(answer, Err(Error::Operation("down")));
    assert!(rejected(service.clone().oneshot(true).await));
    advance(OPEN_FOR).await;
    assert_eq!(service.clone().oneshot(true).await, Ok(7));
    let totals = layer.breaker().snapshot().totals;
    assert_eq!((totals.success, totals.failure, totals.rejected), (2, 1, 1));
    assert_eq!(layer.breaker().state(), State::Closed);
}

#[tokio::test]
async fn a_rejection_can_be_found_behind_a_buffer() {
    let inner = service_fn(|_: ()| -> Ready<io::Result<()>> { panic!("called") });
    let service = Buffer::new(BreakerLayer::new(open()).layer(inner), 4);
    let error = service.oneshot(()).await.unwrap_err();
    let error = error.downcast_ref::<Error<io::Error>>().unwrap();
    assert!(error.rejected().is_some());
}

#[tokio::test]
async fn judges_what_comes_out_of_a_buffer_below_it() {
    let layer = BreakerLayer::new(breaker());
    let inner = service_fn(|_: ()| ready(Err::<(), _>(BoxError::from("down"))));
    let service = layer.layer(Buffer::new(inner, 4));
    let error = service.clone().oneshot(()).await.unwrap_err();
    assert_eq!(error.into_operation().unwrap().to_string(), "down");
    assert!(rejected(service.oneshot(()).await));
    assert_eq!(layer.breaker().snapshot().totals.failure, 1);
}

#[tokio::test]
async fn what_a_rejected_call_had_reserved_is_free_once_its_service_is_dropped() {
    let breaker = open();
    let service = ServiceBuilder::new()
        .layer(BreakerLayer::new(breaker.clone()))
        .concurrency_limit(1)
        .service(Strict::default());
    let mut first = service.clone();
    assert!(rejected(first.ready().await.unwrap().call(Ok(1)).await));
    let mut second = service.clone();
    assert!(second.ready().now_or_never().is_none());
    drop(first);
    assert!(second.ready().now_or_never().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cloned_services_in_many_tasks_open_one_breaker_once() {
    const TASKS: usize = 32;
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(u32::try_from(TASKS).unwrap())
        .build()
        .unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let all_called = Arc::new(Barrier::new(TASKS));
    let service = BreakerLayer::new(breaker.clone()).layer(service_fn({
        let calls = Arc::clone(&calls);
        move |_: ()| {
            calls.fetch_add(1, Ordering::Relaxed);
            let all_called = Arc::clone(&all_called);
            async move {
                all_called.wait().await;
                Err::<(), _>("down")
            }
        }
    }));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| tokio::spawn(service.clone().oneshot(())))
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(Error::Operation("down")));
    }
    assert!(rejected(service.oneshot(()).await));
    assert_eq!(calls.load(Ordering::Relaxed), TASKS);
    assert_eq!(breaker.snapshot().totals.opened, 1);
}

#[test]
fn everything_is_send_and_static_and_fits_into_a_box() {
    fn boxed<S>(service: S) -> BoxCloneService<Request, u32, S::Error>
    where
        S: Service<Request, Response = u32> + Clone + Send + 'static,
        S::Future: Send + 'static,
    {
        BoxCloneService::new(service)
    }
    type Request = Result<u32, &'static str>;
    let layer = BreakerLayer::new(breaker());
    let plain: BreakerService<Strict> = layer.layer(Strict::default());
    let judging = layer
        .classify(|_: &Result<u32, &'static str>| Outcome::Success)
        .layer(Strict::default());
    for service in [boxed(plain), boxed(judging)] {
        assert_eq!(service.oneshot(Ok(1)).now_or_never(), Some(Ok(1)));
    }
}
