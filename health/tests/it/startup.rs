//! Whether the service has come up: once, and then for good.

use std::sync::Arc;

use steadfast_health::Status::{Degraded, Healthy, Unhealthy, Unknown};
use tokio::time::{advance, sleep};

use crate::support::{Probe, Recorder, SECOND, steady};

#[tokio::test(start_paused = true)]
async fn it_has_come_up_when_each_required_check_was_healthy_or_degraded_once() {
    let monitor = steady();
    let (db, queue) = (Probe::new(), Probe::new());
    monitor.register(db.check("db")).unwrap();
    monitor.register(queue.check("queue")).unwrap();
    assert_eq!(monitor.get_health().startup, Unknown);
    for (db_answers, queue_answers, startup) in [
        (Unhealthy, Unhealthy, Unhealthy),
        (Healthy, Unhealthy, Unhealthy),
        // The db fails again, and yet it has been there.
        (Unhealthy, Unknown, Unknown),
        (Unhealthy, Degraded, Healthy),
    ] {
        db.answer(db_answers);
        queue.answer(queue_answers);
        let report = monitor.check_now().await;
        assert_eq!(report.startup, startup);
        let status = if startup == Healthy { 200 } else { 503 };
        assert_eq!(report.startup_http_status(), status);
    }
    assert_eq!(monitor.get_health().readiness, Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn once_up_it_stays_up_whatever_fails_comes_goes_or_grows_old() {
    let recorder = Recorder::default();
    let monitor = steady();
    monitor.add_observer(Arc::new(recorder.clone()));
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    monitor.check_now().await;
    let told = recorder.changes().len();
    probe.answer(Unhealthy);
    monitor.register(Probe::new().check("late")).unwrap();
    assert_eq!(monitor.get_health().startup, Healthy);
    assert_eq!(monitor.check_now().await.startup, Healthy);
    monitor.deregister("db");
    monitor.deregister("late");
    monitor.register(probe.check("db")).unwrap();
    advance(1000 * SECOND).await;
    let report = monitor.check_now().await;
    assert_eq!((report.startup, report.readiness), (Healthy, Unhealthy));
    assert!(
        !report.components[0].has_started,
        "another check of that name"
    );
    let later = &recorder.changes()[told..];
    assert!(
        !later.iter().any(|change| change.starts_with("startup")),
        "{later:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_optional_check_is_waited_for_only_if_it_is_marked() {
    let monitor = steady();
    let (cache, index, hint) = (Probe::new(), Probe::new(), Probe::new());
    for probe in [&cache, &index, &hint] {
        probe.answer(Unhealthy);
    }
    monitor.register(Probe::new().check("db")).unwrap();
    monitor.register(cache.check("cache").optional()).unwrap();
    monitor.register(hint.check("hint").startup(false)).unwrap();
    let marked = index.check("index").optional().startup(true);
    monitor.register(marked).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(report.startup, Unhealthy);
    let counts: Vec<_> = report
        .components
        .iter()
        .map(|each| (each.startup, each.has_started))
        .collect();
    assert_eq!(
        counts,
        [(true, true), (false, false), (false, false), (true, false)]
    );

    index.answer(Degraded);
    assert_eq!(monitor.check_now().await.startup, Healthy);
}

#[tokio::test(start_paused = true)]
async fn nothing_to_wait_for_is_healthy_and_no_start() {
    let monitor = steady();
    assert_eq!(monitor.get_health().startup, Healthy);
    monitor
        .register(Probe::new().check("cache").optional())
        .unwrap();
    assert_eq!(monitor.check_now().await.startup, Healthy);
    let db = Probe::new();
    monitor.register(db.check("db")).unwrap();
    assert_eq!(monitor.get_health().startup, Unknown);
    monitor.deregister("db");
    assert_eq!(monitor.get_health().startup, Healthy);
}

#[tokio::test(start_paused = true)]
async fn what_is_deregistered_is_waited_for_no_more() {
    let monitor = steady();
    let dead = Probe::new();
    dead.answer(Unhealthy);
    monitor.register(Probe::new().check("db")).unwrap();
    monitor.register(dead.check("dead")).unwrap();
    assert_eq!(monitor.check_now().await.startup, Unhealthy);
    monitor.deregister("dead");
    monitor.register(dead.check("dead")).unwrap();
    assert_eq!(
        monitor.get_health().startup,
        Healthy,
        "it was up in between"
    );
}

#[tokio::test(start_paused = true)]
async fn a_damped_recovery_is_a_start_only_when_it_shows() {
    let monitor = steady();
    let probe = Probe::new();
    monitor
        .register(probe.check("db").healthy_after(3))
        .unwrap();
    let mut seen = Vec::new();
    for answer in [Unhealthy, Healthy, Healthy, Healthy] {
        probe.answer(answer);
        seen.push(monitor.check_now().await.startup);
    }
    assert_eq!(seen, [Unhealthy, Unhealthy, Unhealthy, Healthy]);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_has_grown_old_before_the_others_came_was_there_all_the_same() {
    let monitor = steady();
    let slow = Probe::new();
    slow.answer(Unhealthy);
    let db = Probe::new();
    monitor.register(db.check("db")).unwrap();
    monitor
        .register(slow.check("slow").interval(10 * SECOND))
        .unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    runner.stop().await;
    advance(1000 * SECOND).await;
    assert_eq!(monitor.get_health().startup, Unknown);
    monitor.deregister("slow");
    let report = monitor.get_health();
    assert_eq!((report.startup, report.readiness), (Healthy, Unknown));
}
