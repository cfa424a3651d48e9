//! Storms of events: the queue stays bounded, and what is dropped is counted and told.

use std::sync::mpsc;

use steadfast_telemetry::{Detail, Event, EventKind, Filter};

use crate::export::Bench;
use crate::speaker::{LONG, Speaker, stuck};

const STORM: u64 = 10_000;

#[test]
fn ten_thousand_events_while_a_handler_sleeps_are_counted_to_the_last() {
    let bench = Bench::with_queue(64);
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let stuck = stuck(telemetry, "asleep");
    let (told, tells) = mpsc::channel();
    let drops = move |event: &Event| {
        if let Detail::EventsDropped(dropped) = event.detail() {
            told.send((dropped.kind, dropped.count)).unwrap();
        }
    };
    speaker.say("first");
    stuck.runs.recv_timeout(LONG).unwrap();
    telemetry
        .attach("drops", EventKind::Telemetry, drops)
        .unwrap();

    // Nobody lets the handler go on before all of these have come through.
    for _ in 0..STORM {
        speaker.say("storm");
    }
    let snapshot = telemetry.snapshot();
    assert_eq!((snapshot.queued, snapshot.queue_waiting), (65, 64));
    assert_eq!(snapshot.dropped, STORM - 64);
    let event = ("resilience.event", "amqp_connection");
    let outcome = ("resilience.outcome", "dropped");
    let export = bench.export();
    let dropped = export.value("resilience.telemetry.events", &[event, outcome]);
    assert_eq!(dropped, (STORM - 64) as f64);

    drop(stuck);
    let told = tells.recv_timeout(LONG).unwrap();
    assert_eq!(told, (EventKind::AmqpConnection, STORM - 64));
    assert!(telemetry.flush(LONG));
    assert_eq!(
        tells.try_recv(),
        Err(mpsc::TryRecvError::Empty),
        "told once"
    );
}

#[test]
fn what_is_dropped_is_told_in_words() {
    let bench = Bench::with_queue(1);
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    let (told, tells) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (running, runs) = mpsc::channel();
    let handler = move |event: &Event| {
        told.send(event.to_string()).unwrap();
        if event.kind() == EventKind::AmqpConnection {
            running.send(()).unwrap();
            let _ = may_go_on.recv();
        }
    };
    telemetry.attach("log", Filter::all(), handler).unwrap();
    speaker.say("a");
    runs.recv_timeout(LONG).unwrap();
    speaker.say("fits");
    speaker.say("does not");
    drop(go_on);
    assert!(telemetry.flush(LONG));
    let told: Vec<_> = tells.try_iter().collect();
    assert_eq!(
        told[1],
        "telemetry: the queue was full, 1 event dropped (AMQP connection state)"
    );
}
