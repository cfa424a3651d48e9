//! Reading the health of ten components that have reported.
//!
//! No peer is beside it: the health crates we know of run their checks when they are asked, or
//! answer with one status that the user sets, and neither is the same thing.

use steadfast_benches::{Case, blocking};
use steadfast_health::{Check, Monitor, Outcome, Status};

use super::runtime::runtime;

const COMPONENTS: usize = 10;

pub(crate) fn cases() -> Vec<Case> {
    let monitor = monitor();
    let get_health = move || Ok::<_, ()>(monitor.get_health());
    vec![Case::new(
        "get_health_10",
        blocking(get_health, |report| {
            report.as_ref().is_ok_and(|report| {
                report.status == Status::Healthy && report.components.len() == COMPONENTS
            })
        }),
    )]
}

fn monitor() -> Monitor {
    let monitor = Monitor::builder("bench")
        .build()
        .expect("a sound configuration");
    for number in 0..COMPONENTS {
        let check = Check::new(format!("component {number}"), async || Outcome::healthy());
        monitor.register(check).expect("a name of its own");
    }
    runtime().block_on(monitor.check_now());
    monitor
}
