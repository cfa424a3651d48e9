//! Many components of one kind: the busiest by themselves, the others together.

mod hardships;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use steadfast_telemetry::{Instrument, Samples, Source, Telemetry, names};

use crate::export::{Export, FarEnd};

const JOBS: Instrument = Instrument::counter("test.jobs", "{job}", "Jobs done.");
const TOOK: Instrument = Instrument::counter_f64("test.took", "s", "Time spent.");
const WAITING: Instrument = Instrument::up_down_counter("test.waiting", "{job}", "Jobs that wait.");
const STATE: Instrument = Instrument::gauge("test.state", "{worker}", "1 for the state it is in.");
const RATIO: Instrument = Instrument::gauge_f64("test.failing", "1", "The share that fails.");

#[derive(Debug)]
struct Worker {
    name: String,
    jobs: AtomicU64,
    waiting: AtomicU64,
}

impl Worker {
    fn new(name: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            jobs: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        })
    }

    fn work(&self, jobs: u64) {
        self.jobs.fetch_add(jobs, Ordering::Relaxed);
    }
}

impl Source for Worker {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "worker"
    }

    fn instruments(&self) -> &'static [Instrument] {
        &[WAITING, JOBS, TOOK, STATE, RATIO]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let jobs = self.jobs.load(Ordering::Relaxed);
        let waiting = self.waiting.load(Ordering::Relaxed);
        samples.record(&JOBS, jobs, &[(names::OUTCOME, "success")]);
        samples.record_f64(&TOOK, jobs as f64 / 2.0, &[]);
        samples.record(&WAITING, waiting, &[]);
        let is_idle = waiting == 0;
        samples.record(&STATE, u64::from(is_idle), &[(names::STATE, "idle")]);
        samples.record(&STATE, u64::from(!is_idle), &[(names::STATE, "busy")]);
        if jobs > 0 {
            samples.record_f64(&RATIO, 1.0 / jobs as f64, &[]);
        }
    }
}

struct Bench {
    far_end: FarEnd,
    group: Telemetry,
}

impl Bench {
    fn new(own_series: usize) -> Self {
        let far_end = FarEnd::new();
        let builder = Telemetry::builder().meter_provider(&far_end.provider);
        let telemetry = builder.own_series(own_series).build().unwrap();
        Self {
            far_end,
            group: telemetry.group("pool"),
        }
    }

    fn watch(&self, name: &str) -> Arc<Worker> {
        let worker = Worker::new(name);
        self.group.watch(&worker);
        worker
    }

    fn export(&self) -> Export {
        self.far_end.export()
    }
}

/// Jobs done by name, as exported.
fn jobs(export: &Export) -> BTreeMap<String, u64> {
    let series = export.of("test.jobs").into_iter();
    series
        .map(|series| (series.attributes[names::NAME].clone(), series.value as u64))
        .collect()
}

fn names_of(export: &Export) -> Vec<String> {
    jobs(export).into_keys().collect()
}

#[test]
fn a_group_within_its_bound_is_told_member_by_member() {
    let bench = Bench::new(3);
    let _workers = ["pool/a", "pool/b", "pool/c"].map(|name| bench.watch(name));
    assert_eq!(names_of(&bench.export()), ["pool/a", "pool/b", "pool/c"]);
}

#[test]
fn what_is_beyond_the_bound_is_told_together() {
    let bench = Bench::new(1);
    let [own, one, two] = ["pool/a", "pool/b", "pool/c"].map(|name| bench.watch(name));
    own.work(10);
    one.work(2);
    two.work(4);
    one.waiting.store(5, Ordering::Relaxed);
    two.waiting.store(6, Ordering::Relaxed);

    let export = bench.export();
    let other = (names::NAME, "pool/other");
    let success = (names::OUTCOME, "success");
    assert_eq!(
        export.value("test.jobs", &[(names::NAME, "pool/a"), success]),
        10.0
    );
    assert_eq!(export.value("test.jobs", &[other, success]), 6.0);
    assert_eq!(export.value("test.took", &[other]), 3.0);
    assert_eq!(export.value("test.waiting", &[other]), 11.0);
    // How many are in a state; and the worst of the ratios.
    assert_eq!(
        export.value("test.state", &[other, (names::STATE, "idle")]),
        0.0
    );
    assert_eq!(
        export.value("test.state", &[other, (names::STATE, "busy")]),
        2.0
    );
    assert_eq!(export.value("test.failing", &[other]), 0.5);
    assert_eq!(export.named("pool/b").len(), 0);
}

#[test]
fn the_busiest_have_the_series() {
    let bench = Bench::new(2);
    let workers: Vec<_> = (0..10)
        .map(|number| bench.watch(&format!("pool/{number}")))
        .collect();
    bench.export();
    for _ in 0..5 {
        workers[7].work(100);
        workers[3].work(80);
        workers[5].work(1);
        bench.export();
    }
    assert_eq!(
        names_of(&bench.export()),
        ["pool/3", "pool/7", "pool/other"]
    );
}

#[test]
fn two_that_are_alike_do_not_take_turns() {
    let bench = Bench::new(1);
    let [one, two] = ["pool/a", "pool/b"].map(|name| bench.watch(name));
    for round in 0..50 {
        one.work(100 + round % 3 * 10);
        two.work(100 + round % 5 * 15);
        assert_eq!(names_of(&bench.export()), ["pool/a", "pool/other"]);
    }
}

