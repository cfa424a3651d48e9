//! Members that go, panic, or say what cannot be, while the others are told together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use steadfast_telemetry::{EventKind, Instrument, Samples, Source, names};

use super::{Bench, JOBS, RATIO, TOOK, Worker, jobs, names_of};

type Does = Box<dyn FnMut(&mut Samples<'_>) + Send>;

/// A member that does as the test says when it is asked, unless it is doing that already.
struct Odd {
    name: &'static str,
    jobs: AtomicU64,
    panics: AtomicBool,
    does: Mutex<Option<Does>>,
}

impl Odd {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            jobs: AtomicU64::new(0),
            panics: AtomicBool::new(false),
            does: Mutex::new(None),
        })
    }

    fn does(&self, what: impl FnMut(&mut Samples<'_>) + Send + 'static) {
        *self.does.lock() = Some(Box::new(what));
    }
}

impl Source for Odd {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> &'static str {
        "worker"
    }

    fn instruments(&self) -> &'static [Instrument] {
        &[JOBS, TOOK, RATIO]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let panics = samples.wants(&TOOK) && self.panics.load(Ordering::Relaxed);
        assert!(!panics, "not now");
        let does = self.does.lock().take();
        if let Some(mut does) = does {
            does(samples);
            *self.does.lock() = Some(does);
        }
        let jobs = self.jobs.load(Ordering::Relaxed);
        samples.record(&JOBS, jobs, &[(names::OUTCOME, "success")]);
        samples.record_f64(&TOOK, jobs as f64 / 2.0, &[]);
    }
}

fn took(bench: &Bench) -> f64 {
    let other = (names::NAME, "pool/other");
    bench.export().value("test.took", &[other])
}

#[test]
fn one_that_goes_while_the_others_are_read_is_not_counted_again() {
    let bench = Bench::new(0);
    let going = Mutex::new(Some(bench.watch("pool/going")));
    let staying = bench.watch("pool/staying");
    if let Some(worker) = &*going.lock() {
        worker.work(1000);
    }
    staying.work(1);
    // Read later than the other two.
    let last = Odd::new("pool/last");
    bench.group.watch(&last);
    assert_eq!(jobs(&bench.export())["pool/other"], 1001);

    going.lock().as_ref().unwrap().work(10);
    last.does(move |samples| {
        if samples.wants(&JOBS) {
            drop(going.lock().take());
        }
    });
    // What it did until it was read is told; what it did before is not told again.
    assert_eq!(jobs(&bench.export())["pool/other"], 1011);
    assert_eq!(jobs(&bench.export())["pool/other"], 1011);
}

#[cfg(feature = "prometheus")]
#[test]
fn nor_if_another_collection_has_forgotten_it_meanwhile() {
    let bench = Bench::new(0);
    let (going, staying) = (bench.watch("pool/going"), bench.watch("pool/staying"));
    going.work(1000);
    staying.work(1);
    let last = Odd::new("pool/last");
    bench.group.watch(&last);
    assert_eq!(jobs(&bench.export())["pool/other"], 1001);

    let (telemetry, mut going) = (bench.group.downgrade(), Some(going));
    last.does(move |samples| {
        if samples.wants(&JOBS) {
            drop(going.take());
            drop(telemetry.upgrade().unwrap().export_prometheus_metrics());
        }
    });
    assert_eq!(jobs(&bench.export())["pool/other"], 1001);
}

#[test]
fn one_that_panics_when_it_becomes_one_of_the_others_is_not_counted_twice() {
    let bench = Bench::new(1);
    let demoted = Odd::new("pool/a");
    bench.group.watch(&demoted);
    let busy = bench.watch("pool/b");
    demoted.jobs.store(10, Ordering::Relaxed);
    busy.work(4);
    assert_eq!(names_of(&bench.export()), ["pool/a", "pool/other"]);
    assert_eq!(took(&bench), 2.0);

    demoted.panics.store(true, Ordering::Relaxed);
    busy.work(1000);
    assert_eq!(names_of(&bench.export()), ["pool/b", "pool/other"]);
    let before = took(&bench);
    demoted.panics.store(false, Ordering::Relaxed);
    assert_eq!(took(&bench), before, "its 5 s were told under its own name");
    demoted.jobs.store(12, Ordering::Relaxed);
    assert_eq!(took(&bench), before + 1.0);
}

