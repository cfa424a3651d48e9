//! Handlers: what they hear, and what they cannot break.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use steadfast_telemetry::{Event, EventKind, Filter, Telemetry};

use crate::export::Bench;
use crate::speaker::{LONG, Speaker, listener, stuck};

#[test]
fn handlers_hear_what_their_filter_chooses_in_order() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let filters = [
        Filter::all(),
        Filter::from(EventKind::HttpRequest),
        Filter::kinds([EventKind::HttpRequest, EventKind::AmqpConnection]).named(["b", "c"]),
        Filter::kinds([]),
        Filter::all().named(Vec::<String>::new()),
    ];
    let ends: Vec<_> = filters
        .into_iter()
        .enumerate()
        .map(|(index, filter)| {
            let (handler, hears) = listener();
            telemetry
                .attach(index.to_string(), filter, handler)
                .unwrap();
            hears
        })
        .collect();
    speaker.say("a");
    speaker.request("b");
    speaker.say("b");
    speaker.request("d");

    assert!(telemetry.flush(LONG));
    let heard: Vec<Vec<_>> = ends.iter().map(|end| end.try_iter().collect()).collect();
    assert_eq!(heard[0], ["a", "b", "b", "d"]);
    assert_eq!(heard[1], ["b", "d"]);
    assert_eq!(heard[2], ["b", "b"]);
    assert!(heard[3].is_empty());
    assert!(heard[4].is_empty());
}

#[test]
fn a_stuck_handler_holds_up_no_one_and_what_is_dropped_is_counted() {
    let bench = Bench::with_queue(2);
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let stuck = stuck(telemetry, "stuck");
    speaker.say("first");
    stuck.runs.recv_timeout(LONG).unwrap();

    // The handler is in the middle of the first event; two fit in the queue, five are dropped.
    // This thread is the proof: it comes through while the handler waits for it.
    for _ in 0..7 {
        speaker.say("more");
    }
    speaker.request("dropped too");
    let snapshot = telemetry.snapshot();
    assert_eq!(snapshot.queued, 3);
    assert_eq!(snapshot.dropped, 6);
    assert_eq!(snapshot.queue_waiting, 2);
    assert!(!telemetry.flush(Duration::ZERO));

    let events = |event, outcome| {
        let event = ("resilience.event", event);
        let outcome = ("resilience.outcome", outcome);
        let export = bench.export();
        export.value("resilience.telemetry.events", &[event, outcome])
    };
    assert_eq!(events("amqp_connection", "queued"), 3.0);
    assert_eq!(events("amqp_connection", "dropped"), 5.0);
    assert_eq!(events("http_request", "dropped"), 1.0);
    assert_eq!(events("retry", "dropped"), 0.0);

    drop(stuck); // lets it go on, now and later
    assert!(telemetry.flush(LONG));
    assert_eq!(telemetry.snapshot().queue_waiting, 0);
}

#[test]
fn a_handler_hears_only_what_happens_after_it_was_attached() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let stuck = stuck(&telemetry, "stuck");
    speaker.say("before");
    stuck.runs.recv_timeout(LONG).unwrap();
    speaker.say("before, but still in the queue");

    let (handler, hears) = listener();
    telemetry.attach("late", Filter::all(), handler).unwrap();
    speaker.say("after");
    for _ in 0..3 {
        stuck.go_on.send(()).unwrap();
    }
    assert!(telemetry.flush(LONG));
    assert_eq!(hears.try_iter().collect::<Vec<_>>(), ["after"]);
}