#[test]
fn whoever_goes_makes_room_for_the_busiest_of_the_others() {
    let bench = Bench::new(1);
    let [own, idle, busy] = ["pool/a", "pool/b", "pool/c"].map(|name| bench.watch(name));
    own.work(9);
    busy.work(9);
    bench.export();
    drop(own);
    busy.work(1);
    assert_eq!(names_of(&bench.export()), ["pool/c", "pool/other"]);
    drop(idle);
}

#[test]
fn one_that_is_called_like_the_others_together_is_one_of_them() {
    let bench = Bench::new(5);
    let confusing = bench.watch("pool/other");
    let _own = bench.watch("pool/a");
    confusing.work(3);
    let export = bench.export();
    assert_eq!(
        jobs(&export),
        [("pool/a".into(), 0), ("pool/other".into(), 3)].into()
    );
}

#[test]
fn without_any_series_of_their_own_all_are_others() {
    let bench = Bench::new(0);
    let workers = ["pool/a", "pool/b"].map(|name| bench.watch(name));
    workers.iter().for_each(|worker| worker.work(2));
    assert_eq!(jobs(&bench.export()), [("pool/other".into(), 4)].into());
}

#[test]
fn groups_are_apart_and_so_is_what_belongs_to_none() {
    let bench = Bench::new(0);
    let other_group = bench.group.group("yard");
    let [one, two, three] = ["pool/a", "yard/a", "alone"].map(Worker::new);
    bench.group.watch(&one);
    other_group.watch(&two);
    bench.group.downgrade().upgrade().unwrap().watch(&three);
    one.work(1);
    two.work(2);
    three.work(3);
    let expected = [("alone", 3), ("pool/other", 1), ("yard/other", 2)];
    let expected: BTreeMap<_, _> = expected.map(|(name, jobs)| (name.to_owned(), jobs)).into();
    assert_eq!(jobs(&bench.export()), expected);
}

#[test]
fn a_group_ends_with_its_last_member() {
    let bench = Bench::new(0);
    let worker = bench.watch("pool/a");
    worker.work(1);
    bench.export();
    drop(worker);
    assert!(bench.export().of("test.jobs").is_empty());
}

#[test]
fn snapshots_tell_of_each_member() {
    let bench = Bench::new(1);
    let workers = ["pool/a", "pool/b", "pool/c"].map(|name| bench.watch(name));
    workers[2].work(7);
    let snapshot = bench.group.snapshot();
    assert_eq!(snapshot.watched, 3);
    assert_eq!(snapshot.components[2].group.as_deref(), Some("pool"));
    let jobs = snapshot.components[2].value("test.jobs", &[(names::OUTCOME, "success")]);
    assert_eq!(jobs.unwrap().as_f64(), 7.0);
}

/// What a run does next.
#[derive(Debug, Clone)]
enum Step {
    Arrive,
    Leave(usize),
    Work(usize, u64),
    Export,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Arrive),
        1 => any::<usize>().prop_map(Step::Leave),
        6 => (any::<usize>(), 0_u64..500).prop_map(|(who, jobs)| Step::Work(who, jobs)),
        3 => Just(Step::Export),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However they come, work, take each other's places and go: the bound holds, no count goes back, and
    /// what the series grew by from one export to the next is what was done in between.
    #[test]
    fn no_job_is_lost_or_told_twice(
        own_series in 0_usize..4,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let bench = Bench::new(own_series);
        let mut workers: Vec<Arc<Worker>> = Vec::new();
        let mut arrived = 0;
        let mut before = BTreeMap::new();
        // Since the export before.
        let mut done = 0;
        for step in steps {
            match step {
                Step::Arrive => {
                    workers.push(bench.watch(&format!("pool/{arrived}")));
                    arrived += 1;
                }
                // What somebody did who left before the next export is not told.
                Step::Leave(who) if !workers.is_empty() => {
                    let index = who % workers.len();
                    let now = jobs(&bench.export());
                    prop_assert!(grown(&before, &now) <= done);
                    before = now;
                    done = 0;
                    workers.remove(index);
                    // A group of nobody is gone, and what it counted.
                    if workers.is_empty() {
                        before.clear();
                    }
                }
                Step::Work(who, jobs) if !workers.is_empty() => {
                    let index = who % workers.len();
                    workers[index].work(jobs);
                    done += jobs;
                }
                Step::Leave(_) | Step::Work(..) => {}
                Step::Export => {
                    let now = jobs(&bench.export());
                    let own = now.keys().filter(|name| *name != "pool/other").count();
                    prop_assert!(own <= own_series);
                    if !workers.is_empty() {
                        if let (Some(was), Some(is)) = (before.get("pool/other"), now.get("pool/other")) {
                            prop_assert!(is >= was, "{before:?} {now:?}");
                        }
                    }
                    let told = grown(&before, &now);
                    prop_assert!(told <= done, "{told} of {done}: {before:?} {now:?}");
                    let stayed = now.keys().all(|name| before.contains_key(name)) && before.keys().all(|name| now.contains_key(name));
                    if stayed {
                        prop_assert_eq!(told, done);
                    }
                    before = now;
                    done = 0;
                }
            }
        }
    }
}

/// What a rate over these two exports sees: the growth of the series that are in both.
fn grown(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> u64 {
    let both = now.iter().filter_map(|(name, now)| {
        let before = before.get(name)?;
        Some(now.saturating_sub(*before))
    });
    both.sum()
}
