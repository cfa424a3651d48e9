//! The end.

use std::future::pending;
use std::time::Duration;

use steadfast::health::Status;
use steadfast::supervisor::ReloadError;

use super::support::{LONG, alive, config, only, started, until};

fn steps(report: &steadfast::supervisor::ShutdownReport) -> Vec<&'static str> {
    report.steps.iter().map(|step| step.name).collect()
}

#[tokio::test(start_paused = true)]
async fn what_can_finish_finishes_and_nothing_is_left() {
    let before = alive();
    let supervisor = started("").await;
    let place = supervisor.bulkhead("llm_requests").unwrap().try_acquire();
    let place = place.unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(place);
    });
    supervisor
        .tasks()
        .spawn("mine", |stop| async move {
            stop.stopped().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        })
        .unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    let names = steps(&report);
    assert_eq!(names[..3], ["readiness", "intake", "bulkheads"]);
    assert_eq!(names[names.len() - 2..], ["tasks", "telemetry"]);
    assert_eq!(report.steps[1].took, Duration::from_secs(1));
    assert!((3_980..=4_000).contains(&report.steps[2].took.as_millis()));
    drop(supervisor);
    only(before).await;
}

#[tokio::test(start_paused = true)]
async fn the_service_is_not_ready_from_the_first_moment_on_and_lives() {
    let supervisor = started("").await;
    let health = supervisor.health().clone();
    until("ready", || health.get_health().http_status() == 200).await;
    supervisor.tasks().spawn("deaf", |_| pending()).unwrap();
    let ending = tokio::spawn(async move { supervisor.shutdown().await });
    tokio::time::sleep(Duration::from_millis(1)).await;
    let report = health.get_health();
    assert_eq!(
        (report.http_status(), report.liveness_http_status()),
        (503, 200)
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let report = health.get_health();
    assert_eq!(report.readiness, Status::Unhealthy);
    ending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_does_not_finish_is_cut_off_within_the_bound_and_named() {
    for grace in [0, 1, 10, 3_000, 10_000] {
        let before = alive();
        let text = format!("[shutdown]\ngrace = '{}ms'", grace.max(1));
        let mut config = config(&text);
        config.shutdown.grace = Duration::from_millis(grace);
        let supervisor = steadfast::supervisor::Supervisor::start(config)
            .await
            .unwrap();
        let place = supervisor.bulkhead("llm_requests").unwrap().try_acquire();
        for name in ["one", "two"] {
            supervisor.tasks().spawn(name, |_| pending()).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let report = supervisor.shutdown().await;
        // A timer of tokio's has a granularity of a millisecond, and each step may have one.
        let bound = Duration::from_millis(grace + 10);
        assert!(report.took <= bound, "{report}");
        let cut: Vec<_> = report.unfinished().collect();
        assert!(
            cut.contains(&("intake", "task one was aborted")),
            "{report}"
        );
        assert!(
            cut.contains(&("intake", "task two was aborted")),
            "{report}"
        );
        let busy = "llm_requests: 1 places were still in use";
        assert!(cut.contains(&("bulkheads", busy)), "{report}");
        drop((supervisor, place));
        only(before).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hurry_ends_it_at_once_and_all_who_wait_are_told_the_same() {
    let supervisor = started("").await;
    supervisor.tasks().spawn("deaf", |_| pending()).unwrap();
    let place = supervisor.bulkhead("llm_requests").unwrap().try_acquire();
    let waiting = [(); 3].map(|()| {
        let supervisor = supervisor.clone();
        tokio::spawn(async move { supervisor.shutdown().await })
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let report = supervisor.shutdown_now().await;
    assert!(report.took < Duration::from_millis(200), "{report}");
    assert!(!report.is_clean());
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), report);
    }
    drop(place);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_nobody_waits_for_goes_on() {
    let before = alive();
    let supervisor = started("").await;
    supervisor.tasks().spawn("deaf", |_| pending()).unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(1), supervisor.shutdown());
    given_up.await.unwrap_err();
    drop(supervisor);
    tokio::time::sleep(LONG).await;
    assert_eq!(alive(), before);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_admitted_or_changed_after_the_end() {
    let supervisor = started("").await;
    supervisor.shutdown().await;
    assert!(supervisor.is_stopping() && supervisor.snapshot_now().stopping);
    supervisor
        .bulkhead("llm_requests")
        .unwrap()
        .try_acquire()
        .unwrap_err();
    let error = supervisor.apply(config("")).await.unwrap_err();
    assert!(matches!(error, ReloadError::Stopping), "{error}");
    let spawned = supervisor.tasks().spawn("late", |_| pending());
    spawned.unwrap_err();
    let error = supervisor
        .with_llm_request(|_| async { Ok::<_, std::io::Error>(()) })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), steadfast::migrate::Kind::ShuttingDown);
}
