//! The kill switches.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::breaker::Mode;
use steadfast::bulkhead::Bulkhead;
use steadfast::health::Status;
use steadfast::supervisor::Supervisor;
use steadfast::telemetry::{EventKind, Number};

use super::support::{config, started};

const OFF: &str = "switched off by configuration";

async fn failing(supervisor: &Supervisor, name: &str) {
    let breaker = supervisor.breaker(name).unwrap();
    let call = breaker.call(|| async { Err::<(), _>("refused") });
    call.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn breakers_that_are_switched_off_never_open_and_are_as_before_afterwards() {
    let on = "[circuit_breakers.payments]\nfailure_threshold = 2";
    let off = format!("circuit_breakers_enabled = false\n{on}");
    let supervisor = started(on).await;
    let breaker = supervisor.breaker("payments").unwrap();
    for _ in 0..2 {
        failing(&supervisor, "payments").await;
    }
    breaker.try_acquire().unwrap_err();

    let mut events = supervisor.telemetry().subscribe(EventKind::Notice);
    let report = supervisor.apply(config(&off)).await.unwrap();
    assert_eq!(
        report.applied[0].to_string(),
        "circuit_breakers_enabled: true -> false"
    );
    assert_eq!(
        events.try_recv().unwrap().to_string(),
        "switch circuit_breakers: switched off by configuration"
    );
    assert_eq!(breaker.mode(), Mode::Disabled);
    assert_eq!(breaker.snapshot().mode_reason.as_deref(), Some(OFF));
    for _ in 0..10 {
        failing(&supervisor, "payments").await;
    }

    supervisor.apply(config(on)).await.unwrap();
    assert_eq!(breaker.mode(), Mode::Automatic);
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_forced_is_not_switched_and_what_ends_is_off() {
    let off = "circuit_breakers_enabled = false\n[circuit_breakers]\na = {}\nb = {}\nc = {}";
    let on = "[circuit_breakers]\na = {}\nb = {}\nc = {}";
    let supervisor = started(on).await;
    let [a, b, c] = ["a", "b", "c"].map(|name| supervisor.breaker(name).unwrap());
    a.set_mode(Mode::ForcedOpen, "by alice");
    c.set_mode_for(Mode::ForcedOpen, "by alice", Duration::from_secs(60));
    supervisor.apply(config(off)).await.unwrap();
    // Forced by hand while the switch is off.
    b.set_mode(Mode::Disabled, "by bob");
    assert_eq!((a.mode(), c.mode()), (Mode::ForcedOpen, Mode::ForcedOpen));
    // What was forced for a while is off as well when that has ended.
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(c.mode(), Mode::Disabled);
    assert_eq!(c.snapshot().mode_reason.as_deref(), Some(OFF));

    supervisor.apply(config(on)).await.unwrap();
    assert_eq!(a.mode(), Mode::ForcedOpen);
    assert_eq!(b.snapshot().mode_reason.as_deref(), Some("by bob"));
    assert_eq!(c.mode(), Mode::Automatic);
}

#[tokio::test]
async fn bulkheads_that_are_switched_off_admit_everybody_and_count() {
    let on = "[bulkheads.stock]\nmax_concurrent = 1\nmax_waiting = 0";
    let off = format!("bulkheads_enabled = false\n{on}");
    let supervisor = started(on).await;
    let bulkhead = supervisor.bulkhead("stock").unwrap();
    let first = bulkhead.try_acquire().unwrap();
    bulkhead.try_acquire().unwrap_err();

    supervisor.apply(config(&off)).await.unwrap();
    assert_eq!(bulkhead.config().max_concurrent, Bulkhead::MAX_PLACES);
    let many: Vec<_> = (0..1_000)
        .map(|_| bulkhead.try_acquire().unwrap())
        .collect();
    assert_eq!(bulkhead.snapshot().busy, 1_001);

    supervisor.apply(config(on)).await.unwrap();
    drop(many);
    bulkhead.try_acquire().unwrap_err();
    drop(first);
    drop(bulkhead.try_acquire().unwrap());
}

#[tokio::test(start_paused = true)]
async fn retries_that_are_switched_off_make_one_attempt() {
    let supervisor = started("").await;
    let attempts = AtomicU32::new(0);
    let ask = || async {
        attempts.store(0, Ordering::Relaxed);
        let asked = supervisor.with_llm_request(|_| {
            attempts.fetch_add(1, Ordering::Relaxed);
            async { Err::<(), _>("overloaded") }
        });
        asked.await.unwrap_err();
        supervisor.breaker("llm_requests").unwrap().reset();
        attempts.load(Ordering::Relaxed)
    };
    assert_eq!(ask().await, 5);
    supervisor
        .apply(config("retry_enabled = false"))
        .await
        .unwrap();
    assert_eq!(ask().await, 1);
    supervisor.apply(config("")).await.unwrap();
    assert_eq!(ask().await, 5);
}

#[tokio::test]
async fn what_is_off_is_told_in_health_snapshot_telemetry_and_events() {
    let supervisor = started("bulkheads_enabled = false\nretry_enabled = false").await;
    let health = supervisor.health().check_now().await;
    let check = health
        .components
        .iter()
        .find(|one| &*one.name == "switches");
    let check = check.unwrap();
    assert_eq!(check.status, Status::Degraded);
    assert_eq!(
        check.message.as_deref(),
        Some("switched off by configuration: bulkheads, retry")
    );
    let snapshot = supervisor.snapshot_now();
    assert_eq!(snapshot.switched_off, ["bulkheads", "retry"]);
    let about = snapshot.telemetry.of_kind("supervisor").next().unwrap();
    let off = |switch| {
        let attributes = [("resilience.switch", switch)];
        about.value("resilience.supervisor.switched_off", &attributes)
    };
    assert_eq!(off("retry"), Some(Number::Integer(1)));
    assert_eq!(off("circuit_breakers"), Some(Number::Integer(0)));
    assert!(about.notes.get("switched_off").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_that_are_made_meanwhile_switch_nothing_off_again() {
    let names = (0..200).map(|name| format!("[circuit_breakers.b{name}]\n"));
    let on = format!(
        "[telemetry]\nreport_interval = '1ms'\n{}",
        names.collect::<String>()
    );
    let off = config(&format!("circuit_breakers_enabled = false\n{on}"));
    let on = config(&on);
    let supervisor = started("").await;
    supervisor.apply(on.clone()).await.unwrap();
    for round in 0..200 {
        supervisor.apply(off.clone()).await.unwrap();
        if round % 4 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        supervisor.apply(on.clone()).await.unwrap();
        tokio::task::yield_now().await;
        for name in ["b0", "b100", "b199"] {
            let breaker = supervisor.breaker(name).unwrap();
            assert_eq!(breaker.mode(), Mode::Automatic, "{name} in round {round}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_is_off_soon_however_seldom_reports_are_made() {
    let text = |on| {
        format!(
            "circuit_breakers_enabled = {on}\n[telemetry]\nreport_interval = '1d'\n[circuit_breakers.a]"
        )
    };
    let supervisor = started(&text(true)).await;
    let mut snapshots = supervisor.subscribe_snapshots();
    snapshots.mark_unchanged();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let breaker = supervisor.breaker("a").unwrap();
    breaker.set_mode_for(Mode::ForcedOpen, "by alice", Duration::from_secs(60));
    supervisor.apply(config(&text(false))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(62)).await;
    assert_eq!(breaker.snapshot().mode_reason.as_deref(), Some(OFF));
    assert!(!snapshots.has_changed().unwrap(), "no report is due");
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_line_is_admitted_when_bulkheads_are_switched_off_and_stays_when_they_are_on()
{
    let on = "[bulkheads.stock]\nmax_concurrent = 1\nmax_waiting = 5\ncheckout_timeout = '1h'";
    let off = format!("bulkheads_enabled = false\n{on}");
    let supervisor = started(on).await;
    let bulkhead = supervisor.bulkhead("stock").unwrap();
    let first = bulkhead.try_acquire().unwrap();
    let waiting = [(); 5].map(|()| {
        let bulkhead = bulkhead.clone();
        tokio::spawn(async move { bulkhead.acquire().await.unwrap() })
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bulkhead.snapshot().waiting, 5);
    supervisor.apply(config(&off)).await.unwrap();
    let mut places = Vec::new();
    for waiting in waiting {
        places.push(waiting.await.unwrap());
    }
    supervisor.apply(config(on)).await.unwrap();
    assert_eq!(bulkhead.snapshot().busy, 6);
    // Only when the last of them is out is there room again.
    drop(first);
    places.truncate(1);
    bulkhead.try_acquire().unwrap_err();
    places.clear();
    drop(bulkhead.try_acquire().unwrap());
}
