//! When the runner runs what.

use std::time::Duration;

use steadfast_health::Monitor;
use tokio::time::{Instant, advance, sleep};

use crate::support::{Probe, SECOND, now, steady};

fn since(start: Instant, probe: &Probe) -> Vec<Duration> {
    probe.starts().into_iter().map(|at| at - start).collect()
}

#[tokio::test(start_paused = true)]
async fn a_check_runs_at_once_and_then_on_its_interval() {
    let monitor = steady();
    let (usual, own) = (Probe::new().taking(2 * SECOND), Probe::new());
    monitor.register(usual.check("usual")).unwrap();
    monitor
        .register(own.check("own").interval(40 * SECOND))
        .unwrap();
    let start = now();
    let runner = monitor.start();
    sleep(100 * SECOND).await;
    let seconds = [0, 30, 60, 90].map(Duration::from_secs);
    assert_eq!(since(start, &usual), seconds);
    assert_eq!(since(start, &own), [0, 40, 80].map(Duration::from_secs));
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_registered_after_the_start_runs_at_once() {
    let monitor = steady();
    let start = now();
    let runner = monitor.start();
    sleep(7 * SECOND).await;
    let probe = Probe::new();
    monitor.register(probe.check("late")).unwrap();
    sleep(50 * SECOND).await;
    assert_eq!(since(start, &probe), [7, 37].map(Duration::from_secs));
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_long_pause_a_check_runs_once_and_goes_on_from_there() {
    let monitor = steady();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    let start = now();
    let runner = monitor.start();
    sleep(SECOND).await;
    advance(1000 * SECOND).await;
    sleep(35 * SECOND).await;
    assert_eq!(
        since(start, &probe),
        [0, 1001, 1031].map(Duration::from_secs)
    );
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_slower_than_its_interval_rests_a_whole_interval() {
    let monitor = steady();
    let probe = Probe::new().taking(4 * SECOND);
    monitor
        .register(probe.check("db").interval(3 * SECOND))
        .unwrap();
    let start = now();
    let runner = monitor.start();
    sleep(20 * SECOND).await;
    assert_eq!(since(start, &probe), [0, 7, 14].map(Duration::from_secs));
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_slow_check_delays_no_other() {
    let monitor = steady();
    let (slow, quick) = (Probe::new().taking(4 * SECOND), Probe::new());
    monitor
        .register(slow.check("slow").interval(SECOND))
        .unwrap();
    monitor
        .register(quick.check("quick").interval(SECOND))
        .unwrap();
    let start = now();
    let runner = monitor.start();
    sleep(Duration::from_millis(3500)).await;
    assert_eq!(since(start, &quick), [0, 1, 2, 3].map(Duration::from_secs));
    runner.stop().await;
}

async fn waits(share: f64, seed: Option<u64>, name: &str) -> Vec<Duration> {
    let mut builder = Monitor::builder("orders")
        .interval(100 * SECOND)
        .jitter(share);
    if let Some(seed) = seed {
        builder = builder.jitter_seed(seed);
    }
    let monitor = builder.build().unwrap();
    let probe = Probe::new();
    monitor.register(probe.check(name)).unwrap();
    let runner = monitor.start();
    sleep(5000 * SECOND).await;
    runner.stop().await;
    let starts = probe.starts();
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn jitter_makes_intervals_longer_and_shorter_within_its_share() {
    for (share, shortest, longest) in [(0.1, 90, 110), (0.5, 50, 150), (1.0, 0, 200)] {
        let waits = waits(share, Some(7), "db").await;
        // A timer wakes up to a millisecond late.
        let slack = Duration::from_millis(2);
        for wait in &waits {
            assert!(*wait >= shortest * SECOND, "{wait:?}");
            assert!(*wait <= longest * SECOND + slack, "{wait:?}");
        }
        assert!(waits.iter().any(|wait| *wait < 100 * SECOND));
        assert!(waits.iter().any(|wait| *wait > 100 * SECOND + slack));
    }
}

#[tokio::test(start_paused = true)]
async fn jitter_repeats_under_a_seed_and_differs_without_one() {
    assert_eq!(
        waits(0.5, Some(1), "db").await,
        waits(0.5, Some(1), "db").await
    );
    assert_ne!(
        waits(0.5, Some(1), "db").await,
        waits(0.5, Some(2), "db").await
    );
    assert_ne!(waits(0.5, None, "db").await, waits(0.5, None, "db").await);
}

#[tokio::test(start_paused = true)]
async fn checks_of_one_monitor_do_not_move_in_step() {
    assert_ne!(
        waits(0.5, Some(1), "db").await,
        waits(0.5, Some(1), "cache").await
    );
}
