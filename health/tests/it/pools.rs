//! The ready-made check of a resource pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steadfast_bulkhead::Pool;
use steadfast_health::{Status, checks};
use tokio::time::sleep;

use crate::support::{SECOND, message_of, status_of, steady};

const NAME: &str = "pool/db";

/// A pool whose resources cannot be made while the flag is set.
fn pool(places: usize) -> (Pool<u8, &'static str>, Arc<AtomicBool>) {
    let down = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&down);
    let pool = Pool::builder("db", move || {
        let down = flag.load(Ordering::Relaxed);
        async move { if down { Err("refused") } else { Ok(7) } }
    });
    (pool.max_concurrent(places).build().unwrap(), down)
}

#[tokio::test(start_paused = true)]
async fn a_pool_is_as_healthy_as_its_places() {
    let (pool, _down) = pool(10);
    let monitor = steady();
    monitor.register(checks::pool(&pool)).unwrap();
    let mut lent = Vec::new();
    for busy in 0..=10 {
        let expected = match busy {
            0..=7 => Status::Healthy,
            8 | 9 => Status::Degraded,
            _ => Status::Unhealthy,
        };
        let report = monitor.check_now().await;
        assert_eq!(status_of(&report, NAME), expected, "{busy} of 10");
        let details = &report.component(NAME).unwrap().details;
        assert_eq!(details["busy"], busy.to_string());
        assert_eq!(details["created"], busy.to_string());
        assert!(!details.contains_key("create_failures"));
        if busy < 10 {
            lent.push(pool.checkout().await.unwrap());
        }
    }
    assert_eq!(monitor.get_health().readiness, Status::Degraded, "optional");
    drop(lent);
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, NAME), Status::Healthy);
    assert_eq!(report.component(NAME).unwrap().details["idle"], "10");
    pool.close();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, NAME), Status::Unhealthy);
    assert_eq!(message_of(&report, NAME), "pool is closed");
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_can_make_nothing_is_unhealthy_with_all_its_places_free() {
    let (pool, down) = pool(10);
    let monitor = steady();
    monitor.register(checks::pool(&pool)).unwrap();
    down.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(pool.checkout().await.is_err());
    }
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, NAME), Status::Unhealthy);
    assert_eq!(
        message_of(&report, NAME),
        "no resource could be made: 3 failed since the last look"
    );
    assert_eq!(
        report.component(NAME).unwrap().details["create_failures"],
        "3"
    );

    // Nobody has tried since: whoever requires the pool must get traffic to find it well.
    assert_eq!(status_of(&monitor.check_now().await, NAME), Status::Healthy);

    // Some were served.
    assert!(pool.checkout().await.is_err());
    down.store(false, Ordering::Relaxed);
    drop(pool.checkout().await.unwrap());
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, NAME), Status::Degraded);
    drop(pool.checkout().await.unwrap());
    assert_eq!(status_of(&monitor.check_now().await, NAME), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn making_that_times_out_is_as_bad_as_making_that_fails() {
    let pool = Pool::builder("db", || async {
        sleep(60 * SECOND).await;
        Ok::<_, &str>(())
    });
    let pool = pool.create_timeout(SECOND).build().unwrap();
    let monitor = steady();
    monitor.register(checks::pool(&pool)).unwrap();
    assert!(pool.checkout().await.is_err());
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, NAME), Status::Unhealthy);
    assert_eq!(
        report.component(NAME).unwrap().details["create_timeouts"],
        "1"
    );
}

#[tokio::test(start_paused = true)]
async fn what_failed_before_it_was_registered_is_not_held_against_it_and_it_keeps_no_pool_alive() {
    let (pool, down) = pool(1);
    down.store(true, Ordering::Relaxed);
    assert!(pool.checkout().await.is_err());
    let monitor = steady();
    monitor.register(checks::pool(&pool)).unwrap();
    assert_eq!(status_of(&monitor.check_now().await, NAME), Status::Healthy);
    let weak = pool.downgrade();
    drop(pool);
    assert!(weak.upgrade().is_none());
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, NAME), Status::Unknown);
    assert_eq!(message_of(&report, NAME), "pool was dropped");
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_was_closed_says_so_whatever_failed_before() {
    let (pool, down) = pool(10);
    let monitor = steady();
    monitor.register(checks::pool(&pool)).unwrap();
    down.store(true, Ordering::Relaxed);
    assert!(pool.checkout().await.is_err());
    pool.close();
    let report = monitor.check_now().await;
    assert_eq!(message_of(&report, NAME), "pool is closed");
}
