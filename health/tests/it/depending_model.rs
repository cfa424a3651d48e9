//! Checks that depend on each other, startup and roll-ups, against a model that asks every question
//! anew of everything that has happened.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_health::Importance::{self, Optional, Required};
use steadfast_health::Status::{self, Degraded, Healthy, Unhealthy, Unknown};
use steadfast_health::{Check, Monitor, Report};

use crate::support::{Probe, steady};

/// How many checks there are. Each depends only on some before it, so that there are no cycles, and
/// they are registered in any order.
const CHECKS: usize = 5;

/// The staleness bound of each check, in seconds; about.
const STALE: u64 = 40;

#[derive(Debug, Clone)]
struct Spec {
    importance: Importance,
    liveness: bool,
    startup: Option<bool>,
    needs: Vec<usize>,
    staleness: u64,
}

#[derive(Debug, Clone)]
enum Op {
    Answer(usize, Status),
    Wait(u64),
    CheckNow,
    Register(usize),
    Deregister(usize),
}

fn name(which: usize) -> String {
    format!("c{which}")
}

fn spec(which: usize) -> impl Strategy<Value = Spec> {
    let importance = prop_oneof![Just(Required), Just(Optional)];
    let startup = prop_oneof![2 => Just(None), 1 => any::<bool>().prop_map(Some)];
    let needs = prop::collection::vec(prop::bool::weighted(0.4), which);
    (importance, any::<bool>(), startup, needs, 0_u64..30).prop_map(
        |(importance, liveness, startup, needs, more)| Spec {
            importance,
            liveness,
            startup,
            needs: (0..needs.len()).filter(|need| needs[*need]).collect(),
            staleness: STALE + more,
        },
    )
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    (spec(0), spec(1), spec(2), spec(3), spec(4)).prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
}

fn op() -> impl Strategy<Value = Op> {
    let status = prop_oneof![4 => Just(Healthy), 2 => Just(Degraded), 3 => Just(Unhealthy), 1 => Just(Unknown)];
    prop_oneof![
        4 => (0..CHECKS, status).prop_map(|(which, status)| Op::Answer(which, status)),
        3 => (0_u64..60).prop_map(Op::Wait),
        5 => Just(Op::CheckNow),
        1 => (0..CHECKS).prop_map(Op::Register),
        1 => (0..CHECKS).prop_map(Op::Deregister),
    ]
}

/// What the model knows of a registered check.
#[derive(Debug, Clone, Default)]
struct Known {
    /// When, in seconds, and what.
    last: Option<(u64, Status)>,
    has_started: bool,
}

#[derive(Debug)]
struct Model {
    specs: Vec<Spec>,
    known: Vec<Option<Known>>,
    answers: Vec<Status>,
    runs: Vec<usize>,
    has_started: bool,
    now: u64,
}

impl Model {
    fn new(specs: Vec<Spec>) -> Self {
        Self {
            known: vec![None; CHECKS],
            answers: vec![Healthy; CHECKS],
            runs: vec![0; CHECKS],
            has_started: false,
            now: 0,
            specs,
        }
    }

    fn waits(&self, which: usize) -> bool {
        let missed = |need: &usize| {
            self.known[*need].is_none() || matches!(self.status(*need), Unhealthy | Unknown)
        };
        self.specs[which].needs.iter().any(missed)
    }

    fn status(&self, which: usize) -> Status {
        let known = self.known[which].as_ref().unwrap();
        match known.last {
            Some((at, status))
                if !self.waits(which) && self.now - at < self.specs[which].staleness =>
            {
                status
            }
            _ => Unknown,
        }
    }

    fn registered(&self) -> Vec<usize> {
        (0..CHECKS)
            .filter(|which| self.known[*which].is_some())
            .collect()
    }

    fn is_required(&self, which: usize) -> bool {
        let needed_by =
            |other: &usize| self.specs[*other].needs.contains(&which) && self.is_required(*other);
        self.specs[which].importance == Required || self.registered().iter().any(needed_by)
    }

    fn counts_for_startup(&self, which: usize) -> bool {
        let spec = &self.specs[which];
        spec.startup.unwrap_or(spec.importance == Required)
    }

    /// What is void is forgotten; what is well has started.
    fn look(&mut self) {
        for which in self.registered() {
            let (waits, status) = (self.waits(which), self.status(which));
            let known = self.known[which].as_mut().unwrap();
            if waits {
                known.last = None;
            }
            known.has_started |= matches!(status, Healthy | Degraded);
        }
        let mut awaited = self.registered();
        awaited.retain(|which| self.counts_for_startup(*which));
        let all = awaited
            .iter()
            .all(|which| self.known[*which].as_ref().unwrap().has_started);
        self.has_started |= !awaited.is_empty() && all;
    }

