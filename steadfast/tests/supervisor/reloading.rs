//! Other settings while everything runs.

mod chaos;
mod files;
mod health;
mod loading;
mod names;
mod waiting;

use std::time::Duration;

use steadfast::breaker::State;
use steadfast::supervisor::{Change, ReloadError, Supervisor};
use steadfast::telemetry::EventKind;

use super::support::{config, started};

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(Change::to_string).collect()
}

const BEFORE: &str = "
    [circuit_breakers.payments]
    failure_threshold = 2
    [retries.payments]
    max_attempts = 4
    [bulkheads.payments]
    max_concurrent = 3
    ";

#[tokio::test(start_paused = true)]
async fn settings_change_in_place_and_counts_and_calls_in_flight_stay() {
    let supervisor = started(BEFORE).await;
    let breaker = supervisor.breaker("payments").unwrap();
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    let retry = supervisor.retry("payments").unwrap();
    for _ in 0..2 {
        let call = breaker.call(|| async { Err::<(), _>("refused") });
        call.await.unwrap_err();
    }
    let places = [(); 2].map(|()| bulkhead.try_acquire().unwrap());
    let in_flight = places.len();
    let report = supervisor
        .apply(config(
            "[circuit_breakers.payments]
             failure_threshold = 20
             [retries.payments]
             max_attempts = 2
             [bulkheads.payments]
             max_concurrent = 2
             max_waiting = 0
             [shutdown]
             grace = '20s'",
        ))
        .await
        .unwrap();
    assert_eq!(
        lines(&report.applied),
        [
            "bulkheads.payments.max_concurrent: 3 -> 2",
            "bulkheads.payments.max_waiting: 100 -> 0",
            "circuit_breakers.payments.failure_threshold: 2 -> 20",
            "retries.payments.max_attempts: 4 -> 2",
            "shutdown.grace: \"10s\" -> \"20s\"",
        ]
    );
    assert!(
        report.needs_restart.is_empty() && report.unchanged > 50,
        "{report}"
    );
    assert_eq!(breaker.config().failure_threshold, Some(20));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().totals.failure, 2);
    assert_eq!(bulkhead.snapshot().busy, in_flight);
    bulkhead.try_acquire().unwrap_err();
    assert_eq!(retry.config().max_attempts, 2);
    assert!(supervisor.breaker("payments").unwrap().ptr_eq(&breaker));
    assert_eq!(supervisor.config().shutdown.grace, Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_wrong_change_nothing_not_even_those_that_are_right() {
    let supervisor = started(BEFORE).await;
    let mut events = supervisor.telemetry().subscribe(EventKind::Notice);
    let mut wrong = config(BEFORE);
    wrong.shutdown.grace = Duration::from_secs(99);
    wrong.bulkheads.get_mut("payments").unwrap().max_concurrent = 9;
    wrong.retries.get_mut("payments").unwrap().max_attempts = 0;
    wrong
        .circuit_breakers
        .get_mut("payments")
        .unwrap()
        .success_threshold = 0;
    let error = supervisor.apply(wrong).await.unwrap_err();
    let ReloadError::Settings(problems) = &error else {
        panic!("{error}");
    };
    let parts: Vec<_> = problems.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(parts, ["circuit_breakers.payments", "retries.payments"]);
    let told = events.try_recv().unwrap().to_string();
    let begin = "reload service: not applied, nothing has changed: circuit_breakers.payments: ";
    assert!(told.starts_with(begin), "{told}");
    assert_eq!(*supervisor.config(), config(BEFORE));
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    assert_eq!(bulkhead.config().max_concurrent, 3);
    // What is right can still be applied.
    let report = supervisor.apply(config(BEFORE)).await.unwrap();
    assert!(report.is_unchanged());
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_restart_stays_and_is_listed_until_it_is_as_before() {
    let supervisor = started("").await;
    let text = "[service]\nname = 'other'\n[telemetry]\nqueue = 7
                [bulkheads.llm_requests]\nhold_times = true\nmax_waiting = 7";
    for again in [false, true] {
        let report = supervisor.apply(config(text)).await.unwrap();
        assert_eq!(
            lines(&report.needs_restart),
            [
                "bulkheads.llm_requests.hold_times: false -> true (is settled when the bulkhead is built)",
                "service.name: \"service\" -> \"other\" (read when the program is started)",
                "telemetry.queue: 1024 -> 7 (read when the program is started)",
            ]
        );
        let applied: &[&str] = match again {
            false => &["bulkheads.llm_requests.max_waiting: 50 -> 7"],
            true => &[],
        };
        assert_eq!(lines(&report.applied), applied);
    }
    assert_eq!(supervisor.snapshot_now().telemetry.queue_capacity, 1024);
    let report = supervisor.apply(config("")).await.unwrap();
    assert_eq!(
        lines(&report.applied),
        ["bulkheads.llm_requests.max_waiting: 7 -> 50"]
    );
    assert!(report.needs_restart.is_empty(), "{report}");
    assert!(supervisor.snapshot_now().needs_restart.is_empty());
}

fn limit(supervisor: &Supervisor) -> usize {
    supervisor
        .bulkhead("llm_requests")
        .unwrap()
        .config()
        .max_concurrent
}

fn file(limit: usize) -> String {
    format!("[bulkheads.llm_requests]\nmax_concurrent = {limit}\n")
}
