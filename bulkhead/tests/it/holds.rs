//! How long places are held, and when it makes sense to try again.

use std::time::Duration;

use steadfast_bulkhead::{Builder, Bulkhead, HistogramSnapshot};
use tokio::time::advance;

fn measured(settings: impl FnOnce(Builder) -> Builder) -> Bulkhead {
    let builder = Bulkhead::builder("holds").hold_times(true);
    settings(builder).build().unwrap()
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn hold(bulkhead: &Bulkhead, time: Duration) {
    let held = bulkhead.call(async || {
        advance(time).await;
        Ok::<_, ()>(())
    });
    held.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_door_measures_how_long_its_place_is_held() {
    let bulkhead = measured(|builder| builder.max_concurrent(1));
    hold(&bulkhead, ms(10)).await;
    let permit = bulkhead.try_acquire().unwrap();
    advance(ms(20)).await;
    drop(permit);
    let permit = bulkhead.acquire().await.unwrap();
    advance(ms(30)).await;
    let waiter = tokio::spawn({
        let bulkhead = bulkhead.clone();
        async move { hold(&bulkhead, ms(40)).await }
    });
    tokio::task::yield_now().await;
    advance(ms(5)).await;
    drop(permit);
    waiter.await.unwrap();
    bulkhead.call_blocking(|| Ok::<_, ()>(())).unwrap();

    let holds = bulkhead.snapshot().holds;
    assert_eq!((holds.count, holds.max), (5, ms(40)));
    assert_eq!(holds.sum, ms(10 + 20 + 35 + 40));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_measured_unless_somebody_asks() {
    let bulkhead = Bulkhead::builder("b").max_concurrent(1).build().unwrap();
    hold(&bulkhead, ms(10)).await;
    assert_eq!(bulkhead.snapshot().holds, HistogramSnapshot::default());
    let _held = bulkhead.try_acquire().unwrap();
    assert_eq!(bulkhead.try_acquire().unwrap_err().retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_when_enough_places_will_have_come_back() {
    let bulkhead = measured(|builder| builder.max_concurrent(4).max_waiting(2));
    hold(&bulkhead, ms(200)).await;
    let _held = bulkhead.try_acquire_many(4).unwrap();

    // One place comes back every 50 ms.
    let full = bulkhead.try_acquire().unwrap_err();
    assert_eq!(full.retry_after(), Some(ms(50)));
    assert_eq!(
        full.to_string(),
        "bulkhead holds is full: 4 running, 0 waiting; retry after 50ms"
    );
    let heavy = bulkhead.try_acquire_many(3).unwrap_err();
    assert_eq!(heavy.retry_after(), Some(ms(150)));

    let waiters: Vec<_> = (0..2)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            tokio::spawn(async move { bulkhead.acquire().await })
        })
        .collect();
    tokio::task::yield_now().await;
    let behind = bulkhead.acquire().await.unwrap_err();
    assert_eq!((behind.waiting(), behind.retry_after()), (2, Some(ms(150))));
    for (waiter, left) in waiters.into_iter().zip([1, 0]) {
        let late = waiter.await.unwrap().unwrap_err();
        assert_eq!(late.waited(), Duration::from_secs(5));
        assert_eq!(late.waiting(), left);
        assert_eq!(late.retry_after(), Some(ms(50 * (left as u64 + 1))));
    }
    let too_many = bulkhead.try_acquire_many(5).unwrap_err();
    assert_eq!(too_many.retry_after(), None);
    bulkhead.close();
    assert_eq!(bulkhead.try_acquire().unwrap_err().retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn the_estimate_follows_the_holds_of_late() {
    let bulkhead = measured(|builder| builder.max_concurrent(1).max_waiting(0));
    let estimate = || {
        let _held = bulkhead.try_acquire().unwrap();
        bulkhead.try_acquire().unwrap_err().retry_after()
    };
    assert_eq!(estimate(), None, "no place has come back yet");
    for _ in 0..100 {
        hold(&bulkhead, ms(800)).await;
    }
    let before = estimate().unwrap();
    for _ in 0..100 {
        hold(&bulkhead, ms(8)).await;
    }
    let after = estimate().unwrap();
    assert!(
        before > ms(600) && after < ms(10),
        "{before:?}, then {after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_clock_runs_backwards_into_a_hold() {
    // Built in a runtime whose clock is ahead; the place comes back outside, where it is earlier.
    advance(Duration::from_secs(3600)).await;
    let bulkhead = measured(|builder| builder);
    advance(ms(1)).await;
    let permit = bulkhead.try_acquire().unwrap();
    std::thread::spawn(move || drop(permit)).join().unwrap();
    let holds = bulkhead.snapshot().holds;
    assert_eq!((holds.count, holds.sum), (1, Duration::ZERO));
}
