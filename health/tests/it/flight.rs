//! Never two runs of one check at a time: who waits, who shares, who takes over.

use std::future::pending;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;

use steadfast_health::{Check, Outcome, Status};
use tokio::time::{sleep, timeout};

use crate::support::{Probe, SECOND, message_of, now, poll_once, status_of, steady};

#[tokio::test(start_paused = true)]
async fn check_now_shares_the_interval_run_that_it_meets() {
    let monitor = steady();
    let probe = Probe::new().taking(3 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let started = now();
    let runner = monitor.start();
    sleep(SECOND).await;
    assert_eq!(probe.running(), 1);

    let report = monitor.check_now().await;
    assert_eq!(now() - started, 3 * SECOND);
    assert_eq!((probe.begun(), probe.answered()), (1, 1));
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    assert_eq!(report.component("db").unwrap().checks, 1);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_interval_run_shares_the_check_now_that_it_meets() {
    let monitor = steady();
    let probe = Probe::new().taking(3 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let (report, runner) = tokio::join!(monitor.check_now(), async {
        sleep(SECOND).await;
        monitor.start()
    });
    assert_eq!(report.component("db").unwrap().checks, 1);
    sleep(SECOND).await;
    assert_eq!(probe.begun(), 1);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_share_one_run() {
    let monitor = steady();
    let probe = Probe::new().taking(SECOND);
    monitor.register(probe.check("db")).unwrap();
    let reports = futures_util::future::join_all((0..50).map(|_| monitor.check_now())).await;
    assert_eq!(probe.begun(), 1);
    for report in reports {
        assert_eq!(report.readiness, Status::Healthy);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_landed_is_shared_with_nobody_who_asks_later() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    monitor.check_now().await;
    probe.answer(Status::Unhealthy);
    let report = monitor.check_now().await;
    assert_eq!(probe.begun(), 2);
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn whoever_waited_takes_over_from_a_check_now_that_is_dropped() {
    let monitor = steady();
    let probe = Probe::new().taking(2 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let mut followers = Vec::new();
    {
        let mut leader = pin!(monitor.check_now());
        assert!(poll_once(leader.as_mut()).await.is_pending());
        for _ in 0..3 {
            let monitor = monitor.clone();
            followers.push(tokio::spawn(async move { monitor.check_now().await }));
        }
        sleep(SECOND).await;
        assert_eq!(probe.begun(), 1);
    }
    assert_eq!(probe.running(), 0);

    for follower in followers {
        let report = follower.await.unwrap();
        let db = report.component("db").unwrap();
        assert_eq!(db.status, Status::Healthy);
        assert_eq!((db.checks, db.abandoned), (1, 1));
    }
    assert_eq!((probe.begun(), probe.peak()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_check_now_takes_over_from_a_runner_that_stops() {
    let monitor = steady();
    let probe = Probe::new().taking(2 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    let (report, ()) = tokio::join!(monitor.check_now(), runner.stop());
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    assert_eq!((probe.begun(), probe.answered(), probe.peak()), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_changes_no_status() {
    let monitor = steady();
    let probe = Probe::new().taking(2 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    monitor.check_now().await;
    probe.answer(Status::Unhealthy);
    assert!(timeout(SECOND, monitor.check_now()).await.is_err());
    let report = monitor.get_health();
    let db = report.component("db").unwrap();
    assert_eq!(db.status, Status::Healthy);
    assert_eq!((db.checks, db.abandoned), (1, 1));
}

#[test]
fn check_now_does_not_wait_for_ever_for_a_check_that_blocks_its_thread() {
    let monitor = steady();
    let (blocked, is_blocked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let check = Check::new("db", move || {
        blocked.send(()).unwrap();
        // Ends once `release` is dropped; until then the thread is gone.
        let _ = released.lock().unwrap().recv();
        async { Outcome::healthy() }
    });
    monitor.register(check.timeout(3 * SECOND)).unwrap();

    let elsewhere = std::thread::spawn({
        let monitor = monitor.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(monitor.check_now());
        }
    });
    is_blocked.recv().unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let started = now();
        let report = monitor.check_now().await;
        assert_eq!(now() - started, 6 * SECOND);
        assert_eq!(status_of(&report, "db"), Status::Unknown);
        assert_eq!(message_of(&report, "db"), "not checked yet");
    });
    drop(release);
    elsewhere.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_check_that_asks_for_itself_times_out() {
    let monitor = steady();
    let weak = monitor.downgrade();
    let check = Check::new("self", move || {
        let monitor = weak.upgrade().unwrap();
        async move {
            monitor.check_now().await;
            Outcome::healthy()
        }
    });
    monitor.register(check).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(message_of(&report, "self"), "check timed out after 5s");
}

#[tokio::test(start_paused = true)]
async fn check_now_with_a_hung_check_reports_on_the_others() {
    let monitor = steady();
    monitor
        .register(Check::new("hung", pending::<Outcome>))
        .unwrap();
    monitor.register(Probe::new().check("db")).unwrap();
    let mut asking = pin!(monitor.check_now());
    assert_eq!(poll_once(asking.as_mut()).await, Poll::Pending);
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    assert_eq!(status_of(&report, "hung"), Status::Unknown);
    assert_eq!(status_of(&asking.await, "hung"), Status::Unhealthy);
}
