//! Ten thousand components, providers that are shut down twice, callbacks in the middle of it: no call
//! notices, and nothing stays behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_retry::Retry;
use steadfast_telemetry::{
    EventKind, EventSink, Filter, Instrument, Samples, Source, SpanEvents, Telemetry,
};

use crate::export::{Bench, FarEnd};
use crate::speaker::{LONG, Speaker};

const CROWD: usize = 10_000;

fn crowd(telemetry: &Telemetry) -> Vec<Retry> {
    let named = |number| {
        let retry = Retry::builder(format!("host {number}")).max_attempts(1);
        let retry = retry.build().unwrap();
        telemetry.watch(&retry);
        retry
    };
    (0..CROWD).map(named).collect()
}

fn fails(retry: &Retry) {
    assert!(retry.call_blocking(|_| Err::<(), _>("no")).is_err());
}

#[test]
fn ten_thousand_components_are_collected_heard_and_released() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let retries = crowd(telemetry);
    assert_eq!(telemetry.snapshot().watched, CROWD);
    let heard = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&heard);
    let count = move |_: &steadfast_telemetry::Event| {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    telemetry.attach("count", EventKind::Retry, count).unwrap();
    thread::scope(|scope| {
        let collector = scope.spawn(|| bench.export().of("resilience.retry.waiting").len());
        for retry in &retries {
            fails(retry);
        }
        // The SDK keeps 2000 series of a metric and sums up the rest, but collects them all.
        assert!(collector.join().unwrap() >= 1000);
    });
    assert!(telemetry.flush(LONG));
    let snapshot = telemetry.snapshot();
    assert_eq!(snapshot.queued + snapshot.dropped, CROWD as u64);
    assert_eq!(heard.load(Ordering::Relaxed) as u64, snapshot.queued);

    let weak: Vec<_> = retries.iter().map(Retry::downgrade).collect();
    drop(retries);
    assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
    assert_eq!(telemetry.snapshot().watched, 0);
    assert!(bench.export().of("resilience.retry.waiting").is_empty());
    assert!(telemetry.detach("count"), "with nobody left to be told");
}

#[test]
fn a_provider_that_is_shut_down_twice_hurts_neither_calls_nor_events() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let retry = Retry::builder("stock").max_attempts(1).build().unwrap();
    telemetry.watch(&retry);
    let mut events = telemetry.subscribe(Filter::all());
    assert!(bench.far_end.provider.shutdown().is_ok());
    fails(&retry);
    assert!(bench.far_end.provider.shutdown().is_err());
    fails(&retry);

    let late = CircuitBreaker::builder("late").build().unwrap();
    telemetry.watch(&late);
    late.set_mode(Mode::Disabled, "maintenance");
    let kinds: Vec<_> = std::iter::from_fn(|| events.try_recv())
        .map(|event| event.kind())
        .collect();
    assert_eq!(
        kinds,
        [
            EventKind::Retry,
            EventKind::Retry,
            EventKind::BreakerModeChange
        ]
    );
}

const ASKED: Instrument = Instrument::counter("test.asked", "{time}", "Times it was asked.");

/// Does something while it is collected.
struct Meddler {
    asked: AtomicUsize,
    meddle: Box<dyn Fn() + Send + Sync>,
}

impl Source for Meddler {
    fn name(&self) -> &str {
        "meddler"
    }

    fn instruments(&self) -> &'static [Instrument] {
        &[ASKED]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        (self.meddle)();
        samples.record(&ASKED, asked as u64, &[]);
    }
}

