//! Checks that come and go.

use std::sync::Arc;

use steadfast_health::{Check, Outcome, RegisterError, Status};
use tokio::time::sleep;

use crate::support::{Probe, Recorder, SECOND, now, status_of, steady};

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused_and_the_first_check_stays() {
    let monitor = steady();
    let (first, second) = (Probe::new(), Probe::new());
    monitor.register(first.check("db")).unwrap();
    let refused = monitor.register(second.check("db"));
    assert!(matches!(refused, Err(RegisterError::Duplicate { .. })));
    monitor.check_now().await;
    assert_eq!((first.begun(), second.begun()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_renamed_check_goes_by_its_new_name() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    monitor
        .register(probe.check("db").renamed("db-replica"))
        .unwrap();
    let names: Vec<_> = monitor
        .get_health()
        .components
        .iter()
        .map(|component| component.name.to_string())
        .collect();
    assert_eq!(names, ["db", "db-replica"]);
}

#[tokio::test(start_paused = true)]
async fn deregister_says_whether_there_was_one() {
    let monitor = steady();
    monitor.register(Probe::new().check("db")).unwrap();
    assert!(!monitor.deregister("cache"));
    assert!(monitor.deregister("db"));
    assert!(!monitor.deregister("db"));
    assert!(monitor.get_health().components.is_empty());
}

#[tokio::test(start_paused = true)]
async fn deregistering_drops_a_run_of_the_runner_and_its_result() {
    let recorder = Recorder::default();
    let monitor = steady();
    monitor.add_observer(Arc::new(recorder.clone()));
    let probe = Probe::new().taking(3 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    assert_eq!(probe.running(), 1);

    monitor.deregister("db");
    sleep(SECOND).await;
    assert_eq!((probe.running(), probe.answered()), (0, 0));
    sleep(100 * SECOND).await;
    assert_eq!(probe.begun(), 1);
    assert!(recorder.checked().is_empty());
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn deregistering_ends_a_check_now_in_the_middle_of_the_run_and_those_who_wait() {
    let monitor = steady();
    let probe = Probe::new().taking(3 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let started = now();
    let (first, second, _) = tokio::join!(monitor.check_now(), monitor.check_now(), async {
        sleep(SECOND).await;
        monitor.deregister("db")
    });
    assert_eq!(now() - started, SECOND);
    assert!(first.components.is_empty() && second.components.is_empty());
    assert_eq!((probe.begun(), probe.answered()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_free_while_the_old_run_still_ends() {
    let monitor = steady();
    let (old, new) = (Probe::new().taking(3 * SECOND), Probe::new());
    old.answer(Status::Unhealthy);
    monitor.register(old.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    monitor.deregister("db");
    monitor.register(new.check("db")).unwrap();
    sleep(5 * SECOND).await;

    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    assert_eq!(report.component("db").unwrap().checks, 1);
    assert_eq!((old.answered(), new.answered()), (0, 1));
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn registering_and_deregistering_move_the_roll_up() {
    let recorder = Recorder::default();
    let monitor = steady();
    monitor.add_observer(Arc::new(recorder.clone()));
    let readiness = monitor.subscribe();
    monitor.register(Probe::new().check("db")).unwrap();
    assert_eq!(*readiness.borrow(), Status::Unknown);
    monitor.deregister("db");
    assert_eq!(*readiness.borrow(), Status::Healthy);
    assert_eq!(
        recorder.changes(),
        [
            "readiness: healthy -> unknown",
            "startup: healthy -> unknown",
            "readiness: unknown -> healthy",
            "startup: unknown -> healthy",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_check_owned_is_dropped_with_it() {
    let monitor = steady();
    let owned = Arc::new(());
    let kept = Arc::clone(&owned);
    let check = Check::new("db", move || {
        let _ = &kept;
        async { Outcome::healthy() }
    });
    monitor.register(check).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    monitor.deregister("db");
    sleep(SECOND).await;
    assert_eq!(Arc::strong_count(&owned), 1);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_may_deregister_itself() {
    let recorder = Recorder::default();
    let monitor = steady();
    monitor.add_observer(Arc::new(recorder.clone()));
    let weak = monitor.downgrade();
    let check = Check::new("once", move || {
        assert!(weak.upgrade().unwrap().deregister("once"));
        async { Outcome::unhealthy("its last words") }
    });
    monitor.register(check).unwrap();
    let report = monitor.check_now().await;
    assert!(report.components.is_empty());
    assert_eq!(report.readiness, Status::Healthy);
    assert!(recorder.checked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_are_taken_out_at_once_and_the_others_stay_as_they_are() {
    let monitor = steady();
    for name in ["a", "b", "c", "d"] {
        monitor.register(Probe::new().check(name)).unwrap();
    }
    monitor.check_now().await;
    assert_eq!(monitor.deregister_all(["b", "x", "d", "b"]), 2);
    assert_eq!(monitor.deregister_all(["b"]), 0);
    let report = monitor.get_health();
    let left: Vec<_> = report.components.iter().map(|it| &*it.name).collect();
    assert_eq!(left, ["a", "c"]);
    assert!(report.components.iter().all(|it| it.checks == 1));
    monitor.register(Probe::new().check("b")).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "c"), Status::Healthy);
}
