//! What is told piece by piece, as events and through the channel, adds up to what a report says, which
//! is made from everything anew.

use std::collections::BTreeMap;

use proptest::prelude::*;
use steadfast_health::{Checked, Counts, Monitor, Probe as Question, Status, Subject};
use tokio::time::advance;

use crate::support::{Heard, Probe, Recorder, SECOND};

/// How many checks there are, each of which depends at most on some before it.
const CHECKS: usize = 5;

#[derive(Debug, Clone)]
struct Spec {
    optional: bool,
    liveness: bool,
    needs: Vec<usize>,
    after: u32,
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

fn spec(which: usize) -> impl Strategy<Value = Spec> {
    let needs = prop::collection::vec(prop::bool::weighted(0.25), which);
    (any::<bool>(), any::<bool>(), needs, 1_u32..3, 40_u64..70).prop_map(
        |(optional, liveness, needs, after, staleness)| Spec {
            optional,
            liveness,
            needs: (0..needs.len()).filter(|need| needs[*need]).collect(),
            after,
            staleness,
        },
    )
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    (0..CHECKS).map(spec).collect::<Vec<_>>()
}

fn op() -> impl Strategy<Value = Op> {
    let status = prop_oneof![
        4 => Just(Status::Healthy),
        2 => Just(Status::Degraded),
        3 => Just(Status::Unhealthy),
        1 => Just(Status::Unknown),
    ];
    prop_oneof![
        4 => (0..CHECKS, status).prop_map(|(which, status)| Op::Answer(which, status)),
        3 => (0_u64..60).prop_map(Op::Wait),
        5 => Just(Op::CheckNow),
        1 => (0..CHECKS).prop_map(Op::Register),
        1 => (0..CHECKS).prop_map(Op::Deregister),
    ]
}

/// Everything, as somebody knows it who only listens.
struct Listener {
    recorder: Recorder,
    heard: usize,
    components: BTreeMap<String, Status>,
    probes: BTreeMap<&'static str, Status>,
    run: Option<Checked>,
}

impl Listener {
    fn listen(&mut self) {
        for heard in self.recorder.heard().drain(..).skip(self.heard) {
            self.heard += 1;
            match heard {
                Heard::Checked(checked) => {
                    self.end_of_run();
                    self.run = Some(checked);
                }
                Heard::Changed(changed) => {
                    let known = match &changed.subject {
                        Subject::Component(name) => self.components.get_mut(&**name).unwrap(),
                        Subject::Liveness => self.probes.get_mut("liveness").unwrap(),
                        Subject::Readiness => self.probes.get_mut("readiness").unwrap(),
                        Subject::Startup => self.probes.get_mut("startup").unwrap(),
                        other => panic!("{other:?}"),
                    };
                    assert_eq!(*known, changed.from, "{changed:?}");
                    *known = changed.to;
                }
            }
        }
        self.end_of_run();
    }

    /// With the changes that followed from it, a run has told the truth.
    fn end_of_run(&mut self) {
        if let Some(run) = self.run.take() {
            assert_eq!(self.components[&*run.component], run.status, "{run:?}");
            let counts: Counts = self.components.values().copied().sum();
            assert_eq!(counts, run.counts, "{run:?}");
        }
    }
}

async fn obey(specs: Vec<Spec>, ops: Vec<Op>) {
    let recorder = Recorder::default();
    let monitor = Monitor::builder("orders")
        .jitter(0.0)
        .observer(recorder.clone())
        .build()
        .unwrap();
    let channel = monitor.subscribe();
    let probes: Vec<_> = (0..CHECKS).map(|_| Probe::new()).collect();
    let mut listener = Listener {
        recorder,
        heard: 0,
        components: BTreeMap::new(),
        probes: Question::ALL
            .map(|it| (it.as_str(), Status::Healthy))
            .into(),
        run: None,
    };
    for op in ops {
        match op {
            Op::Answer(which, status) => probes[which].answer(status),
            Op::Wait(seconds) => {
                advance(SECOND * u32::try_from(seconds).unwrap()).await;
                // Lets it show, as a runner does.
                assert!(!monitor.deregister("nobody"));
            }
            Op::CheckNow => {
                monitor.check_now().await;
            }
            Op::Register(which) => {
                let spec = &specs[which];
                let check = probes[which]
                    .check(&which.to_string())
                    .depends_on(spec.needs.iter().map(ToString::to_string))
                    .liveness(spec.liveness)
                    .unhealthy_after(spec.after)
                    .healthy_after(spec.after)
                    .staleness(SECOND * u32::try_from(spec.staleness).unwrap());
                let check = if spec.optional {
                    check.optional()
                } else {
                    check
                };
                if monitor.register(check).is_ok() {
                    let unknown = Status::Unknown;
                    listener.components.insert(which.to_string(), unknown);
                }
            }
            Op::Deregister(which) => {
                let name = which.to_string();
                assert_eq!(
                    monitor.deregister(&name),
                    listener.components.remove(&name).is_some()
                );
            }
        }
        listener.listen();
        let report = monitor.get_health();
        let reported = report.components.iter();
        let reported: BTreeMap<_, _> = reported
            .map(|it| (it.name.to_string(), it.status))
            .collect();
        assert_eq!(listener.components, reported);
        for probe in Question::ALL {
            let known = listener.probes[probe.as_str()];
            assert_eq!(known, report.status_of(probe), "{probe}");
        }
        assert_eq!(*channel.borrow(), report.readiness);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn adds_up_to_the_report(
        specs in specs(),
        registered in prop::collection::vec(0..CHECKS, 0..8),
        ops in prop::collection::vec(op(), 1..40),
    ) {
        let first = registered.into_iter().map(Op::Register);
        let ops = first.chain(ops).collect();
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(obey(specs, ops));
    }
}
