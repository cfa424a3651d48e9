//! Checks that depend on each other in a long row. A future within a future within a future, one for
//! each, would need more stack than these threads have.

use std::thread;
use std::time::Duration;

use steadfast_health::{Monitor, Status};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::support::{Probe, steady};

const LONG: usize = 400;

const STACK: usize = 256 * 1024;

const MOMENT: Duration = Duration::from_millis(10);

/// Each takes a moment and depends on the one before it.
fn chain() -> Monitor {
    let monitor = steady();
    for which in 0..LONG {
        let check = Probe::new().taking(MOMENT).check(&which.to_string());
        let before = which.checked_sub(1).map(|before| before.to_string());
        monitor.register(check.depends_on(before)).unwrap();
    }
    monitor
}

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn on_little_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
    thread.join().unwrap();
}

#[test]
fn check_now_runs_a_long_one_to_its_end() {
    on_little_stack(|| {
        let report = paused().block_on(chain().check_now());
        assert_eq!(report.status, Status::Healthy);
        assert_eq!(report.counts().healthy, LONG);
    });
}

#[test]
fn check_now_can_be_dropped_in_the_middle_of_a_long_one() {
    on_little_stack(|| {
        let monitor = chain();
        let cut = paused().block_on(async { timeout(3 * MOMENT / 2, monitor.check_now()).await });
        assert!(cut.is_err());
        assert_eq!(monitor.get_health().counts().healthy, 1);
        assert_eq!(monitor.get_health().component("1").unwrap().abandoned, 1);
    });
}