#[test]
fn what_is_no_number_spoils_nothing() {
    let bench = Bench::new(0);
    let odd = Odd::new("pool/odd");
    bench.group.watch(&odd);
    let one = bench.watch("pool/one");
    one.work(2);
    odd.does(|samples| {
        samples.record_f64(&TOOK, f64::NAN, &[]);
        samples.record_f64(&TOOK, f64::INFINITY, &[]);
        samples.record_f64(&RATIO, f64::NAN, &[]);
    });
    let export = bench.export();
    let other = (names::NAME, "pool/other");
    assert_eq!(export.value("test.took", &[other]), 1.0);
    assert_eq!(export.value("test.failing", &[other]), 0.5);
}

#[test]
fn a_member_that_has_counted_beyond_all_bounds_takes_nobody_along() {
    let bench = Bench::new(1);
    let odd = Odd::new("pool/odd");
    bench.group.watch(&odd);
    odd.does(|samples| {
        for outcome in ["failure", "abandoned"] {
            samples.record(&JOBS, u64::MAX, &[(names::OUTCOME, outcome)]);
        }
    });
    let workers: Vec<Arc<Worker>> = ["pool/a", "pool/b"].map(|name| bench.watch(name)).into();
    assert_eq!(names_of(&bench.export()), ["pool/odd", "pool/other"]);
    assert_eq!(bench.group.snapshot().source_panics, 0);
    drop(workers);
}

#[test]
fn one_that_was_busy_long_ago_makes_room_for_one_that_is_busy_now() {
    let bench = Bench::new(1);
    let [was, is] = ["pool/was", "pool/is"].map(|name| bench.watch(name));
    was.work(1_000_000);
    assert_eq!(names_of(&bench.export()), ["pool/other", "pool/was"]);
    for _ in 0..20 {
        is.work(10);
        bench.export();
    }
    assert_eq!(names_of(&bench.export()), ["pool/is", "pool/other"]);
}

#[cfg(feature = "prometheus")]
#[test]
fn a_reading_that_comes_late_takes_nothing_back() {
    let bench = Bench::new(0);
    let worker = bench.watch("pool/a");
    worker.work(1);
    let last = Odd::new("pool/last");
    bench.group.watch(&last);
    bench.export();

    // The worker has been read already; another collection reads it again, and comes first.
    let (telemetry, busy) = (bench.group.downgrade(), Arc::clone(&worker));
    let mut works = true;
    last.does(move |samples| {
        if samples.wants(&JOBS) && std::mem::take(&mut works) {
            busy.work(10);
            drop(telemetry.upgrade().unwrap().export_prometheus_metrics());
        }
    });
    assert_eq!(jobs(&bench.export())["pool/other"], 11);
    assert_eq!(jobs(&bench.export())["pool/other"], 11);
}

#[test]
fn nothing_stays_behind_of_a_group_that_is_gone() {
    let bench = Bench::new(0);
    let worker = bench.watch("pool/a");
    worker.work(5);
    bench.export();
    drop(worker);
    bench.export();
    let another = bench.watch("pool/a");
    another.work(1);
    assert_eq!(jobs(&bench.export()), [("pool/other".into(), 1)].into());
}

#[test]
fn one_of_no_group_that_is_called_like_the_others_is_told_apart_from_them() {
    for comes_first in [true, false] {
        let bench = Bench::new(0);
        let everybody = bench.group.downgrade().upgrade().unwrap();
        let mut events = everybody.subscribe(EventKind::Telemetry);
        let alone = Worker::new("pool/other");
        if comes_first {
            everybody.watch(&alone);
        }
        let member = bench.watch("pool/a");
        if !comes_first {
            everybody.watch(&alone);
        }
        alone.work(1);
        member.work(2);
        let export = bench.export();
        let [name, success] = [(names::NAME, "pool/other"), (names::OUTCOME, "success")];
        let second = (names::INSTANCE, "2");
        let first = export.value("test.jobs", &[name, success]);
        let second = export.value("test.jobs", &[name, success, second]);
        let expected = if comes_first { (1.0, 2.0) } else { (2.0, 1.0) };
        assert_eq!((first, second), expected);
        assert_eq!(events.try_recv().is_some(), !comes_first);

        // With the group, what it went by is free again, after the next collection.
        drop((alone, member));
        bench.export();
        let again = Worker::new("pool/other");
        everybody.watch(&again);
        bench.export().value("test.jobs", &[name, success]);
    }
}
