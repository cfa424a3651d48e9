//! Whatever is started, stopped and dropped around it: never two runs of one check at a time, and
//! never none that can be had.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_health::Status;
use tokio::time::sleep;

use crate::support::{Probe, SECOND, steady};

#[derive(Debug, Clone)]
enum Op {
    Wait(u64),
    Ask,
    DropAsker(usize),
    Start,
    Stop(usize),
    DropRunner(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1_u64..4000).prop_map(Op::Wait),
        3 => Just(Op::Ask),
        2 => any::<usize>().prop_map(Op::DropAsker),
        1 => Just(Op::Start),
        1 => any::<usize>().prop_map(Op::Stop),
        1 => any::<usize>().prop_map(Op::DropRunner),
    ]
}

proptest! {
    #[test]
    fn runs_never_overlap(ops in prop::collection::vec(op(), 1..40), takes in 0_u64..3000) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(drive(ops, Duration::from_millis(takes)));
    }
}

async fn drive(ops: Vec<Op>, takes: Duration) {
    let monitor = steady();
    let probe = Probe::new().taking(takes);
    let check = probe.check("db").interval(2 * SECOND).timeout(4 * SECOND);
    monitor.register(check).unwrap();
    let mut askers = Vec::new();
    let mut runners = Vec::new();
    for op in ops {
        match op {
            Op::Wait(millis) => sleep(Duration::from_millis(millis)).await,
            Op::Ask => {
                let monitor = monitor.clone();
                askers.push(tokio::spawn(async move { monitor.check_now().await }));
            }
            Op::DropAsker(which) if !askers.is_empty() => {
                askers.swap_remove(which % askers.len()).abort();
            }
            Op::Start => runners.push(monitor.start()),
            Op::Stop(which) if !runners.is_empty() => {
                runners.swap_remove(which % runners.len()).stop().await;
            }
            Op::DropRunner(which) if !runners.is_empty() => {
                drop(runners.swap_remove(which % runners.len()));
            }
            Op::DropAsker(_) | Op::Stop(_) | Op::DropRunner(_) => {}
        }
        assert!(probe.peak() <= 1, "two runs at a time");
    }
    let report = monitor.check_now().await;
    assert_eq!(report.readiness, Status::Healthy);
    assert_eq!(probe.peak(), 1);
    let db = report.component("db").unwrap();
    assert_eq!(db.checks, probe.answered() as u64);
    let still_running = (db.checks + db.abandoned).abs_diff(probe.begun() as u64);
    assert!(still_running <= 1, "a run was lost: {db:?}");
}
