//! Subscriptions: what they hear, what they miss, and what they cost.

use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use steadfast_telemetry::{EventKind, Filter, Subscription, Telemetry};

use crate::export::Bench;
use crate::speaker::{LONG, Speaker, listener};

fn room(events: usize) -> NonZeroUsize {
    NonZeroUsize::new(events).unwrap()
}

fn names(subscription: &mut Subscription) -> Vec<String> {
    let events = std::iter::from_fn(|| subscription.try_recv());
    events.map(|event| event.name().to_owned()).collect()
}

#[test]
fn it_hears_what_its_filter_chooses_in_order_from_now_on() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    speaker.say("before");
    let mut all = telemetry.subscribe(Filter::all());
    let mut requests = telemetry.subscribe(EventKind::HttpRequest);
    let mut named = telemetry.subscribe(Filter::all().named(["b"]));
    assert_eq!(telemetry.snapshot().subscriptions, 3);
    speaker.say("a");
    speaker.request("b");
    speaker.request("c");
    assert_eq!(names(&mut all), ["a", "b", "c"]);
    assert_eq!(names(&mut requests), ["b", "c"]);
    assert_eq!(names(&mut named), ["b"]);
    assert_eq!(all.missed(), 0);
    let snapshot = telemetry.snapshot();
    assert_eq!(snapshot.queued, 0, "nothing is queued for no handler");
}

#[test]
fn a_reader_that_lags_gets_the_latest_and_knows_how_many_it_missed() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let mut slow = telemetry.subscribe_with_capacity(Filter::all(), room(2));
    let mut usual = telemetry.subscribe(Filter::all());
    for name in ["a", "b", "c", "d", "e"] {
        speaker.say(name);
    }
    speaker.request("f");
    assert_eq!(slow.missed(), 4);
    assert_eq!(names(&mut slow), ["e", "f"]);
    assert_eq!(names(&mut usual).len(), 6);
    assert_eq!((slow.missed(), usual.missed()), (4, 0));
    assert_eq!(telemetry.snapshot().missed, 4);
    let missed = |event| {
        let export = bench.export();
        let event = ("resilience.event", event);
        export.value("resilience.telemetry.missed_events", &[event])
    };
    assert_eq!(missed("amqp_connection"), 4.0);
    assert_eq!(missed("http_request"), 0.0);
}

#[test]
fn it_keeps_256_events_unless_it_is_told_otherwise() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let mut usual = telemetry.subscribe(Filter::all());
    let mut least = telemetry.subscribe_with_capacity(Filter::all(), NonZeroUsize::MIN);
    for _ in 0..300 {
        speaker.say("a");
    }
    assert_eq!((names(&mut usual).len(), usual.missed()), (256, 44));
    assert_eq!((names(&mut least).len(), least.missed()), (1, 299));
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_reader_is_woken_by_an_event_and_by_the_end() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let mut subscription = telemetry.subscribe(Filter::all());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    {
        let mut recv = pin!(subscription.recv());
        assert!(recv.as_mut().poll(&mut context).is_pending());
        speaker.say("a");
        speaker.say("b");
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        let Poll::Ready(Some(event)) = recv.as_mut().poll(&mut context) else {
            panic!("there is an event");
        };
        assert_eq!(event.name(), "a");
    }
    drop(telemetry);
    assert!(!subscription.is_closed(), "one is left to be read");
    let poll = |subscription: &mut Subscription, context: &mut Context<'_>| {
        let next = Pin::new(subscription).poll_next(context);
        next.map(|event| event.map(|event| event.name().to_owned()))
    };
    let last = poll(&mut subscription, &mut context);
    assert_eq!(last, Poll::Ready(Some("b".to_owned())));
    assert_eq!(poll(&mut subscription, &mut context), Poll::Ready(None));
    assert!(subscription.is_closed());
}

#[test]
fn a_reader_that_waits_is_woken_when_telemetry_ends() {
    let telemetry = Telemetry::new();
    let mut subscription = telemetry.subscribe(Filter::all());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    assert!(pin!(subscription.recv()).poll(&mut context).is_pending());
    drop(telemetry);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(subscription.recv_timeout(LONG).is_none());
}

#[test]
fn a_waker_that_panics_hurts_no_call() {
    struct Bomb;

    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("woken");
        }
    }

    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let mut subscription = telemetry.subscribe(Filter::all());
    let waker = Waker::from(Arc::new(Bomb));
    let mut context = Context::from_waker(&waker);
    assert!(pin!(subscription.recv()).poll(&mut context).is_pending());
    speaker.say("a");
    assert_eq!(names(&mut subscription), ["a"]);
}

#[tokio::test]
async fn a_recv_that_is_dropped_loses_nothing() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let mut subscription = telemetry.subscribe(Filter::all());
    {
        let mut dropped = pin!(subscription.recv());
        let poll = poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context).is_pending()));
        assert!(poll.await);
        speaker.say("a");
    }
    speaker.say("b");
    drop(subscription.recv());
    assert_eq!(subscription.recv().await.unwrap().name(), "a");
    assert_eq!(subscription.recv().await.unwrap().name(), "b");
}

#[test]
fn a_thread_can_wait_for_an_event() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let mut subscription = telemetry.subscribe(Filter::all());
    assert!(subscription.recv_timeout(Duration::ZERO).is_none());
    for _ in 0..100 {
        thread::scope(|scope| {
            scope.spawn(|| {
                // So that the other one is there first, most of the time.
                (0..100).for_each(|_| thread::yield_now());
                speaker.say("a");
            });
            assert_eq!(subscription.recv_timeout(LONG).unwrap().name(), "a");
        });
    }
}

#[test]
fn a_dropped_one_costs_nothing_any_more_and_the_handlers_stay() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let (handler, hears) = listener();
    telemetry
        .attach("log", EventKind::HttpRequest, handler)
        .unwrap();
    let subscription = telemetry.subscribe(EventKind::AmqpConnection);
    assert!(speaker.is_heard(EventKind::AmqpConnection));
    drop(subscription);
    assert!(!speaker.is_heard(EventKind::AmqpConnection));
    assert!(speaker.is_heard(EventKind::HttpRequest));
    assert_eq!(telemetry.snapshot().subscriptions, 0);
    speaker.request("a");
    assert!(telemetry.flush(LONG));
    assert_eq!(hears.try_iter().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_subscription_keeps_no_telemetry_alive() {
    let telemetry = Telemetry::new();
    let weak = telemetry.downgrade();
    let subscription = telemetry.subscribe(Filter::all());
    drop(telemetry);
    assert!(weak.upgrade().is_none());
    assert!(subscription.is_closed());
}

#[test]
fn many_threads_and_a_slow_reader_lose_no_event_uncounted() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let mut subscription = telemetry.subscribe_with_capacity(Filter::all(), room(16));
    let mut read = 0;
    thread::scope(|scope| {
        let speakers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..1000).for_each(|_| speaker.say("a"))))
            .collect();
        while !speakers.iter().all(thread::ScopedJoinHandle::is_finished) {
            read += names(&mut subscription).len() as u64;
            thread::yield_now();
        }
    });
    read += names(&mut subscription).len() as u64;
    assert_eq!(read + subscription.missed(), 4000);
}
