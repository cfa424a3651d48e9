//! Readiness reserves nothing; the inner service is made ready by the response, once it has a place.

use std::{sync::Mutex, task::Waker};

use tower::limit::ConcurrencyLimit;

use super::*;

#[tokio::test(start_paused = true)]
async fn who_is_ready_and_never_calls_holds_no_place_and_polls_nothing() {
    let bulkhead = bulkhead();
    let probe = Probe::default();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(probe.clone());
    let mut idle: Vec<_> = (0..10).map(|_| service.clone()).collect();
    for service in &mut idle {
        service.ready().await.unwrap();
    }
    assert_eq!((bulkhead.snapshot().busy, probe.counts()), (0, (0, 0)));
    assert_eq!(service.oneshot(done()).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn is_ready_when_it_is_full_and_when_it_is_closed() {
    let bulkhead = bulkhead();
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let _waiting: Vec<_> = (0..3).map(|_| call(&service, hung())).collect();
    assert!(service.ready().now_or_never().is_some());
    bulkhead.close();
    assert!(service.ready().now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_call_in_line_does_not_ask_the_inner_service() {
    let probe = Probe::default();
    let service = BulkheadLayer::new(bulkhead()).layer(probe.clone());
    let busy = call(&service, hung());
    assert_eq!(probe.counts(), (1, 1));
    let alarm = Alarm::new();
    let mut waiting = call(&service, done());
    for _ in 0..3 {
        assert!(poll(&mut waiting, &alarm).is_pending());
    }
    assert_eq!(probe.counts(), (1, 1));
    drop(busy);
    assert_eq!(alarm.rings(), 1);
    assert_eq!(poll(&mut waiting, &alarm), Poll::Ready(Ok(1)));
    assert_eq!(probe.counts(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn calls_in_line_hold_no_slot_of_a_limit_below() {
    let mut limit = ConcurrencyLimit::new(Probe::default(), 2);
    let service = BulkheadLayer::new(bulkhead()).layer(limit.clone());
    let mut responses: Vec<_> = (0..3).map(|_| service.clone().call(hung())).collect();
    for response in &mut responses {
        assert!(response.now_or_never().is_none());
    }
    // One of the two slots is with the one call that has a place.
    let mut past = limit.clone();
    assert!(past.ready().now_or_never().is_some());
    assert!(limit.ready().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_reserved_before_it_was_wrapped_is_used_by_the_first_call() {
    let mut limit = ConcurrencyLimit::new(Probe::default(), 1);
    limit.ready().await.unwrap();
    let mut service = BulkheadLayer::new(bulkhead()).layer(limit);
    // Were the only slot left in the service, no call would ever get one.
    for _ in 0..2 {
        assert_eq!(service.call(done()).now_or_never(), Some(Ok(1)));
    }
    service.inner_mut().ready().await.unwrap();
    let other = service.clone();
    drop(service.call(done()));
    assert_eq!(other.oneshot(done()).now_or_never(), Some(Ok(1)));
}

/// Its readiness is what the tests say; `None` is not yet.
#[derive(Debug, Default, Clone)]
struct Slow {
    readiness: Arc<Mutex<Option<Result<(), &'static str>>>>,
    waker: Arc<Mutex<Option<Waker>>>,
    probe: Probe,
}

impl Slow {
    fn becomes(&self, readiness: Result<(), &'static str>) {
        *self.readiness.lock().unwrap() = Some(readiness);
        self.waker.lock().unwrap().take().unwrap().wake();
    }
}

impl Service<Work> for Slow {
    type Response = u32;
    type Error = &'static str;
    type Future = Work;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        *self.waker.lock().unwrap() = Some(context.waker().clone());
        match *self.readiness.lock().unwrap() {
            None => Poll::Pending,
            Some(Ok(())) => self.probe.poll_ready(context),
            Some(Err(error)) => Poll::Ready(Err(error)),
        }
    }

    fn call(&mut self, work: Work) -> Work {
        self.probe.call(work)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_holds_its_place_until_the_inner_service_is_ready_and_done() {
    let (bulkhead, slow) = (bulkhead(), Slow::default());
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(slow.clone());
    let (told, answer) = tokio::sync::oneshot::channel();
    let work: Work = Box::pin(answer.map(Result::unwrap));
    let mut response: Response = Box::pin(service.call(work));
    let alarm = Alarm::new();
    for _ in 0..2 {
        assert!(poll(&mut response, &alarm).is_pending());
        assert_eq!((bulkhead.snapshot().busy, slow.probe.counts()), (1, (0, 0)));
    }
    slow.becomes(Ok(()));
    assert_eq!(alarm.rings(), 1);
    for _ in 0..2 {
        assert!(poll(&mut response, &alarm).is_pending());
        assert_eq!((bulkhead.snapshot().busy, slow.probe.counts()), (1, (1, 1)));
    }
    told.send(Err("down")).unwrap();
    let answer = poll(&mut response, &alarm);
    assert_eq!(answer, Poll::Ready(Err(Error::Operation("down"))));
    assert_eq!(bulkhead.snapshot().busy, 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_the_calls_and_gives_the_place_back() {
    let (bulkhead, slow) = (bulkhead(), Slow::default());
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(slow.clone());
    let mut response = service.call(done());
    assert!((&mut response).now_or_never().is_none());
    slow.becomes(Err("gone"));
    let answer = (&mut response).now_or_never();
    assert_eq!(answer, Some(Err(Error::Operation("gone"))));
    assert_eq!((bulkhead.snapshot().busy, slow.probe.counts()), (0, (0, 0)));
    // Those behind are not left standing, and hear the same.
    assert_eq!(service.call(done()).await, Err(Error::Operation("gone")));
}
