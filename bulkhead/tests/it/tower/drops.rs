//! Responses dropped at every awkward moment.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::*;

/// Notes, when it is dropped, how many places were busy.
struct Witness(Bulkhead, Arc<AtomicUsize>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.1.store(self.0.snapshot().busy, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_was_never_polled_counts_nothing() {
    let probe = Probe::default();
    let mut service = BulkheadLayer::new(bulkhead()).layer(probe.clone());
    drop(service.call(done()));
    assert_eq!(service.bulkhead().snapshot(), bulkhead().snapshot());
    assert_eq!(probe.counts(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_response_dropped_in_line_leaves_the_line_at_once() {
    let bulkhead = bulkhead();
    let probe = Probe::default();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(probe.clone());
    let busy = call(&service, hung());
    let (first, second) = (call(&service, hung()), call(&service, done()));
    drop(first);
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (1, 1));
    drop(busy);
    assert_eq!(second.await, Ok(1));
    assert_eq!(probe.counts(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_to_a_response_that_is_dropped_goes_to_the_next() {
    let bulkhead = bulkhead();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let busy = call(&service, hung());
    let (first, second) = (call(&service, hung()), call(&service, done()));
    drop(busy);
    drop(first);
    assert_eq!(second.now_or_never(), Some(Ok(1)));
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_dropped_before_the_inner_service_is_ready_gives_back_both() {
    let bulkhead = bulkhead();
    let limit = tower::limit::ConcurrencyLimit::new(Probe::default(), 1);
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(limit.clone());
    let mut past = limit.clone();
    past.ready().await.unwrap();
    let mut response = service.call(hung());
    assert!((&mut response).now_or_never().is_none());
    assert_eq!(bulkhead.snapshot().busy, 1);
    drop(response);
    assert_eq!(bulkhead.snapshot().busy, 0);
    drop(past);
    assert_eq!(
        service.call(done()).await,
        Ok(1),
        "the limit's slot is free"
    );
}

#[tokio::test(start_paused = true)]
async fn the_inner_future_is_dropped_before_its_place_is_free() {
    let bulkhead = bulkhead();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let busy = Arc::new(AtomicUsize::new(0));
    for hangs in [true, false] {
        let witness = Witness(bulkhead.clone(), Arc::clone(&busy));
        // It keeps the witness until it is dropped, not only until it is done.
        let work: Work = Box::pin(poll_fn(move |_| match (&witness, hangs) {
            (_, true) => Poll::Pending,
            (_, false) => Poll::Ready(Ok(1)),
        }));
        busy.store(0, Ordering::Relaxed);
        let ended = service.clone().call(work).now_or_never().is_some();
        assert_eq!((ended, busy.load(Ordering::Relaxed)), (!hangs, 1));
        assert_eq!(bulkhead.snapshot().busy, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_sent_is_dropped_before_the_place_is_free() {
    let bulkhead = bulkhead();
    let limit = tower::limit::ConcurrencyLimit::new(
        tower::service_fn(|_: Witness| ready(Ok::<_, ()>(()))),
        0,
    );
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(limit);
    let busy = Arc::new(AtomicUsize::new(0));
    let mut response = service.call(Witness(bulkhead.clone(), Arc::clone(&busy)));
    assert!((&mut response).now_or_never().is_none());
    drop(response);
    assert_eq!(busy.load(Ordering::Relaxed), 1);
    assert_eq!(bulkhead.snapshot().busy, 0);
}

/// A call that cannot even be dropped.
struct Spiteful {
    ends: bool,
}

impl Future for Spiteful {
    type Output = Answer;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        match self.ends {
            true => Poll::Ready(Ok(1)),
            false => Poll::Pending,
        }
    }
}

impl Drop for Spiteful {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[tokio::test(start_paused = true)]
async fn the_place_comes_back_even_if_the_drop_of_the_inner_future_panics() {
    let bulkhead = bulkhead();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let running = call(&service, Box::pin(Spiteful { ends: false }));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(running))).is_err());
    assert_eq!(bulkhead.snapshot().busy, 0);

    let mut ending = service.clone().call(Box::pin(Spiteful { ends: true }));
    let poll = AssertUnwindSafe(|| (&mut ending).now_or_never());
    assert!(catch_unwind(poll).is_err());
    assert_eq!(bulkhead.snapshot().busy, 0);
}
