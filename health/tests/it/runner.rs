//! The runner owns what runs in the background.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use steadfast_health::{Check, Outcome, Status};
use tokio::time::sleep;

use crate::support::{Probe, SECOND, now, steady};

#[tokio::test(start_paused = true)]
async fn dropping_the_runner_ends_a_check_in_the_middle() {
    let monitor = steady();
    let probe = Probe::new().taking(3 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    assert_eq!(probe.running(), 1);
    drop(runner);
    sleep(100 * SECOND).await;
    assert_eq!(
        (probe.running(), probe.begun(), probe.answered()),
        (0, 1, 0)
    );
    assert_eq!(monitor.get_health().components[0].abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn stop_waits_until_every_check_has_ended() {
    let monitor = steady();
    let probes = [(); 5].map(|()| Probe::new().taking(3 * SECOND));
    for (i, probe) in probes.iter().enumerate() {
        monitor.register(probe.check(&format!("{i}"))).unwrap();
    }
    let runner = monitor.start();
    sleep(SECOND).await;
    let stopping = now();
    runner.stop().await;
    assert_eq!(now(), stopping);
    for probe in &probes {
        assert_eq!((probe.running(), probe.begun()), (0, 1));
    }
}

/// The check gives the stopping thread every chance to overtake it while it is being dropped.
#[test]
fn stop_waits_for_a_check_that_takes_its_time_to_go() {
    struct Slow(Arc<AtomicBool>);
    impl Drop for Slow {
        fn drop(&mut self) {
            for _ in 0..1000 {
                std::thread::yield_now();
            }
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let monitor = steady();
    let gone = Arc::new(AtomicBool::new(false));
    let (begun, has_begun) = mpsc::channel();
    let check = Check::new("db", {
        let gone = Arc::clone(&gone);
        move || {
            let slow = Slow(Arc::clone(&gone));
            begun.send(()).unwrap();
            async move {
                let _slow = slow;
                pending::<Outcome>().await
            }
        }
    });
    monitor.register(check).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let runner = {
        let _entered = runtime.enter();
        monitor.start()
    };
    has_begun.recv().unwrap();
    runtime.block_on(runner.stop());
    assert!(gone.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_before_the_start_and_after_the_stop() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    sleep(100 * SECOND).await;
    assert_eq!(probe.begun(), 0);
    let runner = monitor.start();
    assert!(runner.is_running());
    sleep(SECOND).await;
    runner.stop().await;
    sleep(100 * SECOND).await;
    assert_eq!(probe.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_monitor_can_be_started_again() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    for round in 1..=3 {
        let runner = monitor.start();
        sleep(SECOND).await;
        assert_eq!(probe.begun(), round);
        runner.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_runner_stands_by_and_takes_over() {
    let monitor = steady();
    let probe = Probe::new();
    monitor
        .register(probe.check("db").interval(10 * SECOND))
        .unwrap();
    let first = monitor.start();
    sleep(SECOND).await;
    let second = monitor.start();
    sleep(25 * SECOND).await;
    assert_eq!(probe.begun(), 3);
    drop(first);
    sleep(SECOND).await;
    assert_eq!(probe.begun(), 4);
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_runner_on_standby_stops_at_once() {
    let monitor = steady();
    let first = monitor.start();
    sleep(SECOND).await;
    monitor.start().stop().await;
    assert!(first.is_running());
    first.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_runner_keeps_the_monitor_alive_and_nothing_else_does() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    let weak = monitor.downgrade();
    let runner = monitor.start();
    drop(monitor);
    sleep(31 * SECOND).await;
    assert_eq!(probe.begun(), 2);
    let monitor = weak.upgrade().unwrap();
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    drop(monitor);
    runner.stop().await;
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_runner_outlives_its_runtime_without_harm() {
    let monitor = steady();
    monitor.register(Probe::new().check("db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let runner = runtime.block_on(async {
        let runner = monitor.start();
        sleep(SECOND).await;
        runner
    });
    drop(runtime);
    assert!(!runner.is_running());
    assert_eq!(monitor.get_health().components[0].checks, 1);

    let another = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    another.block_on(runner.stop());
}

/// In the task it would be seen by nobody, and no check would ever run.
#[test]
fn a_runtime_without_its_timer_is_told_at_the_start() {
    let monitor = steady();
    let timeless = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _inside = timeless.enter();
    let start = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| monitor.start()));
    assert!(start.is_err());
}
