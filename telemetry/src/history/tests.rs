//! The history against a naive one, which remembers everything that was ever read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::ring::Ring;
use super::*;
use crate::instrument::Instrument;
use crate::source::{Samples, Source};
use crate::{ComponentId, Telemetry};

/// What was read in which second.
type Log = BTreeMap<u64, Option<f64>>;

/// The points by the second, from what was read alone.
fn points(log: &Log, only_grows: bool) -> Vec<Option<f64>> {
    let mut points = Vec::new();
    let mut last_second = 0;
    let mut last_value = None;
    for (&second, &value) in log {
        let seconds = second - last_second;
        for passed in 1..=seconds {
            points.push(match (only_grows, value, last_value) {
                (true, Some(now), Some(before)) => {
                    let grown: f64 = now - before;
                    Some(grown.max(0.0) / seconds as f64)
                }
                (true, ..) => None,
                (false, now, _) => now.filter(|_| passed == seconds),
            });
        }
        last_second = second;
        last_value = value.or(last_value);
    }
    points
}

fn tens(points: &[Option<f64>], only_grows: bool) -> Vec<Option<f64>> {
    points
        .chunks_exact(10)
        .map(|ten| {
            let known = ten.iter().flatten().copied();
            if only_grows {
                known.reduce(|one, two| one + two)
            } else {
                known.reduce(f64::max)
            }
        })
        .collect()
}

fn assert_alike(kept: &[Option<f32>], all: &[Option<f64>], most: usize) {
    let expected = &all[all.len().saturating_sub(most)..];
    assert_eq!(kept.len(), expected.len());
    for (kept, expected) in kept.iter().zip(expected) {
        match (kept, expected) {
            (Some(kept), Some(expected)) => {
                let off = (f64::from(*kept) - expected).abs();
                assert!(off <= 1e-3 * expected.abs().max(1.0), "{kept} {expected}");
            }
            (kept, expected) => assert_eq!(kept.is_some(), expected.is_some()),
        }
    }
}

proptest! {
    #[test]
    fn it_is_what_a_naive_one_says(
        only_grows: bool,
        steps in prop::collection::vec((1_u64..4, prop::option::weighted(0.9, 0_u32..1000)), 1..500),
        long in prop::option::of(3500_u64..4000),
    ) {
        let mut ring = Ring::new(only_grows);
        let mut log = Log::new();
        let (mut second, mut value) = (0, 0.0);
        for (index, (seconds, reading)) in steps.into_iter().enumerate() {
            // Once the machine sleeps for about an hour.
            let seconds = if index == 100 { long.unwrap_or(seconds) } else { seconds };
            let since = second + 1;
            second += seconds;
            let reading = reading.map(|reading| {
                let reading = f64::from(reading);
                value = if only_grows { value + reading } else { reading };
                value
            });
            ring.take(reading, since..=second);
            log.insert(second, reading);
        }
        let points = points(&log, only_grows);
        assert_alike(&ring.fine(), &points, History::SECONDS);
        assert_alike(&ring.coarse(), &tens(&points, only_grows), History::TEN_SECONDS);
    }
}

#[test]
fn what_a_counter_grew_while_nobody_read_is_spread_and_not_lost() {
    let mut ring = Ring::new(true);
    ring.take(Some(100.0), 1..=1);
    ring.take(Some(105.0), 2..=2);
    ring.take(Some(135.0), 3..=5);
    let expected = [None, Some(5.0), Some(10.0), Some(10.0), Some(10.0)];
    assert_eq!(ring.fine(), expected);
}

#[test]
fn a_counter_that_begins_anew_shows_no_negative_growth() {
    let mut ring = Ring::new(true);
    ring.take(Some(7.0), 1..=1);
    ring.take(Some(0.0), 2..=2);
    ring.take(Some(1.0), 3..=3);
    assert_eq!(ring.fine(), [None, Some(0.0), Some(1.0)]);
}

