//! The tower layer: one bulkhead behind every service.

use std::{
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::FutureExt;
use steadfast_bulkhead::{
    Bulkhead, Error, Reason,
    tower::{BulkheadLayer, BulkheadService, ResponseFuture},
};
use tower::{Layer, Service, ServiceExt};

use crate::support::{Alarm, Boxed, poll};

mod composed;
mod drops;
mod line;
mod panics;
mod readiness;

const TIMEOUT: Duration = Duration::from_secs(2);

/// One place, and two who may wait for it.
fn bulkhead() -> Bulkhead {
    Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_waiting(2)
        .checkout_timeout(TIMEOUT)
        .build()
        .unwrap()
}

/// Requests of the [`Probe`]: what its call is to do.
type Work = Boxed<'static, Answer>;
type Answer = Result<u32, &'static str>;

fn done() -> Work {
    Box::pin(ready(Ok(1)))
}

fn hung() -> Work {
    Box::pin(pending())
}

/// Counts what is done to it and to its clones, and holds its callers to tower's contract: each instance
/// must have been ready before its call, and its clones are not.
#[derive(Debug, Default)]
struct Probe {
    polls: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    ready: bool,
}

impl Probe {
    /// How often it was asked whether it is ready, and how often it was called.
    fn counts(&self) -> (usize, usize) {
        (
            self.polls.load(Ordering::Relaxed),
            self.calls.load(Ordering::Relaxed),
        )
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        Self {
            polls: Arc::clone(&self.polls),
            calls: Arc::clone(&self.calls),
            ready: false,
        }
    }
}

impl Service<Work> for Probe {
    type Response = u32;
    type Error = &'static str;
    type Future = Work;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, work: Work) -> Work {
        let ready = std::mem::take(&mut self.ready);
        assert!(ready, "called without being ready");
        self.calls.fetch_add(1, Ordering::Relaxed);
        work
    }
}

type Response = Boxed<'static, Result<u32, Error<&'static str>>>;

/// A call that was polled once and is not done.
fn call(service: &BulkheadService<Probe>, work: Work) -> Response {
    let mut response: Response = Box::pin(service.clone().call(work));
    assert!(poll(&mut response, &Alarm::new()).is_pending());
    response
}

fn reason<T, E>(answer: Result<T, Error<E>>) -> Reason {
    match answer {
        Err(Error::Rejected(rejected)) => rejected.reason(),
        _ => panic!("it was not rejected"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_applied_a_thousand_times_has_one_set_of_places() {
    let layer = BulkheadLayer::new(bulkhead());
    let hung = call(&layer.layer(Probe::default()), hung());
    for _ in 0..1_000 {
        let mut response = layer.clone().layer(Probe::default()).call(done());
        assert!((&mut response).now_or_never().is_none(), "a second place");
    }
    let snapshot = layer.bulkhead().snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.abandoned), (1, 1_000));
    drop(hung);
    let answer = layer.layer(Probe::default()).oneshot(done()).await;
    assert_eq!(answer, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_service_share_the_places_and_the_line() {
    let service = BulkheadLayer::new(bulkhead()).layer(Probe::default());
    let _busy = call(&service, hung());
    let _waiting = [call(&service, hung()), call(&service.clone(), hung())];
    let full = Reason::Full {
        concurrent: 1,
        waiting: 2,
    };
    assert_eq!(reason(service.oneshot(done()).await), full);
}

#[test]
fn the_bulkhead_is_reachable_from_the_layer_and_from_every_service() {
    let bulkhead = bulkhead();
    let layer = BulkheadLayer::new(bulkhead.clone());
    let mut service = layer.layer(Probe::default());
    let _permit = bulkhead.try_acquire().unwrap();
    for handle in [
        layer.bulkhead(),
        service.bulkhead(),
        service.clone().bulkhead(),
    ] {
        assert_eq!(handle.snapshot(), bulkhead.snapshot());
    }
    service.inner_mut().ready = true;
    assert!(service.inner().ready && service.into_inner().ready);
}

#[test]
fn everything_can_move_between_threads_and_the_response_need_not_be_pinned() {
    fn shared<T: Send + Sync + Unpin>() {}
    fn sent<T: Send + Unpin>() {}
    type Service = tower::limit::ConcurrencyLimit<Probe>;
    shared::<BulkheadLayer>();
    shared::<BulkheadService<Service>>();
    // As far as the inner future can: this one is no `Sync`.
    sent::<ResponseFuture<Probe, Work>>();
    shared::<ResponseFuture<Echo, u32>>();
}

/// Its response is as small as can be.
#[derive(Debug, Clone)]
struct Echo;

impl Service<u32> for Echo {
    type Response = u32;
    type Error = &'static str;
    type Future = std::future::Ready<Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        ready(Ok(request))
    }
}

#[test]
fn a_response_is_five_words_larger_than_what_it_has_to_hold() {
    let largest = size_of::<(Probe, Work)>().max(size_of::<Work>());
    assert!(size_of::<ResponseFuture<Probe, Work>>() <= largest + 5 * size_of::<usize>());
}

#[tokio::test(start_paused = true)]
async fn debug_tells_where_a_response_stands() {
    let layer = BulkheadLayer::new(bulkhead());
    let mut service = layer.layer(Probe::default());
    assert!(format!("{layer:?}").contains("name: \"reports\""));
    assert!(format!("{service:?}").contains("inner: Probe"));
    let mut first = service.call(hung());
    assert_eq!(
        format!("{first:?}"),
        "ResponseFuture { place: Outside, .. }"
    );
    assert!((&mut first).now_or_never().is_none());
    assert!(format!("{first:?}").contains("place: Inside(Permit {"));
    let mut second = service.call(done());
    assert!((&mut second).now_or_never().is_none());
    assert_eq!(
        format!("{second:?}"),
        "ResponseFuture { place: InLine, .. }"
    );
    drop(first);
    assert_eq!((&mut second).await, Ok(1));
    assert_eq!(format!("{second:?}"), "ResponseFuture { place: Gone, .. }");
}
