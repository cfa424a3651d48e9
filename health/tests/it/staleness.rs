//! Results grow old.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use steadfast_health::Status;
use tokio::time::{advance, sleep};

use crate::support::{Probe, Recorder, SECOND, message_of, now, poll_once, status_of, steady};

#[tokio::test(start_paused = true)]
async fn a_result_stands_for_three_intervals_and_a_timeout() {
    let monitor = steady();
    monitor.register(Probe::new().check("db")).unwrap();
    monitor.check_now().await;
    advance(94 * SECOND).await;
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    advance(SECOND).await;
    let report = monitor.get_health();
    assert_eq!(report.readiness, Status::Unknown);
    assert_eq!(
        message_of(&report, "db"),
        "no result for 95s, longer than the staleness bound of 95s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_may_have_its_own_bound() {
    let monitor = steady();
    monitor
        .register(Probe::new().check("db").staleness(50 * SECOND))
        .unwrap();
    monitor.check_now().await;
    advance(Duration::from_millis(49_999)).await;
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    advance(Duration::from_millis(1)).await;
    assert_eq!(monitor.get_health().readiness, Status::Unknown);
}

#[tokio::test(start_paused = true)]
async fn the_result_that_ends_staleness_counts_at_once() {
    let monitor = steady();
    let probe = Probe::new();
    monitor
        .register(probe.check("db").unhealthy_after(3))
        .unwrap();
    monitor.check_now().await;
    advance(95 * SECOND).await;
    probe.answer(Status::Unhealthy);
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_run_on_time_never_goes_stale() {
    let recorder = Recorder::default();
    let monitor = steady();
    monitor.add_observer(Arc::new(recorder.clone()));
    let probe = Probe::new().taking(100 * SECOND);
    let tight = Duration::from_millis(35_002);
    monitor
        .register(probe.check("db").staleness(tight))
        .unwrap();
    let runner = monitor.start();
    sleep(1000 * SECOND).await;
    assert_eq!(
        recorder.changes(),
        [
            "readiness: healthy -> unknown",
            "startup: healthy -> unknown",
            "db: unknown -> unhealthy",
            "readiness: unknown -> unhealthy",
            "startup: unknown -> unhealthy",
        ]
    );
    runner.stop().await;
}

/// A `check_now` that is neither polled nor dropped stands in for a check that blocks its thread:
/// its run does not end, its timeout cannot fire, and nobody else can run the check.
#[tokio::test(start_paused = true)]
async fn the_runner_notices_what_goes_stale() {
    let recorder = Recorder::default();
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    monitor.register(Probe::new().check("sound")).unwrap();
    monitor.check_now().await;
    let checked = now();
    let mut readiness = monitor.subscribe();
    monitor.add_observer(Arc::new(recorder.clone()));
    sleep(20 * SECOND).await;

    let probe = probe.taking(SECOND);
    let mut stuck = pin!(monitor.check_now());
    assert!(poll_once(stuck.as_mut()).await.is_pending());
    let runner = monitor.start();
    readiness.changed().await.unwrap();

    assert_eq!(*readiness.borrow(), Status::Unknown);
    assert_eq!(now() - checked, 95 * SECOND);
    assert_eq!(
        recorder.changes(),
        ["db: healthy -> unknown", "readiness: healthy -> unknown"]
    );
    assert_eq!((probe.begun(), probe.peak()), (2, 1));

    let report = stuck.await;
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
    assert_eq!(
        message_of(&report, "db"),
        "check answered after 75s, later than its timeout of 5s"
    );
    assert_eq!(report.component("db").unwrap().timeouts, 1);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_runner_notices_a_first_result_that_goes_stale_before_any_other() {
    let monitor = steady();
    let probe = Probe::new();
    let readiness = monitor.subscribe();
    let long = Probe::new().check("long").staleness(1000 * SECOND);
    monitor.register(long).unwrap();
    monitor
        .register(probe.check("db").staleness(40 * SECOND))
        .unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    assert_eq!(*readiness.borrow(), Status::Healthy);

    let _probe = probe.taking(SECOND);
    let mut stuck = pin!(monitor.check_now());
    assert!(poll_once(stuck.as_mut()).await.is_pending());
    sleep(Duration::from_millis(38_900)).await;
    assert_eq!(*readiness.borrow(), Status::Healthy);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(*readiness.borrow(), Status::Unknown);
    runner.stop().await;
}