#[test]
fn nothing_of_before_a_long_sleep_is_told_as_of_after_it() {
    for slept in 3_600..3_640 {
        let mut ring = Ring::new(false);
        ring.take(Some(9.0), 1..=1);
        ring.take(Some(1.0), 2..=1 + slept);
        let coarse = ring.coarse();
        let forgotten = coarse.len() < (1 + slept) as usize / 10;
        assert_eq!(coarse[0], (!forgotten).then_some(9.0), "{slept}");

        let mut ring = Ring::new(true);
        ring.take(Some(0.0), 1..=1);
        ring.take(Some(slept as f64), 2..=1 + slept);
        let whole = ring.coarse()[1..].iter().all(|ten| *ten == Some(10.0));
        let oldest = if forgotten { 10.0 } else { 9.0 };
        assert!(whole && ring.coarse()[0] == Some(oldest), "{slept}");
    }
}

/// What `with_history` and `Builder::history` say it takes: 2.6 KB.
#[test]
fn a_ring_has_no_more_room_than_it_ever_needs() {
    let mut ring = Ring::new(false);
    for second in 1..=4000 {
        ring.take(Some(1.0), second..=second);
        assert!(ring.room() <= History::SECONDS + History::TEN_SECONDS);
    }
    assert_eq!(ring.fine().len() + ring.coarse().len(), ring.room());
}

#[test]
fn what_is_no_number_is_not_known() {
    let mut ring = Ring::new(false);
    ring.take(Some(f64::NAN), 1..=1);
    ring.take(Some(f64::INFINITY), 2..=2);
    ring.take(Some(1.0), 3..=3);
    assert_eq!(ring.fine(), [None, None, Some(1.0)]);
}

#[test]
fn a_series_is_over_when_nothing_of_it_is_known_any_more() {
    let mut ring = Ring::new(false);
    ring.take(Some(1.0), 1..=1);
    ring.take(None, 2..=3601);
    assert!(!ring.is_over());
    ring.take(None, 3602..=3602);
    assert!(ring.is_over());
}

const JOBS: Instrument = Instrument::counter("test.jobs", "{job}", "Jobs done.").with_history();
const WAITING: Instrument =
    Instrument::up_down_counter("test.waiting", "{job}", "Jobs that wait.").with_history();
const UNKEPT: Instrument = Instrument::gauge("test.unkept", "{job}", "Of no use in a chart.");

struct Worker {
    name: &'static str,
    jobs: AtomicU64,
    panics: AtomicBool,
}

impl Worker {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            jobs: AtomicU64::new(0),
            panics: AtomicBool::new(false),
        })
    }
}

impl Source for Worker {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> &'static str {
        "worker"
    }

    fn instruments(&self) -> &'static [Instrument] {
        &[JOBS, WAITING, UNKEPT]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let jobs = self.jobs.load(Ordering::Relaxed);
        samples.record(&JOBS, jobs, &[("queue", "mails")]);
        assert!(!self.panics.load(Ordering::Relaxed), "half way");
        samples.record(&WAITING, jobs % 3, &[]);
        samples.record(&UNKEPT, 1, &[]);
    }
}

/// A telemetry object whose history is read when the test says so.
struct Bench {
    telemetry: Telemetry,
    recorder: Arc<Recorder>,
    second: u64,
}

impl Bench {
    fn new(room: usize) -> Self {
        Self {
            telemetry: Telemetry::new(),
            recorder: Recorder::new(room),
            second: 0,
        }
    }

    fn read(&mut self) {
        self.second += 1;
        let at = UNIX_EPOCH + Duration::from_secs(self.second);
        self.recorder
            .read(self.telemetry.registry(), self.second, at);
    }

    fn history(&self) -> History {
        self.recorder.history(|_| true)
    }
}

