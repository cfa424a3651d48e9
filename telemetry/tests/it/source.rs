//! The seam for other crates: sources of numbers and events.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_telemetry::{
    AmqpConnection, AmqpState, EventKind, EventSink, EventSinks, Filter, HttpRequest, Instrument,
    Notes, Samples, Source, Watch,
};

use crate::export::Bench;

const MAILS: Instrument = Instrument::counter("test.mails", "{mail}", "Mails sent.");
const SPENT: Instrument = Instrument::counter_f64("test.time", "s", "Time spent.");
const OPEN: Instrument = Instrument::up_down_counter("test.open", "{door}", "Doors open.");
const LEVEL: Instrument = Instrument::gauge("test.level", "{level}", "The level.");
const HEAT: Instrument = Instrument::gauge_f64("test.heat", "Cel", "The heat.");
const STRAY: Instrument = Instrument::gauge("test.stray", "1", "Nobody declared this.");

#[derive(Default)]
struct Fake {
    name: &'static str,
    panics: AtomicBool,
    strays: AtomicBool,
    floats_for_whole: AtomicBool,
    mails: AtomicU64,
    sinks: EventSinks,
    watched: AtomicU64,
}

fn fake(name: &'static str) -> Arc<Fake> {
    Arc::new(Fake {
        name,
        ..Fake::default()
    })
}

impl Source for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn instruments(&self) -> &'static [Instrument] {
        &[MAILS, SPENT, OPEN, LEVEL, HEAT]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let mails = self.mails.load(Ordering::Relaxed);
        samples.record(&MAILS, mails, &[("to", "inside")]);
        if samples.wants(&MAILS) {
            assert!(!self.panics.load(Ordering::Relaxed), "no more mails");
        }
        samples.record(&MAILS, 7, &[("to", "outside")]);
        samples.record_f64(&SPENT, 1.5, &[]);
        samples.record(&OPEN, 3, &[]);
        samples.record(&LEVEL, 4, &[]);
        samples.record_f64(&HEAT, 20.5, &[]);
        if self.strays.load(Ordering::Relaxed) {
            samples.record(&STRAY, 1, &[]);
        }
        if self.floats_for_whole.load(Ordering::Relaxed) {
            samples.record_f64(&LEVEL, 4.5, &[]);
        }
    }

    fn watched(&self, sink: EventSink) {
        self.watched.fetch_add(1, Ordering::Relaxed);
        self.sinks.add(sink);
    }
}

#[test]
fn values_of_every_kind_arrive_with_name_unit_and_description() {
    let bench = Bench::new();
    let source = fake("post");
    source.mails.store(5, Ordering::Relaxed);
    bench.telemetry.watch(&source);

    let export = bench.export();
    let name = ("resilience.name", "post");
    assert_eq!(export.value("test.mails", &[name, ("to", "inside")]), 5.0);
    assert_eq!(export.value("test.mails", &[name, ("to", "outside")]), 7.0);
    for (instrument, kind, value) in [
        (SPENT, "counter f64", 1.5),
        (OPEN, "up-down counter", 3.0),
        (LEVEL, "gauge", 4.0),
        (HEAT, "gauge f64", 20.5),
    ] {
        let all = export.of(instrument.name());
        let [series] = all[..] else {
            panic!("{all:#?}");
        };
        assert_eq!(series.kind, kind);
        assert_eq!(series.unit, instrument.unit());
        assert_eq!(series.description, instrument.description());
        assert_eq!(series.value, value);
        assert_eq!(series.attributes.len(), 1);
    }
    assert_eq!(export.of("test.mails")[0].kind, "counter");

    source.mails.store(6, Ordering::Relaxed);
    let export = bench.export();
    assert_eq!(export.value("test.mails", &[name, ("to", "inside")]), 6.0);
}

#[test]
fn a_panicking_source_loses_its_own_samples_and_nothing_else() {
    let bench = Bench::new();
    let (bad, good) = (fake("bad"), fake("good"));
    bench.telemetry.watch(&bad);
    bench.telemetry.watch(&good);
    bad.panics.store(true, Ordering::Relaxed);

    let export = bench.export();
    let of_bad = export.named("bad");
    assert!(!of_bad.is_empty());
    assert!(
        of_bad.iter().all(|series| series.metric != "test.mails"),
        "half of its samples got out: {of_bad:#?}"
    );
    assert_eq!(export.named("good").len(), 6);

    // The reader's thread is still there, and when the source recovers, so do its series.
    bad.panics.store(false, Ordering::Relaxed);
    let export = bench.export();
    assert_eq!(export.named("bad").len(), 6);
    assert_eq!(export.value("resilience.telemetry.source_panics", &[]), 1.0);
    assert_eq!(bench.telemetry.snapshot().source_panics, 1);
}