    fn apply(&mut self, op: &Op) {
        self.look();
        match *op {
            Op::Answer(which, status) => self.answers[which] = status,
            Op::Wait(seconds) => self.now += seconds,
            Op::Register(which) => {
                self.known[which].get_or_insert_default();
            }
            Op::Deregister(which) => self.known[which] = None,
            // Each depends on some before it only, so this is an order that respects that.
            Op::CheckNow => {
                for which in self.registered() {
                    if !self.waits(which) {
                        self.runs[which] += 1;
                        let last = Some((self.now, self.answers[which]));
                        self.known[which].as_mut().unwrap().last = last;
                        self.look();
                    }
                }
            }
        }
        // Waiting changes nothing but the clock; who looks is the next operation.
        if !matches!(op, Op::Wait(_)) {
            self.look();
        }
    }

    fn roll_up(&self, counts: impl Fn(usize) -> bool) -> Status {
        let mut members = self.registered();
        members.retain(|which| counts(*which));
        let any = |required: bool, wanted: Status| {
            members.iter().any(|which| {
                self.status(*which) == wanted && (!required || self.is_required(*which))
            })
        };
        if any(true, Unhealthy) {
            Unhealthy
        } else if any(true, Unknown) {
            Unknown
        } else if any(false, Degraded) || any(false, Unhealthy) || any(false, Unknown) {
            Degraded
        } else {
            Healthy
        }
    }

    fn startup(&self) -> Status {
        let mut missing = self.registered();
        missing.retain(|which| {
            let known = self.known[*which].as_ref().unwrap();
            self.counts_for_startup(*which) && !known.has_started
        });
        if self.has_started || missing.is_empty() {
            Healthy
        } else if missing.iter().any(|which| self.status(*which) == Unhealthy) {
            Unhealthy
        } else {
            Unknown
        }
    }

    fn assert_agrees(&self, report: &Report) {
        assert_eq!(report.components.len(), self.registered().len());
        for which in self.registered() {
            let seen = report.component(&name(which)).unwrap();
            let known = self.known[which].as_ref().unwrap();
            assert_eq!(seen.status, self.status(which), "{which}");
            assert_eq!(seen.waits_for.is_some(), self.waits(which), "{which}");
            assert_eq!(seen.has_started, known.has_started, "{which}");
            assert_eq!(seen.startup, self.counts_for_startup(which), "{which}");
            let required = seen.importance == Required;
            assert_eq!(required, self.is_required(which), "{which}");
        }
        assert_eq!(report.readiness, self.roll_up(|_| true), "readiness");
        assert_eq!(
            report.liveness,
            self.roll_up(|which| self.specs[which].liveness),
            "liveness"
        );
        assert_eq!(report.startup, self.startup(), "startup");
    }
}

fn check(spec: &Spec, which: usize, probe: &Probe) -> Check {
    let check = probe
        .check(&name(which))
        .interval(Duration::from_secs(10))
        .staleness(Duration::from_secs(spec.staleness))
        .liveness(spec.liveness)
        .depends_on(spec.needs.iter().map(|need| name(*need)));
    let check = match spec.importance {
        Required => check.required(),
        Optional => check.optional(),
    };
    match spec.startup {
        Some(startup) => check.startup(startup),
        None => check,
    }
}

async fn drive(specs: Vec<Spec>, order: Vec<usize>, ops: Vec<Op>) {
    let monitor: Monitor = steady();
    let probes: Vec<_> = (0..CHECKS).map(|_| Probe::new()).collect();
    let mut model = Model::new(specs.clone());
    let ops = order.into_iter().map(Op::Register).chain(ops);
    for op in ops {
        match op {
            Op::Answer(which, status) => probes[which].answer(status),
            Op::Wait(seconds) => tokio::time::advance(Duration::from_secs(seconds)).await,
            Op::Register(which) => {
                // A second one of that name is refused, and changes nothing.
                let _ = monitor.register(check(&specs[which], which, &probes[which]));
            }
            Op::Deregister(which) => {
                monitor.deregister(&name(which));
            }
            Op::CheckNow => {
                monitor.check_now().await;
            }
        }
        model.apply(&op);
        model.assert_agrees(&monitor.get_health());
        let runs: Vec<_> = probes.iter().map(Probe::begun).collect();
        assert_eq!(runs, model.runs, "after {op:?}");
    }
}

proptest! {
    #[test]
    fn agrees_with_the_model(
        specs in specs(),
        order in Just((0..CHECKS).collect::<Vec<_>>()).prop_shuffle(),
        ops in prop::collection::vec(op(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(drive(specs, order, ops));
    }
}
