//! What there is after a start, and what is left of one that fails.

use std::time::Duration;

use steadfast::config::Config;
use steadfast::health::{Check, Outcome, Status};
use steadfast::supervisor::Supervisor;

use super::support::{Folder, alive, only, started, until};

#[tokio::test]
async fn everything_that_is_named_is_built_with_its_settings_and_watched_and_checked() {
    let supervisor = started(
        "[service]
         name = 'orders'
         [circuit_breakers.payments]
         failure_threshold = 7
         [retries.payments]
         max_attempts = 4
         [bulkheads.payments]
         max_concurrent = 3",
    )
    .await;
    let breaker = supervisor.breaker("payments").unwrap();
    assert_eq!(breaker.config().failure_threshold, Some(7));
    assert_eq!(
        supervisor.retry("payments").unwrap().config().max_attempts,
        4
    );
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    assert_eq!(bulkhead.config().max_concurrent, 3);

    let snapshot = supervisor.snapshot_now();
    let watched = snapshot.telemetry.components.iter();
    let mut watched: Vec<_> = watched
        .map(|component| format!("{}/{}", component.id.kind, component.id.name))
        .collect();
    watched.sort();
    assert_eq!(
        watched,
        [
            "bulkhead/amqp_channels",
            "bulkhead/http_connections",
            "bulkhead/llm_requests",
            "bulkhead/payments",
            "circuit_breaker/llm_requests",
            "circuit_breaker/payments",
            "health_monitor/orders",
            "retry/llm_requests",
            "retry/payments",
            "supervisor/orders",
            "task/reporter",
        ]
    );
    let checked = snapshot.health.components.iter();
    let mut checked: Vec<_> = checked.map(|component| &*component.name).collect();
    checked.sort_unstable();
    assert_eq!(
        checked,
        [
            "breaker/llm_requests",
            "breaker/payments",
            "bulkhead/amqp_channels",
            "bulkhead/http_connections",
            "bulkhead/llm_requests",
            "bulkhead/payments",
            "switches",
            "tasks",
        ]
    );
}

#[tokio::test]
async fn a_name_that_is_unknown_is_told_with_those_that_there_are() {
    let supervisor = started("[circuit_breakers.payments]").await;
    let told = |error: steadfast::supervisor::UnknownName| error.to_string();
    assert_eq!(
        told(supervisor.breaker("payment").unwrap_err()),
        "there is no circuit breaker named payment; there are: llm_requests, payments"
    );
    assert_eq!(
        told(supervisor.retry("payments").unwrap_err()),
        "there is no retry named payments; there are: llm_requests"
    );
    assert_eq!(
        told(supervisor.policy("nothing").unwrap_err()),
        "there is no policy named nothing; there are: amqp_channels, http_connections, llm_requests, payments"
    );
    // One part is enough for a policy.
    let policy = supervisor.policy("payments").unwrap();
    assert!(policy.breaker().is_some() && policy.bulkhead().is_none());
}

#[tokio::test]
async fn the_parts_of_a_policy_are_those_of_the_supervisor() {
    let supervisor = started("[bulkheads.stock]\nmax_concurrent = 1\nmax_waiting = 0").await;
    let _place = supervisor.bulkhead("stock").unwrap().try_acquire().unwrap();
    let policy = supervisor.policy("stock").unwrap();
    let call = policy.call(|_| async { Ok::<_, std::io::Error>(()) });
    assert!(call.await.unwrap_err().is_bulkhead_rejected());
}