#[test]
fn an_undeclared_instrument_is_a_fault_of_the_source_that_shows() {
    let bench = Bench::new();
    let source = fake("post");
    bench.telemetry.watch(&source);
    source.strays.store(true, Ordering::Relaxed);

    assert!(bench.export().named("post").is_empty());
    assert_eq!(bench.telemetry.snapshot().source_panics, 5);
}

#[test]
fn a_real_number_for_a_whole_one_is_a_fault_of_the_source_that_shows() {
    let bench = Bench::new();
    let source = fake("post");
    bench.telemetry.watch(&source);
    source.floats_for_whole.store(true, Ordering::Relaxed);

    assert!(bench.export().of("test.level").is_empty());
    assert_eq!(bench.telemetry.snapshot().source_panics, 5);
}

/// JSON would say `null`, which nobody could read again as a number.
#[test]
fn what_is_no_number_is_in_no_export_and_no_snapshot() {
    struct Divides;

    impl Source for Divides {
        fn name(&self) -> &str {
            "divides"
        }

        fn instruments(&self) -> &'static [Instrument] {
            &[HEAT, SPENT]
        }

        fn collect(&self, samples: &mut Samples<'_>) {
            samples.record_f64(&HEAT, f64::NAN, &[]);
            samples.record_f64(&HEAT, f64::NEG_INFINITY, &[("room", "cellar")]);
            samples.record_f64(&SPENT, f64::INFINITY, &[]);
            samples.record_f64(&SPENT, 1.0, &[("room", "cellar")]);
        }

        fn describe(&self, notes: &mut Notes) {
            notes.number("heat", f64::NAN);
            notes.number("spent", 1.0);
        }
    }

    let bench = Bench::new();
    let source = Arc::new(Divides);
    bench.telemetry.watch(&source);
    assert_eq!(bench.export().named("divides").len(), 1);
    let snapshot = bench.telemetry.snapshot();
    assert_eq!(snapshot.components[0].values.len(), 1);
    assert_eq!(snapshot.components[0].notes.iter().count(), 1);
    #[cfg(feature = "serde")]
    {
        let json = serde_json::to_string(&snapshot).unwrap();
        let again: steadfast_telemetry::Snapshot = serde_json::from_str(&json).unwrap();
        assert_eq!(again.components, snapshot.components);
    }
}

#[test]
fn a_source_ends_with_its_last_handle() {
    let bench = Bench::new();
    let source = fake("post");
    bench.telemetry.watch(&source);
    assert_eq!(bench.telemetry.snapshot().watched, 1);

    let weak = Arc::downgrade(&source);
    drop(source);
    assert!(weak.upgrade().is_none());
    assert!(bench.export().named("post").is_empty());
    assert_eq!(bench.telemetry.snapshot().watched, 0);
}

#[test]
fn a_source_is_watched_once_by_each_telemetry_object() {
    let (one, other) = (Bench::new(), Bench::new());
    let source = fake("post");
    for _ in 0..2 {
        one.telemetry.watch(&source);
        other.telemetry.watch(&source);
    }
    assert_eq!(source.watched.load(Ordering::Relaxed), 2);
    assert_eq!(one.export().named("post").len(), 6);
    assert_eq!(other.export().named("post").len(), 6);
}

#[test]
fn sources_of_one_name_are_told_apart() {
    let bench = Bench::new();
    let (first, second, third) = (fake("post"), fake("post"), fake("post"));
    for (mails, source) in [(1, &first), (2, &second), (3, &third)] {
        source.mails.store(mails, Ordering::Relaxed);
        bench.telemetry.watch(source);
    }
    let mails = |instance: Option<&str>| {
        let mut attributes = vec![("resilience.name", "post"), ("to", "inside")];
        attributes.extend(instance.map(|instance| ("resilience.instance", instance)));
        bench.export().value("test.mails", &attributes)
    };
    assert_eq!(mails(None), 1.0);
    assert_eq!(mails(Some("2")), 2.0);
    assert_eq!(mails(Some("3")), 3.0);

    // The others keep their series when one goes, and the next newcomer fills the gap.
    drop(second);
    let fourth = fake("post");
    fourth.mails.store(4, Ordering::Relaxed);
    bench.telemetry.watch(&fourth);
    assert_eq!(mails(Some("2")), 4.0);
    assert_eq!(mails(Some("3")), 3.0);
}

