//! The layer among tower's own.

use tokio::time::{Sleep, sleep, timeout};
use tower::{
    BoxError, ServiceBuilder, buffer::Buffer, limit::ConcurrencyLimit, load_shed::LoadShed, retry,
    service_fn, timeout::error::Elapsed, util::BoxCloneService,
};

use super::*;

/// Layers above that box errors want `std::error::Error`s, or strings.
fn text(error: Error<&'static str>) -> String {
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_router_that_layers_anew_for_each_request_has_one_line() {
    let bulkhead = bulkhead();
    let layer = BulkheadLayer::new(bulkhead.clone());
    let router = service_fn(move |work: Work| {
        let route = ServiceBuilder::new()
            .layer(layer.clone())
            .service(Probe::default());
        route.oneshot(work)
    });
    let mut calls: Vec<Response> = Vec::new();
    for _ in 0..3 {
        calls.push(Box::pin(router.clone().oneshot(done())));
    }
    let held = bulkhead.try_acquire().unwrap();
    assert!(poll(&mut calls[0], &Alarm::new()).is_pending());
    assert!(poll(&mut calls[1], &Alarm::new()).is_pending());
    assert!(matches!(
        poll(&mut calls[2], &Alarm::new()),
        Poll::Ready(Err(_))
    ));
    drop(held);
    assert_eq!(calls.remove(0).await, Ok(1));
    assert_eq!(calls.remove(0).await, Ok(1));
}

#[derive(Clone)]
struct Twice;

impl<E> retry::Policy<u32, u32, E> for Twice {
    type Future = Sleep;

    fn retry(&mut self, left: &mut u32, result: &mut Result<u32, E>) -> Option<Sleep> {
        *left = left.checked_sub(1)?;
        result.is_err().then(|| sleep(TIMEOUT * 10))
    }

    fn clone_request(&mut self, left: &u32) -> Option<u32> {
        Some(*left)
    }
}

#[tokio::test(start_paused = true)]
async fn retries_above_hold_no_place_between_attempts_and_take_one_for_each() {
    let bulkhead = bulkhead();
    let service = ServiceBuilder::new()
        .layer(retry::RetryLayer::new(Twice))
        .layer(BulkheadLayer::new(bulkhead.clone()))
        .service(service_fn(|left: u32| {
            ready(if left > 0 { Err("down") } else { Ok(7) })
        }));
    let mut response = Box::pin(service.oneshot(2));
    assert!(timeout(TIMEOUT, &mut response).await.is_err());
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.completed), (0, 1));
    assert_eq!(response.await, Ok(7));
    assert_eq!(bulkhead.snapshot().totals.completed, 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_below_ends_the_work_and_gives_its_place_back() {
    let bulkhead = bulkhead();
    let service = ServiceBuilder::new()
        .layer(BulkheadLayer::new(bulkhead.clone()))
        .timeout(TIMEOUT / 2)
        .map_err(BoxError::from)
        .service(Probe::default());
    let (first, second) = tokio::join!(
        service.clone().oneshot(hung()),
        service.clone().oneshot(done())
    );
    let error = first.unwrap_err().into_operation().unwrap();
    assert!(error.is::<Elapsed>());
    assert_eq!(second.unwrap(), 1);
    assert_eq!(bulkhead.snapshot().busy, 0);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_above_covers_the_wait_in_line() {
    let bulkhead = bulkhead();
    let _held = bulkhead.try_acquire().unwrap();
    let service = ServiceBuilder::new()
        .timeout(TIMEOUT / 2)
        .map_err(text)
        .layer(BulkheadLayer::new(bulkhead.clone()))
        .service(Probe::default());
    let error = service.oneshot(done()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_size_of_a_buffer_above_bounds_nothing_but_the_line_does() {
    let bulkhead = bulkhead();
    let _held = bulkhead.try_acquire().unwrap();
    let service = ServiceBuilder::new()
        .map_err(text)
        .layer(BulkheadLayer::new(bulkhead.clone()))
        .service(Probe::default());
    let mut service = Buffer::new(service, 1);
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(tokio::spawn(service.ready().await.unwrap().call(done())));
    }
    let refused = calls.pop().unwrap().await.unwrap().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "bulkhead reports is full: 1 running, 2 waiting"
    );
}

#[tokio::test(start_paused = true)]
async fn a_buffer_below_is_not_filled_by_those_in_line() {
    let service = BulkheadLayer::new(bulkhead()).layer(Buffer::new(Probe::default(), 1));
    let mut busy = service.clone().call(hung());
    assert!((&mut busy).now_or_never().is_none());
    let mut waiting: Vec<_> = (0..2).map(|_| service.clone().call(done())).collect();
    for response in &mut waiting {
        assert!(response.now_or_never().is_none());
    }
    drop(busy);
    for response in waiting {
        assert_eq!(response.await.unwrap(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_shed_above_sheds_nobody_and_the_bulkhead_does() {
    let service = ServiceBuilder::new()
        .map_err(text)
        .layer(BulkheadLayer::new(bulkhead()))
        .service(Probe::default());
    let mut service = LoadShed::new(service);
    let mut calls: Vec<_> = Vec::new();
    for _ in 0..3 {
        calls.push(Box::pin(service.ready().await.unwrap().call(hung())));
        assert!(calls.last_mut().unwrap().now_or_never().is_none());
    }
    let refused = service.ready().await.unwrap().call(hung()).await;
    assert!(refused.unwrap_err().to_string().contains("is full"));
}

#[tokio::test(start_paused = true)]
async fn a_load_shed_below_sheds_what_has_a_place_and_frees_it() {
    let bulkhead = bulkhead();
    let limit = ConcurrencyLimit::new(service_fn(|_: ()| pending::<Result<(), BoxError>>()), 0);
    let service = BulkheadLayer::new(bulkhead.clone()).layer(LoadShed::new(limit));
    let error = service.oneshot(()).await.unwrap_err();
    assert!(
        error
            .into_operation()
            .unwrap()
            .is::<tower::load_shed::error::Overloaded>()
    );
    assert_eq!(bulkhead.snapshot().busy, 0);
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_above_as_large_as_the_bulkhead_holds_the_source_back() {
    let bulkhead = bulkhead();
    let service = ServiceBuilder::new()
        .concurrency_limit(3)
        .layer(BulkheadLayer::new(bulkhead.clone()))
        .service(Probe::default());
    let mut calls: Vec<Response> = Vec::new();
    for _ in 0..3 {
        let mut service = service.clone();
        calls.push(Box::pin(service.ready().await.unwrap().call(hung())));
        assert!(poll(calls.last_mut().unwrap(), &Alarm::new()).is_pending());
    }
    let mut source = service.clone();
    assert!(source.ready().now_or_never().is_none());
    drop(calls.remove(0));
    assert!(source.ready().now_or_never().is_some());
    assert_eq!(bulkhead.snapshot().totals.rejected_full, 0);
}

#[test]
fn everything_is_send_and_static_and_fits_into_a_box() {
    let service = BulkheadLayer::new(bulkhead()).layer(Probe::default());
    let boxed: BoxCloneService<Work, u32, Error<&str>> = BoxCloneService::new(service);
    assert_eq!(boxed.oneshot(done()).now_or_never(), Some(Ok(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_calls_run_than_there_are_places_over_many_tasks() {
    const PLACES: usize = 3;
    let bulkhead = Bulkhead::builder("reports")
        .max_concurrent(PLACES)
        .build()
        .unwrap();
    let running = Arc::new(AtomicUsize::new(0));
    let service = BulkheadLayer::new(bulkhead.clone()).layer(service_fn(move |_: ()| {
        let running = Arc::clone(&running);
        async move {
            let others = running.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, ()>(others)
        }
    }));
    let tasks: Vec<_> = (0..64)
        .map(|_| tokio::spawn(service.clone().oneshot(())))
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap() < PLACES);
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.completed), (0, 64));
}