#[tokio::test]
async fn a_start_that_fails_names_every_part_and_leaves_no_task() {
    let before = alive();
    let mut config = Config::default();
    let mut bad = steadfast::bulkhead::Config::default();
    bad.max_concurrent = 0;
    config.bulkheads.insert("none".to_owned(), bad);
    config.retry.max_attempts = 0;
    let error = Supervisor::start(config).await.unwrap_err();
    let parts: Vec<_> = error
        .problems()
        .iter()
        .map(|one| one.part.as_str())
        .collect();
    assert_eq!(parts, ["retries.llm_requests", "bulkheads.none"]);
    assert!(
        error
            .to_string()
            .starts_with("cannot start: retries.llm_requests: "),
        "{error}"
    );
    only(before).await;

    let mut config = Config::default();
    config.telemetry.queue = 0;
    let error = Supervisor::start(config).await.unwrap_err();
    assert_eq!(error.problems()[0].part, "telemetry");
    only(before).await;
}

#[tokio::test]
async fn a_file_that_is_wrong_is_told_line_by_line() {
    let folder = Folder::new();
    let path = folder.write("bad.toml", "[retry]\nmax_attempts = 0\nmax_atempts = 3\n");
    let error = Supervisor::from_file(&path).await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("bad.toml:2:1: retry.max_attempts = 0"),
        "{told}"
    );
    assert!(told.contains("bad.toml:3:1: retry.max_atempts"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_supervisor_that_is_dropped() {
    let before = alive();
    for _ in 0..10 {
        let supervisor = started("").await;
        supervisor
            .tasks()
            .spawn("mine", |_stop| std::future::pending())
            .unwrap();
        // What was handed out does not keep it running.
        let (tasks, telemetry) = (supervisor.tasks().clone(), supervisor.telemetry().clone());
        let snapshots = supervisor.subscribe_snapshots();
        assert!(alive() > before);
        drop(supervisor);
        only(before).await;
        drop((tasks, telemetry, snapshots));
    }
}

#[tokio::test(start_paused = true)]
async fn snapshots_come_every_so_often_and_on_demand() {
    let supervisor = started("[telemetry]\nreport_interval = '7s'").await;
    let mut snapshots = supervisor.subscribe_snapshots();
    snapshots.borrow_and_update();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(6_900)).await;
        assert!(!snapshots.has_changed().unwrap());
        tokio::time::sleep(Duration::from_millis(101)).await;
        assert!(snapshots.has_changed().unwrap());
        assert_eq!(snapshots.borrow_and_update().tasks.len(), 1);
    }
    let _now = supervisor.snapshot_now();
    assert!(snapshots.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_task_of_the_program_that_falls_over_is_seen_in_health_and_snapshot() {
    let supervisor = started("").await;
    supervisor
        .tasks()
        .spawn("reports", |_stop| async { panic!("out of paper") })
        .unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let health = supervisor.health().check_now().await;
    let check = health.components.iter().find(|one| &*one.name == "tasks");
    let check = check.unwrap();
    assert_eq!(check.status, Status::Degraded);
    assert_eq!(
        check.message.as_deref(),
        Some("waiting to be restarted: reports (panicked: out of paper)")
    );
    let snapshot = supervisor.snapshot_now();
    let task = snapshot.tasks.iter().find(|task| &*task.name == "reports");
    assert!(task.unwrap().panics > 3);
}

#[tokio::test]
async fn checks_do_what_the_file_says_those_of_the_program_too() {
    let supervisor = started(
        "[health.checks.'bulkhead/llm_requests']
         importance = 'required'
         [health.checks.db]
         importance = 'optional'
         unhealthy_after = 3",
    )
    .await;
    let check = Check::new("db", || async { Outcome::unhealthy("no") });
    let check = check.config(supervisor.check_config("db"));
    supervisor.health().register(check).unwrap();
    let report = supervisor.health().check_now().await;
    let find = |name| report.components.iter().find(|one| &*one.name == name);
    use steadfast::health::Importance;
    assert_eq!(
        find("bulkhead/llm_requests").unwrap().importance,
        Importance::Required
    );
    assert_eq!(find("db").unwrap().importance, Importance::Optional);
}

#[tokio::test]
async fn the_service_is_ready_soon_after_the_start() {
    let supervisor = started("").await;
    until("ready", || {
        supervisor.health().get_health().readiness == Status::Healthy
    })
    .await;
}