#[test]
fn each_second_is_one_reading_of_each_component() {
    let mut bench = Bench::new(10);
    let worker = Worker::new("mailer");
    bench.telemetry.watch(&worker);
    for _ in 0..25 {
        worker.jobs.fetch_add(4, Ordering::Relaxed);
        bench.read();
    }
    let history = bench.history();
    assert_eq!(history.at, UNIX_EPOCH + Duration::from_secs(25));
    assert_eq!(history.ten_seconds_at, UNIX_EPOCH + Duration::from_secs(20));
    let [mailer] = &history.components[..] else {
        panic!("{history:?}");
    };
    assert_eq!(mailer.id, ComponentId::new("worker", "mailer"));
    let [jobs, waiting] = &mailer.series[..] else {
        panic!("only what a chart is made of: {mailer:?}");
    };
    assert_eq!(jobs.attributes["queue"], "mails");
    assert_eq!(jobs.seconds[0], None);
    assert_eq!(jobs.seconds[1..], [Some(4.0); 24]);
    assert_eq!(jobs.ten_seconds, [Some(36.0), Some(40.0)]);
    assert_eq!(waiting.seconds[..3], [Some(1.0), Some(2.0), Some(0.0)]);
    assert_eq!(waiting.ten_seconds, [Some(2.0), Some(2.0)]);
}

#[test]
fn it_is_bounded_in_time() {
    let mut bench = Bench::new(1);
    let worker = Worker::new("mailer");
    bench.telemetry.watch(&worker);
    for _ in 0..4000 {
        bench.read();
    }
    let series = &bench.history().components[0].series[0];
    assert_eq!(series.seconds.len(), History::SECONDS);
    assert_eq!(series.ten_seconds.len(), History::TEN_SECONDS);
}

#[test]
fn it_is_bounded_in_components_and_says_how_many_it_leaves_out() {
    let mut bench = Bench::new(2);
    let mut workers: Vec<_> = ["a", "b", "c", "d"].map(Worker::new).into();
    workers.iter().for_each(|one| bench.telemetry.watch(one));
    bench.read();
    let names = |history: &History| {
        let components = history.components.iter();
        components
            .map(|one| one.id.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&bench.history()), ["a", "b"]);
    assert_eq!(bench.history().left_out, 2);

    // Whoever goes makes room.
    workers.remove(0);
    bench.read();
    assert_eq!(names(&bench.history()), ["b", "c"]);
    assert_eq!(bench.history().left_out, 1);
}

#[test]
fn a_panic_is_a_gap() {
    let mut bench = Bench::new(1);
    let worker = Worker::new("mailer");
    bench.telemetry.watch(&worker);
    for panics in [false, true, false] {
        worker.panics.store(panics, Ordering::Relaxed);
        bench.read();
    }
    let history = bench.history();
    let waiting = &history.components[0].series[1];
    assert_eq!(waiting.seconds, [Some(0.0), None, Some(0.0)]);
    assert_eq!(bench.telemetry.snapshot().source_panics, 1);
}

#[test]
fn one_that_nobody_asked_for_has_no_thread_and_no_values() {
    let worker = Worker::new("mailer");
    let telemetry = Telemetry::new();
    telemetry.watch(&worker);
    assert_eq!(telemetry.history().components, []);
    assert_eq!(telemetry.history().at, telemetry.history().at);
}

#[test]
fn the_thread_ends_with_the_telemetry_object() {
    let telemetry = Telemetry::builder().history(1).build().unwrap();
    let recorder = Arc::downgrade(&telemetry.recorder());
    drop(telemetry);
    // The thread holds the last other handle.
    while recorder.strong_count() > 0 {
        thread::yield_now();
    }
}

#[cfg(feature = "serde")]
#[test]
fn it_is_written_and_read_again() {
    let mut bench = Bench::new(1);
    let worker = Worker::new("mailer");
    bench.telemetry.watch(&worker);
    bench.read();
    bench.read();
    let history = bench.history();
    let json = serde_json::to_string(&history).unwrap();
    let start = r#"{"version":1,"at":2000,"ten_seconds_at":0,"components":[{"kind":"worker","name":"mailer","instance":1,"series":[{"metric":"test.jobs","attributes":{"queue":"mails"},"seconds":[null,0.0],"ten_seconds":[]}"#;
    assert!(json.starts_with(start), "{json}");
    assert_eq!(serde_json::from_str::<History>(&json).unwrap(), history);
}
