//! How long callers waited in line, as the snapshot tells it.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use steadfast_bulkhead::{
    Acquired, Bulkhead, HistogramSnapshot, Observer, Permit, Rejected, WeakBulkhead,
};
use tokio::time;

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<Permit, Rejected>>;

fn one_place() -> Bulkhead {
    Bulkhead::builder("waits")
        .max_concurrent(1)
        .checkout_timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

/// A waiter that was polled once and is in line.
fn waiter(bulkhead: &Bulkhead) -> Acquire<'_> {
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

/// Above the exact value by at most 1/32, and never below.
fn assert_about(told: Option<Duration>, exact: Duration) {
    let told = told.unwrap();
    assert!(told >= exact, "{told:?} is less than {exact:?}");
    assert!((told - exact) * 32 <= exact, "{told:?} is not {exact:?}");
}

#[tokio::test(start_paused = true)]
async fn percentiles_are_those_of_a_queue_that_is_served_every_10_ms() {
    let bulkhead = one_place();
    let mut held = bulkhead.try_acquire().unwrap();
    let mut line: Vec<_> = (0..100).map(|_| waiter(&bulkhead)).collect();
    for waiter in &mut line {
        time::advance(Duration::from_millis(10)).await;
        drop(held);
        held = waiter.await.unwrap();
    }
    let snapshot = bulkhead.snapshot();
    let waits = &snapshot.waits;
    assert_eq!(waits.count, 100);
    assert_eq!(waits.max, Duration::from_secs(1));
    assert_eq!(waits.sum, snapshot.totals.wait_total);
    assert_eq!(waits.mean(), Some(Duration::from_millis(505)));
    for nth in 1..=100_u32 {
        let percentile = waits.percentile(f64::from(nth) / 100.0);
        assert_about(percentile, Duration::from_millis(10) * nth);
    }
    assert_eq!(waits.percentile(1.0), Some(waits.max));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_recorded_as_well() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let release = async {
        time::sleep(Duration::from_millis(30)).await;
        drop(held);
    };
    let call = bulkhead.call(|| async { Ok::<_, String>(()) });
    let (called, ()) = tokio::join!(call, release);
    assert_eq!(called, Ok(()));
    let waits = bulkhead.snapshot().waits;
    assert_eq!((waits.count, waits.max), (1, Duration::from_millis(30)));
}

#[tokio::test(start_paused = true)]
async fn who_never_queued_or_got_nothing_is_not_in_it() {
    let bulkhead = Bulkhead::builder("waits")
        .max_concurrent(1)
        .max_waiting(2)
        .build()
        .unwrap();
    let held = bulkhead.acquire().await.unwrap();
    // One leaves, one is granted a place and leaves without it, one times out, one finds the
    // queue full, one the bulkhead closed.
    drop(waiter(&bulkhead));
    let granted = waiter(&bulkhead);
    drop(held);
    drop(granted);
    let _held = bulkhead.acquire().await.unwrap();
    bulkhead.acquire().await.unwrap_err();
    let mut line = [waiter(&bulkhead), waiter(&bulkhead)];
    bulkhead.acquire().await.unwrap_err();
    bulkhead.close();
    for waiter in &mut line {
        waiter.await.unwrap_err();
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!(snapshot.waits, HistogramSnapshot::default());
    assert_eq!(snapshot.totals.acquired, 2);
    assert_eq!(snapshot.totals.abandoned, 2);
}

/// Keeps how many waits there were when each of them was reported.
#[derive(Default)]
struct Counter {
    bulkhead: Mutex<Option<WeakBulkhead>>,
    seen: Mutex<Vec<u64>>,
}

impl Observer for Counter {
    fn acquired(&self, _: &Acquired) {
        let bulkhead = self
            .bulkhead
            .lock()
            .as_ref()
            .and_then(WeakBulkhead::upgrade);
        let count = bulkhead.unwrap().snapshot().waits.count;
        self.seen.lock().push(count);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_of_a_wait_finds_it_recorded() {
    let bulkhead = one_place();
    let counter = Arc::new(Counter::default());
    *counter.bulkhead.lock() = Some(bulkhead.downgrade());
    bulkhead.add_observer(counter.clone());
    let mut held = bulkhead.try_acquire().unwrap();
    let mut line = [waiter(&bulkhead), waiter(&bulkhead)];
    for waiter in &mut line {
        drop(held);
        held = waiter.await.unwrap();
    }
    assert_eq!(*counter.seen.lock(), [1, 2]);
}