#[test]
fn a_callback_during_shutdown_may_use_telemetry_and_even_end_it() {
    let far_end = FarEnd::new();
    let builder = Telemetry::builder().meter_provider(&far_end.provider);
    let telemetry = builder.build().unwrap();
    let weak = telemetry.downgrade();
    let speaker = Speaker::watched_by(&telemetry);
    let (saying, kept) = (Arc::clone(&speaker), Mutex::new(Some(telemetry.clone())));
    let meddler = Arc::new(Meddler {
        asked: AtomicUsize::new(0),
        meddle: Box::new(move || {
            saying.say("collected");
            let Some(telemetry) = kept.lock().unwrap().take() else {
                return;
            };
            telemetry.attach("late", Filter::all(), |_| ()).unwrap();
            drop(telemetry.subscribe(Filter::all()));
            let _ = telemetry.snapshot();
            telemetry.detach("late");
            // Perhaps the last one.
            drop(telemetry);
        }),
    });
    telemetry.watch(&meddler);
    drop(telemetry);
    assert!(weak.upgrade().is_some(), "the meddler has it");
    assert!(far_end.provider.shutdown().is_ok());
    assert!(
        meddler.asked.load(Ordering::Relaxed) > 0,
        "it was collected"
    );
    assert!(weak.upgrade().is_none());
    speaker.say("nobody hears it");
}

#[test]
fn whoever_watches_or_subscribes_in_the_middle_of_a_storm_is_let_through() {
    let bench = Bench::new();
    let telemetry = &bench.telemetry;
    let speaker = Speaker::watched_by(telemetry);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..2000).for_each(|_| speaker.say("storm")));
            scope.spawn(|| {
                for _ in 0..200 {
                    drop(telemetry.subscribe(Filter::all()));
                    let retry = Retry::builder("brief").build().unwrap();
                    telemetry.watch(&retry);
                }
            });
        }
        scope.spawn(|| (0..200).for_each(|_| drop(telemetry.snapshot())));
    });
    assert_eq!(telemetry.snapshot().subscriptions, 0);
}

/// Changes its mind with what is wanted, as the patterns' observers do.
struct Interested(Mutex<Option<EventSink>>, Mutex<Vec<bool>>);

impl Source for Interested {
    fn name(&self) -> &str {
        "interested"
    }

    fn watched(&self, sink: EventSink) {
        *self.0.lock().unwrap() = Some(sink);
    }

    fn interest_changed(&self) {
        let sink = self.0.lock().unwrap();
        let wants = sink.as_ref().unwrap().wants(EventKind::Retry);
        self.1.lock().unwrap().push(wants);
    }
}

#[test]
fn sources_are_told_when_what_is_wanted_changes_until_telemetry_ends() {
    let builder = Telemetry::builder().span_events(SpanEvents::NONE);
    let telemetry = builder.build().unwrap();
    let source = Arc::new(Interested(Mutex::default(), Mutex::default()));
    telemetry.watch(&source);
    let told = || source.1.lock().unwrap().clone();
    telemetry.attach("a", EventKind::Retry, |_| ()).unwrap();
    assert_eq!(told(), [true]);
    let subscription = telemetry.subscribe(EventKind::Retry);
    telemetry.detach("a");
    assert_eq!(told(), [true], "it is as wanted as before");
    drop(subscription);
    assert_eq!(told(), [true, false]);
    let bad = |_: &steadfast_telemetry::Event| panic!("boom");
    telemetry
        .attach("bad", EventKind::AmqpConnection, bad)
        .unwrap();
    Speaker::watched_by(&telemetry).say("a");
    assert!(telemetry.flush(LONG));
    assert_eq!(told().len(), 4, "attached, and detached after its panic");
    telemetry.attach("b", EventKind::Retry, |_| ()).unwrap();
    assert_eq!(told().last(), Some(&true));
    let (weak, source): (Weak<_>, _) = (Arc::downgrade(&source), source);
    drop(telemetry);
    assert_eq!(source.1.lock().unwrap().last(), Some(&false));
    drop(source);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_source_that_panics_when_it_is_told_of_interest_is_counted_and_hurts_nobody() {
    struct Touchy;

    impl Source for Touchy {
        fn name(&self) -> &str {
            "touchy"
        }

        fn interest_changed(&self) {
            panic!("leave me alone");
        }
    }

    let telemetry = Telemetry::new();
    let (touchy, after) = (
        Arc::new(Touchy),
        Arc::new(Interested(Mutex::default(), Mutex::default())),
    );
    telemetry.watch(&touchy);
    telemetry.watch(&after);
    drop(telemetry.subscribe(EventKind::Retry));
    assert_eq!(*after.1.lock().unwrap(), [true, false]);
    assert_eq!(telemetry.snapshot().source_panics, 2);
}
