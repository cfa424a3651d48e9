//! Handlers that panic: detached, counted, told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use steadfast_telemetry::{Detail, Event, EventKind, Filter};

use crate::export::Bench;
use crate::speaker::{LONG, Speaker, listener};

fn panics(bench: &Bench, handler: &'static str) -> f64 {
    let handler = ("resilience.handler", handler);
    let export = bench.export();
    export.value("resilience.telemetry.handler_panics", &[handler])
}

#[test]
fn a_handler_that_panics_is_gone_with_all_it_owned_and_the_others_stay() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let (held, holds) = mpsc::channel::<()>();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let bad = move |_: &Event| {
        let _held = &held;
        counted.fetch_add(1, Ordering::Relaxed);
        panic!("cannot stand events\nnor this");
    };
    let (good, hears) = listener();
    let wanted = [EventKind::AmqpConnection];
    telemetry.attach("bad", Filter::kinds(wanted), bad).unwrap();
    telemetry
        .attach("good", Filter::kinds(wanted), good)
        .unwrap();
    speaker.say("a");
    speaker.say("b");
    assert!(telemetry.flush(LONG));

    assert_eq!(hears.try_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(holds.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    let snapshot = telemetry.snapshot();
    let attached: Vec<_> = snapshot.handlers.iter().map(|one| &*one.id).collect();
    assert_eq!(attached, ["good"]);
    assert_eq!(snapshot.detached.len(), 1);
    assert_eq!(&*snapshot.detached[0].id, "bad");
    assert_eq!(&*snapshot.detached[0].panic, "cannot stand events");
    assert!(!telemetry.detach("bad"));
    assert_eq!(panics(&bench, "bad"), 1.0);
    assert_eq!(panics(&bench, "good"), 0.0);
}

#[test]
fn it_is_told_to_the_others_in_words_even_if_the_queue_is_full() {
    let bench = Bench::with_queue(1);
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let (running, runs) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let bad = move |_: &Event| {
        running.send(()).unwrap();
        may_go_on.recv().unwrap();
        panic!("cannot stand {}", "events");
    };
    let (told, tells) = mpsc::channel();
    let good = move |event: &Event| told.send(event.clone()).unwrap();
    telemetry
        .attach("bad", EventKind::AmqpConnection, bad)
        .unwrap();
    telemetry
        .attach("good", EventKind::Telemetry, good)
        .unwrap();
    speaker.say("a");
    runs.recv_timeout(LONG).unwrap();
    speaker.say("fills the queue");
    go_on.send(()).unwrap();

    let event = tells.recv_timeout(LONG).unwrap();
    assert!(matches!(event.detail(), Detail::HandlerDetached(_)));
    assert_eq!((event.kind(), event.name()), (EventKind::Telemetry, "bad"));
    assert_eq!(
        event.to_string(),
        "event handler bad: detached, it panicked: cannot stand events"
    );
}

#[test]
fn handlers_that_panic_at_that_go_as_well_one_after_the_other() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    for id in ["a", "b", "c"] {
        let bad = |event: &Event| panic!("no {event}");
        telemetry.attach(id, Filter::all(), bad).unwrap();
    }
    let touchy = |_: &Event| panic!("touchy");
    telemetry
        .attach("touchy", EventKind::Telemetry, touchy)
        .unwrap();
    speaker.say("once");
    assert!(telemetry.flush(LONG));
    let snapshot = telemetry.snapshot();
    assert!(snapshot.handlers.is_empty());
    let gone: Vec<_> = snapshot.detached.iter().map(|one| &*one.id).collect();
    assert_eq!(gone, ["a", "touchy", "b", "c"]);
}

#[test]
fn its_id_is_free_again_and_its_count_goes_on() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    for round in 1..=3_u32 {
        let bad = |_: &Event| panic!("again");
        telemetry
            .attach("bad", EventKind::AmqpConnection, bad)
            .unwrap();
        let before = telemetry.snapshot().handlers[0].panics;
        assert_eq!(before, u64::from(round) - 1);
        speaker.say("a");
        assert!(telemetry.flush(LONG));
        assert_eq!(panics(&bench, "bad"), f64::from(round));
    }
}

#[test]
fn nobody_waits_for_ever_for_a_handler_that_panics_while_it_is_detached() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let (running, runs) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let bad = move |_: &Event| {
        running.send(()).unwrap();
        may_go_on.recv().unwrap();
        panic!("after all");
    };
    telemetry.attach("bad", Filter::all(), bad).unwrap();
    speaker.say("a");
    runs.recv_timeout(LONG).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(telemetry.detach("bad")));
        while !telemetry.snapshot().handlers.is_empty() {
            std::thread::yield_now();
        }
        go_on.send(()).unwrap();
    });
    assert_eq!(
        runs.try_recv(),
        Err(mpsc::TryRecvError::Disconnected),
        "detach came back when the closure was dropped"
    );
    assert!(telemetry.flush(LONG));
    assert_eq!(panics(&bench, "bad"), 1.0);
}
