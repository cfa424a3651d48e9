//! How a telemetry object ends.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use steadfast_telemetry::{
    AmqpConnection, AmqpState, Event, EventKind, EventSink, EventSinks, Filter, Source, Telemetry,
};

use crate::export::Bench;

const LONG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Speaker(EventSinks);

impl Speaker {
    fn say(&self) {
        self.0.push(EventKind::AmqpConnection, || {
            AmqpConnection::new("orders", AmqpState::Connected)
        });
    }
}

impl Source for Speaker {
    fn name(&self) -> &str {
        "speaker"
    }

    fn watched(&self, sink: EventSink) {
        self.0.add(sink);
    }
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let telemetry = Telemetry::new();
    let clone = telemetry.clone();
    let (held, holds) = mpsc::channel::<()>();
    let handler = move |_: &Event| drop(held.clone());
    telemetry.attach("log", Filter::all(), handler).unwrap();

    drop(telemetry);
    assert_eq!(clone.snapshot().handlers.len(), 1);
    assert_eq!(holds.try_recv(), Err(mpsc::TryRecvError::Empty));

    drop(clone);
    // The thread drops the handlers as the last thing it does.
    assert_eq!(
        holds.recv_timeout(LONG),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn dropping_the_last_handle_waits_for_no_handler_and_no_queue() {
    let telemetry = Telemetry::new();
    let speaker = Arc::new(Speaker::default());
    telemetry.watch(&speaker);
    let (running, runs) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let handler = move |_: &Event| {
        let _ = running.send(());
        let _ = may_go_on.recv();
    };
    telemetry.attach("stuck", Filter::all(), handler).unwrap();
    let (next, next_runs) = mpsc::channel();
    let handler = move |_: &Event| next.send(()).unwrap();
    telemetry.attach("next", Filter::all(), handler).unwrap();
    for _ in 0..10 {
        speaker.say();
    }
    runs.recv_timeout(LONG).unwrap();

    // Comes back although the handler is stuck and nine events are waiting.
    drop(telemetry);
    go_on.send(()).unwrap();
    assert_eq!(
        runs.recv_timeout(LONG),
        Err(mpsc::RecvTimeoutError::Disconnected),
        "the events in the queue were not handled any more"
    );
    assert_eq!(
        next_runs.recv_timeout(LONG),
        Err(mpsc::RecvTimeoutError::Disconnected),
        "nor was the next handler called with the event at hand"
    );
}

#[test]
fn the_last_handle_may_go_on_the_handler_thread() {
    let telemetry = Telemetry::new();
    let speaker = Arc::new(Speaker::default());
    telemetry.watch(&speaker);
    let (held, holds) = mpsc::channel::<()>();
    let (keep, kept) = mpsc::channel();
    let handler = move |_: &Event| {
        let _held = &held;
        drop(kept.recv_timeout(LONG).unwrap());
    };
    telemetry.attach("last", Filter::all(), handler).unwrap();
    speaker.say();
    keep.send(telemetry).unwrap();
    assert_eq!(
        holds.recv_timeout(LONG),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn a_handler_whose_drop_panics_does_not_take_the_others_along() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    let telemetry = Telemetry::new();
    let bomb = Bomb;
    let bad = move |_: &Event| {
        let _ = &bomb;
    };
    let (held, holds) = mpsc::channel::<()>();
    let good = move |_: &Event| drop(held.clone());
    telemetry.attach("bad", Filter::all(), bad).unwrap();
    telemetry.attach("good", Filter::all(), good).unwrap();
    drop(telemetry);
    assert_eq!(
        holds.recv_timeout(LONG),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn metrics_end_with_the_last_handle() {
    let bench = Bench::new();
    assert!(!bench.export().0.is_empty());
    drop(bench.telemetry);
    assert!(bench.far_end.export().0.is_empty());
}

#[test]
fn a_thread_that_has_nothing_to_do_ends_as_well() {
    for round in 0..200 {
        let telemetry = Telemetry::new();
        let (held, holds) = mpsc::channel::<()>();
        let handler = move |_: &Event| drop(held.clone());
        telemetry.attach("log", Filter::all(), handler).unwrap();
        let speaker = Arc::new(Speaker::default());
        telemetry.watch(&speaker);
        speaker.say();
        assert!(telemetry.flush(LONG));
        // Most of the time it waits for the next event by then.
        (0..100).for_each(|_| std::thread::yield_now());
        drop(telemetry);
        let end = holds.recv_timeout(LONG);
        assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected), "{round}");
    }
}
