//! Components that come and go.

use std::time::Duration;

use steadfast::supervisor::Supervisor;

use super::{BEFORE, lines};
use crate::support::{alive, config, started};

const OTHER: &str = "[bulkheads.stock]\nmax_concurrent = 5\n[circuit_breakers.stock]";

/// Whether the component is shown, and whether it is checked.
fn seen(supervisor: &Supervisor, kind: &str, name: &str) -> (bool, bool) {
    let snapshot = supervisor.snapshot_now();
    let mut watched = snapshot.telemetry.of_kind(kind);
    let check = match kind {
        "circuit_breaker" => format!("breaker/{name}"),
        kind => format!("{kind}/{name}"),
    };
    (
        watched.any(|component| component.id.name == name),
        snapshot.health.component(&check).is_some(),
    )
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_added_and_what_is_gone_is_retired_and_told_once() {
    let supervisor = started(BEFORE).await;
    let report = supervisor.apply(config(OTHER)).await.unwrap();
    let mut told = lines(&report.applied);
    told.retain(|line| !line.contains("added"));
    assert_eq!(
        told,
        [
            "bulkheads.payments: removed (retired: who has it keeps it)",
            "circuit_breakers.payments: removed (retired: who has it keeps it)",
            "retries.payments: removed (retired: who has it keeps it)",
        ]
    );
    assert!(report.needs_restart.is_empty(), "{report}");
    assert!(
        supervisor
            .apply(config(OTHER))
            .await
            .unwrap()
            .is_unchanged()
    );
    for kind in ["bulkhead", "circuit_breaker"] {
        assert_eq!(seen(&supervisor, kind, "stock"), (true, true));
        assert_eq!(seen(&supervisor, kind, "payments"), (false, false));
    }
    assert_eq!(seen(&supervisor, "retry", "payments"), (false, false));
    let error = supervisor.bulkhead("payments").unwrap_err();
    assert!(error.to_string().contains("stock"), "{error}");
    supervisor.policy("payments").unwrap_err();
    assert!(supervisor.snapshot_now().retired.is_empty());
    // It can be there again, and is another.
    let report = supervisor.apply(config(BEFORE)).await.unwrap();
    assert!(report.needs_restart.is_empty(), "{report}");
    assert_eq!(seen(&supervisor, "bulkhead", "payments"), (true, true));
}

#[tokio::test(start_paused = true)]
async fn who_has_what_is_retired_keeps_it_and_it_comes_back_as_it_was() {
    let supervisor = started(BEFORE).await;
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    let breaker = supervisor.breaker("payments").unwrap();
    let place = bulkhead.try_acquire().unwrap();
    breaker.try_acquire().unwrap().failure();
    supervisor.apply(config(OTHER)).await.unwrap();
    // It is in use, so it is shown; but nobody else gets it, and it is not checked.
    assert_eq!(seen(&supervisor, "bulkhead", "payments"), (true, false));
    let snapshot = supervisor.snapshot_now();
    assert_eq!(
        snapshot.retired,
        ["circuit_breakers.payments", "bulkheads.payments"]
    );
    let about = snapshot.telemetry.of_kind("supervisor").next().unwrap();
    assert!(about.notes.get("retired").is_some());
    supervisor.bulkhead("payments").unwrap_err();
    assert_eq!(
        (bulkhead.snapshot().busy, bulkhead.config().max_concurrent),
        (1, 3)
    );
    drop(bulkhead.try_acquire().unwrap());

    let text =
        format!("{OTHER}\n[bulkheads.payments]\nmax_concurrent = 7\n[circuit_breakers.payments]");
    supervisor.apply(config(&text)).await.unwrap();
    let after = supervisor.bulkhead("payments").unwrap();
    assert!(after.downgrade().ptr_eq(&bulkhead.downgrade()));
    assert_eq!(
        (after.snapshot().busy, after.config().max_concurrent),
        (1, 7)
    );
    assert!(supervisor.breaker("payments").unwrap().ptr_eq(&breaker));
    assert_eq!(breaker.snapshot().totals.failure, 1);
    assert_eq!(seen(&supervisor, "bulkhead", "payments"), (true, true));
    assert!(supervisor.snapshot_now().retired.is_empty());
    drop(place);
}

#[tokio::test(start_paused = true)]
async fn kill_switches_hold_for_what_is_retired() {
    let supervisor = started(BEFORE).await;
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    let breaker = supervisor.breaker("payments").unwrap();
    let retry = supervisor.retry("payments").unwrap();
    let off = "circuit_breakers_enabled = false\nbulkheads_enabled = false\nretry_enabled = false";
    // Retired while on, and while off.
    for (first, second) in [("", off), (off, "")] {
        supervisor.apply(config(first)).await.unwrap();
        supervisor.apply(config(second)).await.unwrap();
        let is_on = second.is_empty();
        assert_eq!(bulkhead.config().max_concurrent == 3, is_on);
        assert_eq!(retry.config().max_attempts == 4, is_on);
        assert_eq!(breaker.mode() == steadfast::breaker::Mode::Automatic, is_on);
        supervisor.apply(config(BEFORE)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_is_under_way_in_what_is_retired() {
    let supervisor = started(BEFORE).await;
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    let place = bulkhead.try_acquire().unwrap();
    supervisor.apply(config("")).await.unwrap();
    drop(bulkhead);
    let ending = supervisor.clone();
    let ending = tokio::spawn(async move { ending.shutdown().await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!ending.is_finished());
    drop(place);
    let report = ending.await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.took >= Duration::from_secs(2), "{report}");
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_and_there_again_a_thousand_times_leaves_nothing_behind() {
    let supervisor = started("").await;
    let kept = supervisor.snapshot_now();
    for round in 0..1_000 {
        let text = format!("[bulkheads.b{round}]\n[circuit_breakers.b{round}]\n[retries.b{round}]");
        supervisor.apply(config(&text)).await.unwrap();
        // One of them is in use for a while.
        let _held = supervisor.retry(&format!("b{round}")).unwrap();
        supervisor.apply(config("")).await.unwrap();
    }
    supervisor
        .apply(config("[shutdown]\ngrace = '3s'"))
        .await
        .unwrap();
    let now = supervisor.snapshot_now();
    assert!(now.retired.is_empty());
    assert_eq!(now.telemetry.watched, kept.telemetry.watched);
    assert_eq!(now.health.components.len(), kept.health.components.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reload_adds_during_a_shutdown_is_closed_or_not_added() {
    for round in 0..200 {
        let supervisor = started("").await;
        let adding = tokio::spawn({
            let supervisor = supervisor.clone();
            let many = (0..50).map(|name| format!("[bulkheads.b{name}]\n"));
            let config = config(&many.collect::<String>());
            async move { supervisor.apply(config).await }
        });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        // One that is in a hurry waits for nobody.
        match round % 4 {
            0 | 1 => supervisor.shutdown().await,
            _ => supervisor.shutdown_now().await,
        };
        if adding.await.unwrap().is_ok() {
            for name in ["b0", "b49"] {
                let bulkhead = supervisor.bulkhead(name).unwrap();
                assert!(bulkhead.try_acquire().is_err(), "{name} in round {round}");
            }
        } else {
            supervisor.bulkhead("b0").unwrap_err();
        }
    }
}

#[tokio::test]
async fn ten_thousand_names_are_started_changed_and_ended() {
    const NAMES: usize = 10_000;
    let named = |limit: usize| {
        let mut all = config("");
        let one = all.bulkheads["llm_requests"].clone();
        for name in 0..NAMES {
            let mut one = one.clone();
            one.max_concurrent = limit;
            all.bulkheads.insert(format!("b{name}"), one);
        }
        all
    };
    let supervisor = Supervisor::start(named(5)).await.unwrap();
    let report = supervisor.apply(named(6)).await.unwrap();
    assert_eq!(report.applied.len(), NAMES);
    let last = supervisor.bulkhead("b9999").unwrap();
    assert_eq!(last.config().max_concurrent, 6);
    let rest = config("[shutdown]\ngrace = '1h'");
    let report = supervisor.apply(rest).await.unwrap();
    assert_eq!(report.applied.len(), NAMES + 1);
    assert_eq!(supervisor.snapshot_now().retired, ["bulkheads.b9999"]);
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    last.try_acquire().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reloads_leave_nothing_behind() {
    let supervisor = started("").await;
    let one =
        "[bulkheads.llm_requests]\nmax_concurrent = 11\n[circuit_breaker]\nfailure_threshold = 9
               [bulkheads.extra]\n[shutdown]\ngrace = '3s'\n[telemetry]\nreport_interval = '9s'";
    let other = "circuit_breakers_enabled = false\nbulkheads_enabled = false";
    let (one, other) = (config(one), config(other));
    let count = || {
        let snapshot = supervisor.snapshot_now();
        let checks = snapshot.health.components.len();
        (
            alive(),
            snapshot.telemetry.watched,
            checks,
            snapshot.tasks.len(),
        )
    };
    supervisor.apply(one.clone()).await.unwrap();
    supervisor.apply(other.clone()).await.unwrap();
    // The monitor has a task for each check by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = count();
    for _ in 0..500 {
        supervisor.apply(one.clone()).await.unwrap();
        supervisor.apply(other.clone()).await.unwrap();
    }
    // By then the tasks of the checks that are gone are over.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(), before);
}
