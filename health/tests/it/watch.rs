//! The channel that holds the readiness.

use steadfast_health::Status;
use tokio::time::{sleep, timeout};

use crate::support::{Probe, SECOND, now, steady};

#[tokio::test(start_paused = true)]
async fn a_receiver_wakes_on_each_change_and_on_nothing_else() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    let mut readiness = monitor.subscribe();
    assert_eq!(*readiness.borrow_and_update(), Status::Healthy);

    let quiet = timeout(100 * SECOND, readiness.changed()).await;
    assert!(quiet.is_err(), "woken without a change");

    probe.answer(Status::Unhealthy);
    let start = now();
    readiness.changed().await.unwrap();
    assert_eq!(*readiness.borrow_and_update(), Status::Unhealthy);
    assert!(now() - start <= 30 * SECOND);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_channel_is_up_to_date_when_check_now_returns() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    let readiness = monitor.subscribe();
    for status in [Status::Degraded, Status::Unhealthy, Status::Healthy] {
        probe.answer(status);
        monitor.check_now().await;
        assert_eq!(*readiness.borrow(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn the_channel_closes_with_the_monitor() {
    let monitor = steady();
    let mut readiness = monitor.subscribe();
    drop(monitor);
    assert!(readiness.changed().await.is_err());
}