#[test]
fn a_detached_handler_is_gone_with_all_it_owned() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let (handler, hears) = listener();
    telemetry.attach("log", Filter::all(), handler).unwrap();
    speaker.say("a");
    assert!(telemetry.flush(LONG));

    assert!(telemetry.detach("log"));
    speaker.say("b");
    assert!(telemetry.flush(LONG));
    assert_eq!(hears.try_recv().unwrap(), "a");
    assert_eq!(hears.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

#[test]
fn detach_waits_for_the_run_under_way() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let stuck = stuck(&telemetry, "stuck");
    speaker.say("a");
    stuck.runs.recv_timeout(LONG).unwrap();

    let (detached, is_detached) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(telemetry.detach("stuck"));
            detached.send(()).unwrap();
        });
        // Gone from the roster, so detach is under way; but it must not be through.
        while !telemetry.snapshot().handlers.is_empty() {
            thread::yield_now();
        }
        assert_eq!(is_detached.try_recv(), Err(mpsc::TryRecvError::Empty));
        stuck.go_on.send(()).unwrap();
        is_detached.recv_timeout(LONG).unwrap();
    });
    assert_eq!(
        stuck.runs.try_recv(),
        Err(mpsc::TryRecvError::Disconnected),
        "the closure is dropped"
    );
}

#[test]
fn a_handler_can_detach_itself_and_others_and_cannot_lock_itself_up() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let (done, is_done) = mpsc::channel();
    let weak = telemetry.downgrade();
    let once = move |_: &Event| {
        let telemetry = weak.upgrade().unwrap();
        assert!(!telemetry.flush(LONG), "it cannot wait for itself");
        assert!(telemetry.detach("once"));
        assert!(telemetry.detach("other"));
        telemetry.attach("next", Filter::all(), |_| ()).unwrap();
        done.send(telemetry.snapshot().handlers.len()).unwrap();
    };
    let (handler, hears) = listener();
    telemetry.attach("once", Filter::all(), once).unwrap();
    telemetry.attach("other", Filter::all(), handler).unwrap();
    speaker.say("a");
    speaker.say("b");
    assert!(telemetry.flush(LONG));

    assert_eq!(is_done.try_iter().collect::<Vec<_>>(), [1]);
    assert_eq!(is_done.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert_eq!(hears.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

#[test]
fn a_handler_that_pushes_events_hears_them_next() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let echo = Arc::clone(&speaker);
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| {
        heard.send(event.name().to_owned()).unwrap();
        if event.kind() == EventKind::AmqpConnection {
            echo.request("echo");
        }
    };
    telemetry.attach("echo", Filter::all(), handler).unwrap();
    speaker.say("call");
    assert_eq!(hears.recv_timeout(LONG).unwrap(), "call");
    assert_eq!(hears.recv_timeout(LONG).unwrap(), "echo");
}

#[test]
fn many_threads_lose_no_event_uncounted() {
    let bench = Bench::with_queue(8);
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let count = move |_: &Event| {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let filter = EventKind::AmqpConnection;
    telemetry.attach("count", filter, count).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| speaker.say("a")));
        }
    });
    assert!(telemetry.flush(LONG));
    let snapshot = telemetry.snapshot();
    assert_eq!(snapshot.queued + snapshot.dropped, 4000);
    assert_eq!(calls.load(Ordering::Relaxed) as u64, snapshot.queued);
}

#[test]
fn no_handler_runs_after_detach_returned_however_busy_it_is() {
    let telemetry = Telemetry::new();
    let speaker = Speaker::watched_by(&telemetry);
    let stop = AtomicBool::new(false);
    let late = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                speaker.say("a");
                thread::yield_now();
            }
        });
        for _ in 0..500 {
            let (running, runs) = mpsc::channel();
            let detached = Arc::new(AtomicBool::new(false));
            let (gone, count) = (Arc::clone(&detached), Arc::clone(&late));
            let handler = move |_: &Event| {
                let _ = running.send(());
                thread::yield_now();
                if gone.load(Ordering::SeqCst) {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            };
            telemetry.attach("busy", Filter::all(), handler).unwrap();
            runs.recv_timeout(LONG).unwrap();
            assert!(telemetry.detach("busy"));
            detached.store(true, Ordering::SeqCst);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(late.load(Ordering::SeqCst), 0);
}
