//! Panics of the inner service, wherever they come from, and polls after the end.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Readiness,
    Call,
    Future,
}

/// Panics where it is told to.
#[derive(Debug, Clone)]
struct Faulty(Fault);

impl Service<()> for Faulty {
    type Response = u32;
    type Error = &'static str;
    type Future = Work;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        assert!(self.0 != Fault::Readiness, "on purpose");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Work {
        assert!(self.0 != Fault::Call, "on purpose");
        Box::pin(poll_fn(|_| panic!("on purpose")))
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap()
}

/// Polls a response that panics, and tells with which message.
fn panics<F: Future + Unpin>(response: &mut F) -> String {
    let polled = catch_unwind(AssertUnwindSafe(|| response.now_or_never().is_some()));
    message(&*polled.unwrap_err()).to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_the_place_back_at_once_even_if_the_response_is_kept() {
    for fault in [Fault::Readiness, Fault::Call, Fault::Future] {
        let bulkhead = bulkhead();
        let mut service = BulkheadLayer::new(bulkhead.clone()).layer(Faulty(fault));
        let mut response = service.call(());
        assert_eq!(panics(&mut response), "on purpose");
        let snapshot = bulkhead.snapshot();
        assert_eq!((snapshot.busy, snapshot.totals.completed), (0, 1));

        let again = panics(&mut response);
        assert!(again.contains("polled again"), "{fault:?}: {again}");
        drop(response);
        assert_eq!(bulkhead.snapshot(), snapshot, "given back twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_a_wait_hands_the_place_to_the_next_in_line() {
    for fault in [Fault::Readiness, Fault::Call, Fault::Future] {
        let bulkhead = bulkhead();
        let held = bulkhead.try_acquire().unwrap();
        let layer = BulkheadLayer::new(bulkhead.clone());
        let mut faulty = layer.layer(Faulty(fault)).call(());
        assert!((&mut faulty).now_or_never().is_none());
        let next = call(&layer.layer(Probe::default()), done());
        drop(held);
        assert_eq!(panics(&mut faulty), "on purpose");
        assert_eq!(next.now_or_never(), Some(Ok(1)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_polled_after_its_end_panics_and_counts_nothing() {
    let bulkhead = bulkhead();
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let mut answered = service.call(done());
    assert_eq!((&mut answered).await, Ok(1));
    bulkhead.close();
    let mut refused = service.call(done());
    assert_eq!(reason((&mut refused).await), Reason::Closed);
    let before = bulkhead.snapshot();
    for response in [&mut answered, &mut refused] {
        assert!(panics(response).contains("polled again"));
    }
    assert_eq!(bulkhead.snapshot(), before);
}

#[test]
fn a_wait_without_a_timer_panics_and_leaves_the_line() {
    let bulkhead = bulkhead();
    let probe = Probe::default();
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(probe.clone());
    let held = bulkhead.try_acquire().unwrap();
    let mut response = service.call(done());
    assert!(panics(&mut response).contains("runtime"));
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (0, 1));
    drop(held);
    assert!(panics(&mut response).contains("polled again"));
    assert_eq!((bulkhead.snapshot().busy, probe.counts()), (0, (0, 0)));
}
