//! How one run ends, and what it says.

use std::future::{Ready, pending};
use std::panic::panic_any;
use std::time::Duration;

use steadfast_health::{Check, Ending, Monitor, Outcome, Status};

use crate::support::{Probe, Recorder, SECOND, message_of, now, poll_once, status_of, steady};

#[tokio::test(start_paused = true)]
async fn a_component_is_unknown_before_its_first_result() {
    let monitor = steady();
    monitor.register(Probe::new().check("db")).unwrap();
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Unknown);
    assert_eq!(message_of(&report, "db"), "not checked yet");
    assert_eq!(report.component("db").unwrap().checked_ago, None);
}

#[tokio::test(start_paused = true)]
async fn a_report_carries_the_answer_and_its_age() {
    let monitor = steady();
    let check = Check::new("db", || async {
        tokio::time::sleep(2 * SECOND).await;
        Outcome::degraded("replica lags").detail("lag", 12)
    });
    monitor.register(check).unwrap();
    monitor.check_now().await;
    tokio::time::sleep(3 * SECOND).await;

    let report = monitor.snapshot();
    let db = report.component("db").unwrap();
    assert_eq!(db.status, Status::Degraded);
    assert_eq!(db.message.as_deref(), Some("replica lags"));
    assert_eq!(db.details["lag"], "12");
    assert_eq!(db.duration, Some(2 * SECOND));
    assert_eq!(db.checked_ago, Some(3 * SECOND));
    assert_eq!((db.checks, db.timeouts, db.panics), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_check_may_answer_with_a_result() {
    let monitor = steady();
    monitor
        .register(Check::new("good", || async { Ok::<(), String>(()) }))
        .unwrap();
    monitor
        .register(Check::new("bad", || async { Err::<(), _>("refused") }))
        .unwrap();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "good"), Status::Healthy);
    assert_eq!(status_of(&report, "bad"), Status::Unhealthy);
    assert_eq!(message_of(&report, "bad"), "refused");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_passes_its_timeout_is_dropped_and_unhealthy() {
    let monitor = steady();
    let probe = Probe::new().taking(10 * SECOND);
    monitor
        .register(probe.check("db").timeout(3 * SECOND))
        .unwrap();
    let started = now();
    let report = monitor.check_now().await;

    assert_eq!(now() - started, 3 * SECOND);
    assert_eq!((probe.running(), probe.answered()), (0, 0));
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
    assert_eq!(message_of(&report, "db"), "check timed out after 3s");
    let db = report.component("db").unwrap();
    assert_eq!((db.checks, db.timeouts, db.panics), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_check_has_the_monitors_timeout_unless_it_has_its_own() {
    let monitor = Monitor::builder("m").timeout(SECOND).build().unwrap();
    monitor
        .register(Check::new("db", pending::<Outcome>))
        .unwrap();
    let started = now();
    monitor.check_now().await;
    assert_eq!(now() - started, SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_check_is_unhealthy_and_hurts_no_other() {
    let monitor = steady();
    let text = Check::new("text", || async { explode("disk on fire") });
    let formatted = Check::new("formatted", || async { explode(format!("disk {}", 7)) });
    let opaque = Check::new("opaque", || async { explode(42_u8) });
    let early = Check::new("early", || -> Ready<Outcome> {
        panic!("before the first await")
    });
    for check in [text, formatted, opaque, early, Probe::new().check("sound")] {
        monitor.register(check).unwrap();
    }
    let report = monitor.check_now().await;
    for (name, message) in [
        ("text", "check panicked: disk on fire"),
        ("formatted", "check panicked: disk 7"),
        ("opaque", "check panicked"),
        ("early", "check panicked: before the first await"),
    ] {
        assert_eq!(status_of(&report, name), Status::Unhealthy, "{name}");
        assert_eq!(message_of(&report, name), message);
        assert_eq!(report.component(name).unwrap().panics, 1);
    }
    assert_eq!(status_of(&report, "sound"), Status::Healthy);
}

fn explode(payload: impl Send + 'static) -> Outcome {
    let payload: Box<dyn std::any::Any + Send> = Box::new(payload);
    std::panic::resume_unwind(payload)
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_while_it_is_dropped_is_checked_again() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any("boom on the way out");
        }
    }
    let recorder = Recorder::default();
    let monitor = steady();
    monitor.add_observer(std::sync::Arc::new(recorder.clone()));
    let check = Check::new("db", || async {
        let _bomb = Bomb;
        pending::<Outcome>().await
    });
    monitor.register(check).unwrap();

    let runner = monitor.start();
    tokio::time::sleep(36 * SECOND).await;
    let report = monitor.get_health();
    assert_eq!(
        message_of(&report, "db"),
        "check panicked: boom on the way out"
    );
    assert_eq!(report.component("db").unwrap().checks, 2);
    let endings: Vec<_> = recorder.checked().iter().map(|run| run.ending).collect();
    assert_eq!(endings, [Ending::Panicked; 2]);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn consecutive_bad_counts_unhealthy_results_in_a_row() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    let mut seen = Vec::new();
    for status in [
        Status::Unhealthy,
        Status::Unhealthy,
        Status::Degraded,
        Status::Unhealthy,
        Status::Unknown,
        Status::Unhealthy,
        Status::Healthy,
    ] {
        probe.answer(status);
        seen.push(monitor.check_now().await.components[0].consecutive_bad);
    }
    assert_eq!(seen, [1, 2, 0, 1, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn checks_run_at_the_same_time() {
    let monitor = steady();
    for name in ["a", "b", "c"] {
        let slow = Probe::new().taking(2 * SECOND);
        monitor.register(slow.check(name)).unwrap();
    }
    let started = now();
    let report = monitor.check_now().await;
    assert_eq!(report.readiness, Status::Healthy);
    assert_eq!(now() - started, 2 * SECOND);
}

/// Nobody polls it in time, as when its thread is blocked.
#[tokio::test(start_paused = true)]
async fn an_answer_counts_up_to_the_timeout_and_not_a_moment_longer() {
    for (late, expected) in [(5000, Status::Healthy), (5001, Status::Unhealthy)] {
        let monitor = steady();
        let probe = Probe::new().taking(SECOND);
        monitor.register(probe.check("db")).unwrap();
        let mut run = std::pin::pin!(monitor.check_now());
        assert!(poll_once(run.as_mut()).await.is_pending());
        tokio::time::sleep(Duration::from_millis(late)).await;
        assert_eq!(run.await.status, expected, "after {late} ms");
        assert_eq!(probe.answered(), 1);
    }
}
