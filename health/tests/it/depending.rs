//! Checks that make no sense without others.

use std::sync::Arc;

use steadfast_health::{Check, Importance, Monitor, Outcome, Status};
use tokio::time::{advance, sleep};

use crate::support::{Probe, Recorder, SECOND, message_of, now, status_of, steady};

/// `table` depends on `db`, and is registered before it.
pub(crate) fn pair() -> (Monitor, Probe, Probe) {
    let monitor = steady();
    let (db, table) = (Probe::new(), Probe::new());
    monitor
        .register(table.check("table").depends_on(["db"]))
        .unwrap();
    monitor.register(db.check("db")).unwrap();
    (monitor, db, table)
}

#[tokio::test(start_paused = true)]
async fn a_check_is_not_run_while_what_it_depends_on_is_unhealthy_or_unknown() {
    let (monitor, db, table) = pair();
    for (answer, status, runs) in [
        (Status::Unhealthy, Status::Unknown, 0),
        (Status::Unknown, Status::Unknown, 0),
        (Status::Degraded, Status::Healthy, 1),
        (Status::Healthy, Status::Healthy, 2),
        (Status::Unhealthy, Status::Unknown, 2),
    ] {
        db.answer(answer);
        let report = monitor.check_now().await;
        assert_eq!(status_of(&report, "table"), status, "{answer}");
        assert_eq!(table.begun(), runs, "{answer}");
        let waits_for = report.component("table").unwrap().waits_for.as_deref();
        let waits = status == Status::Unknown;
        assert_eq!(waits_for, waits.then_some("db"));
        if waits {
            let message = format!("waits for db, which is {answer}");
            assert_eq!(message_of(&report, "table"), message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_soon_as_the_other_is_bad_and_not_only_at_its_own_next_run() {
    let (monitor, db, table) = pair();
    let runner = monitor.start();
    sleep(SECOND).await;
    assert_eq!((db.begun(), table.begun()), (1, 1));
    db.answer(Status::Unhealthy);
    sleep(30 * SECOND).await;
    assert_eq!((db.begun(), table.begun()), (2, 1));
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "table"), Status::Unknown);
    assert_eq!(report.readiness, Status::Unhealthy);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_run_at_once_when_the_other_is_back_and_then_on_its_interval() {
    let (monitor, db, table) = pair();
    db.answer(Status::Unhealthy);
    let started = now();
    let runner = monitor.start();
    sleep(65 * SECOND).await;
    assert_eq!(table.begun(), 0);
    db.answer(Status::Healthy);
    sleep(60 * SECOND).await;
    let starts: Vec<_> = table.starts().iter().map(|at| *at - started).collect();
    assert_eq!(starts, [90 * SECOND, 120 * SECOND]);
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_it_found_before_the_other_broke_counts_no_more() {
    let (monitor, db, table) = pair();
    monitor.check_now().await;
    db.answer(Status::Unhealthy);
    monitor.check_now().await;
    // The db is back, seen by a check of its own: nobody has run the table since.
    db.answer(Status::Healthy);
    monitor.deregister("db");
    let again = Check::new("db", || async { Outcome::healthy() });
    monitor.register(again.depends_on(["nothing"])).unwrap();
    monitor.register(Probe::new().check("nothing")).unwrap();
    monitor.deregister("table");
    monitor
        .register(table.check("table").depends_on(["db"]).unhealthy_after(3))
        .unwrap();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "table"), Status::Healthy);

    // And damping begins anew: the first result counts at once.
    monitor.deregister("nothing");
    let report = monitor.get_health();
    assert_eq!(
        message_of(&report, "table"),
        "waits for nothing, which is not registered"
    );
    monitor.register(Probe::new().check("nothing")).unwrap();
    table.answer(Status::Unhealthy);
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "table"), Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn between_the_return_of_the_other_and_its_own_run_it_is_unknown() {
    let (monitor, db, table) = pair();
    let table = table.taking(2 * SECOND);
    monitor.check_now().await;
    db.answer(Status::Unhealthy);
    monitor.check_now().await;
    db.answer(Status::Healthy);
    let runner = monitor.start();
    sleep(SECOND).await;
    assert_eq!(table.running(), 1);
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "table"), Status::Unknown);
    assert_eq!(
        message_of(&report, "table"),
        "not checked since what it depends on is back"
    );
    sleep(2 * SECOND).await;
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_began_before_the_other_broke_says_nothing_about_afterwards() {
    let recorder = Recorder::default();
    let (monitor, db, table) = pair();
    monitor.add_observer(Arc::new(recorder.clone()));
    let table = table.taking(4 * SECOND);
    monitor.deregister("db");
    let quick = |probe: &Probe| probe.check("db").interval(SECOND);
    monitor.register(quick(&db)).unwrap();
    let runner = monitor.start();
    sleep(1500 * SECOND / 1000).await;
    assert_eq!(table.running(), 1);
    db.answer(Status::Unhealthy);
    table.answer(Status::Unhealthy);
    sleep(SECOND).await;
    db.answer(Status::Healthy);
    sleep(1200 * SECOND / 1000).await;
    // The db is back, and the run that has seen it broken is still in flight.
    assert_eq!((table.begun(), table.running()), (1, 1));
    let asked = tokio::spawn({
        let monitor = monitor.clone();
        async move { monitor.check_now().await }
    });
    sleep(SECOND).await;
    table.answer(Status::Healthy);
    let report = asked.await.unwrap();
    assert_eq!(status_of(&report, "table"), Status::Healthy);
    let changes = recorder.changes();
    assert!(
        !changes
            .iter()
            .any(|change| change == "table: unknown -> unhealthy"),
        "{changes:?}"
    );
    assert_eq!(table.peak(), 1);
    // It was run, and it is told and counted.
    let results: Vec<_> = recorder
        .checked()
        .into_iter()
        .filter(|run| &*run.component == "table")
        .map(|run| (run.result, run.status))
        .collect();
    assert_eq!(results[0], (Status::Unhealthy, Status::Unknown));
    assert_eq!(
        report.component("table").unwrap().checks,
        results.len() as u64
    );
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_goes_stale_is_a_wait_too_and_its_return_is_seen() {
    let (monitor, db, table) = pair();
    let mut readiness = monitor.subscribe();
    monitor.check_now().await;
    let since = now();
    advance(50 * SECOND).await;
    // Only the table is run, and so stays fresh.
    let later = Probe::new();
    monitor.deregister("table");
    monitor
        .register(
            later
                .check("table")
                .depends_on(["db"])
                .staleness(500 * SECOND),
        )
        .unwrap();
    monitor.deregister("db");
    monitor.register(db.check("db")).unwrap();
    monitor.check_now().await;
    assert_eq!(now() - since, 50 * SECOND);
    readiness.mark_unchanged();
    advance(95 * SECOND).await;
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Unknown);
    assert_eq!(
        message_of(&report, "table"),
        "waits for db, which is unknown"
    );

    // Nobody had looked while it was stale; yet what the table found before counts no more.
    let runner = monitor.start();
    let runs = later.begun();
    sleep(SECOND).await;
    assert_eq!(later.begun(), runs + 1);
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    runner.stop().await;
    assert_eq!(table.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_nobody_saw_makes_void_what_was_found_before() {
    let monitor = steady();
    let table = Probe::new();
    let check = table.check("table").depends_on(["db"]);
    monitor
        .register(check.staleness(500 * SECOND).unhealthy_after(3))
        .unwrap();
    monitor.register(Probe::new().check("db")).unwrap();
    monitor.check_now().await;
    // The db goes stale, the table does not, and no runner is there to notice.
    advance(95 * SECOND).await;
    table.answer(Status::Unhealthy);
    let report = monitor.check_now().await;
    let status = status_of(&report, "table");
    assert_eq!(
        status,
        Status::Unhealthy,
        "nothing is left that could damp it"
    );
}

#[tokio::test(start_paused = true)]
async fn the_one_where_the_trouble_began_is_named_however_far_away() {
    let monitor = steady();
    let db = Probe::new();
    db.answer(Status::Unhealthy);
    monitor.register(db.check("db")).unwrap();
    for (name, needs) in [("table", "db"), ("index", "table"), ("search", "index")] {
        let check = Probe::new().check(name).depends_on([needs]);
        monitor.register(check).unwrap();
    }
    let report = monitor.check_now().await;
    for name in ["table", "index", "search"] {
        let message = message_of(&report, name);
        assert_eq!(message, "waits for db, which is unhealthy", "{name}");
    }
    assert_eq!(report.counts().unhealthy, 1, "one alarm, not four");
}

#[tokio::test(start_paused = true)]
async fn what_a_required_check_depends_on_counts_as_required() {
    let monitor = steady();
    let db = Probe::new();
    db.answer(Status::Unhealthy);
    monitor.register(db.check("db").optional()).unwrap();
    let table = |name: &str| Probe::new().check(name).depends_on(["db"]);
    monitor.register(table("cache").optional()).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(report.readiness, Status::Degraded);
    assert_eq!(
        report.component("db").unwrap().importance,
        Importance::Optional
    );

    monitor.register(table("table")).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(report.readiness, Status::Unhealthy);
    assert_eq!(
        report.component("db").unwrap().importance,
        Importance::Required
    );
    assert_eq!(
        report.component("cache").unwrap().importance,
        Importance::Optional
    );

    monitor.deregister("table");
    assert_eq!(monitor.get_health().readiness, Status::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_dead_dependency_restarts_no_process() {
    let (monitor, db, table) = pair();
    monitor.deregister("table");
    let vital = table.check("table").depends_on(["db"]).liveness(true);
    monitor.register(vital).unwrap();
    db.answer(Status::Unhealthy);
    let report = monitor.check_now().await;
    assert_eq!(report.liveness, Status::Unknown);
    assert_eq!(report.liveness_http_status(), 200);
    assert_eq!(report.http_status(), 503);
}

#[tokio::test(start_paused = true)]
async fn check_now_runs_each_after_what_it_depends_on_and_all_others_at_the_same_time() {
    let monitor = steady();
    let order = [
        ("c", vec!["b"]),
        ("b", vec!["a"]),
        ("a", vec![]),
        ("d", vec!["a"]),
        ("e", vec![]),
    ];
    let mut probes = Vec::new();
    for (name, needs) in order {
        let probe = Probe::new().taking(if name == "e" { 3 * SECOND } else { SECOND });
        monitor
            .register(probe.check(name).depends_on(needs))
            .unwrap();
        probes.push((name, probe));
    }
    let start = now();
    let report = monitor.check_now().await;
    assert_eq!(report.readiness, Status::Healthy);
    assert_eq!(now() - start, 3 * SECOND);
    for (name, probe) in probes {
        let seconds = match name {
            "c" => 2,
            "b" | "d" => 1,
            _ => 0,
        };
        assert_eq!(probe.starts(), [start + seconds * SECOND], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn observers_hear_who_is_waited_for_and_of_no_run() {
    let recorder = Recorder::default();
    let (monitor, db, _table) = pair();
    monitor.check_now().await;
    monitor.add_observer(Arc::new(recorder.clone()));
    db.answer(Status::Unhealthy);
    monitor.check_now().await;
    let told: Vec<_> = recorder
        .changed()
        .iter()
        .map(|changed| {
            format!(
                "{} {} {:?}",
                changed.subject,
                changed.to,
                changed.waits_for.as_deref()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "table unknown Some(\"db\")",
            "db unhealthy None",
            "readiness unhealthy None"
        ]
    );
    let runs: Vec<_> = recorder
        .checked()
        .iter()
        .map(|run| run.component.to_string())
        .collect();
    assert_eq!(runs, ["db"]);
}