/// A client that watches its parts with whoever watches it.
struct Parent {
    sinks: EventSinks,
    parts: Mutex<Vec<Arc<Fake>>>,
}

impl Parent {
    fn grow(&self, name: &'static str) {
        let part = fake(name);
        self.sinks.watch(&part);
        self.parts.lock().push(part);
    }
}

impl Source for Parent {
    fn name(&self) -> &str {
        "parent"
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
        for part in self.parts.lock().iter() {
            self.sinks.watch(part);
        }
    }
}

struct Handle(Arc<Parent>);

impl Watch for Handle {
    fn watched_by(&self, telemetry: &steadfast_telemetry::Telemetry) {
        telemetry.watch(&self.0);
    }
}

#[test]
fn a_source_can_have_its_parts_watched() {
    let (one, other) = (Bench::new(), Bench::new());
    let parent = Handle(Arc::new(Parent {
        sinks: EventSinks::new(),
        parts: Mutex::default(),
    }));
    parent.0.grow("before");
    one.telemetry.watch(&parent);
    parent.0.grow("between");
    other.telemetry.watch(&parent);
    parent.0.grow("after");

    for bench in [&one, &other] {
        let export = bench.export();
        for part in ["before", "between", "after"] {
            assert_eq!(export.named(part).len(), 6, "{part}");
        }
        assert_eq!(bench.telemetry.snapshot().watched, 4);
    }
}

#[test]
fn events_of_a_source_reach_the_handlers_of_all_who_watch_it() {
    let (one, other) = (Bench::new(), Bench::new());
    let source = fake("post");
    let (heard, hears) = mpsc::channel();
    for bench in [&one, &other] {
        bench.telemetry.watch(&source);
        let heard = heard.clone();
        let handler = move |event: &steadfast_telemetry::Event| {
            heard.send((event.kind(), event.to_string())).unwrap();
        };
        bench
            .telemetry
            .attach("log", Filter::all(), handler)
            .unwrap();
    }
    let took = Duration::from_millis(20);
    source.sinks.push(EventKind::HttpRequest, || {
        HttpRequest::new("api", "GET", "example.org:443", 2, took).status(503)
    });
    source.sinks.push(EventKind::AmqpConnection, || {
        AmqpConnection::new("orders", AmqpState::Disconnected)
            .endpoint("rabbit:5672")
            .reason("connection reset")
    });
    for bench in [&one, &other] {
        assert!(bench.telemetry.flush(Duration::from_secs(60)));
    }
    let mut heard: Vec<_> = hears.try_iter().collect();
    heard.sort();
    let http = "http client api: GET example.org:443: 503 after 2 attempts in 20ms".to_owned();
    let amqp = "amqp connection orders: disconnected (rabbit:5672): connection reset".to_owned();
    let twice = |kind, line: String| [(kind, line.clone()), (kind, line)];
    assert_eq!(heard[..2], twice(EventKind::HttpRequest, http));
    assert_eq!(heard[2..], twice(EventKind::AmqpConnection, amqp));
}

#[test]
fn an_event_that_nobody_wants_is_not_even_built() {
    let bench = Bench::new();
    let source = fake("post");
    let build = || -> HttpRequest { panic!("built for nobody") };
    source.sinks.push(EventKind::HttpRequest, build);

    bench.telemetry.watch(&source);
    source.sinks.push(EventKind::HttpRequest, build);

    let others = Filter::from(EventKind::Retry);
    bench.telemetry.attach("log", others, |_| ()).unwrap();
    source.sinks.push(EventKind::HttpRequest, build);
    assert_eq!(bench.telemetry.snapshot().queued, 0);

    let all = Filter::all();
    bench.telemetry.attach("all", all, |_| ()).unwrap();
    bench.telemetry.detach("all");
    source.sinks.push(EventKind::HttpRequest, build);
}

#[test]
fn a_sink_outlives_its_telemetry_object_and_does_nothing() {
    let bench = Bench::new();
    let source = fake("post");
    bench.telemetry.watch(&source);
    bench
        .telemetry
        .attach("log", Filter::all(), |_| ())
        .unwrap();
    let weak = bench.telemetry.downgrade();
    drop(bench.telemetry);

    assert!(weak.upgrade().is_none());
    source
        .sinks
        .push(EventKind::HttpRequest, || -> HttpRequest {
            panic!("built for nobody")
        });
    source.sinks.watch(&fake("part"));
    assert!(bench.far_end.export().0.is_empty());
}
