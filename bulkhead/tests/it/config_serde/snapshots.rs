//! What dashboards and operators' APIs get to see.

use serde_json::{Value, json, to_value};
use steadfast_bulkhead::{Bulkhead, Keyed};

/// A histogram in which nothing was recorded.
fn nothing() -> Value {
    json!({
        "count": 0,
        "sum_ms": 0.0,
        "max_ms": 0.0,
        "p50_ms": null,
        "p90_ms": null,
        "p95_ms": null,
        "p99_ms": null,
    })
}

#[test]
fn a_snapshot_is_plain_data() {
    let bulkhead = Bulkhead::builder("payments")
        .max_concurrent(2)
        .max_waiting(0)
        .build()
        .unwrap();
    let _held = bulkhead.try_acquire().unwrap();
    drop(bulkhead.try_acquire().unwrap());
    bulkhead.try_acquire_many(2).unwrap_err();
    bulkhead.try_acquire_many(3).unwrap_err();
    assert_eq!(
        to_value(bulkhead.snapshot()).unwrap(),
        json!({
            "name": "payments",
            "max_concurrent": 2,
            "max_waiting": 0,
            "available": 1,
            "busy": 1,
            "waiting": 0,
            "waiting_by_priority": { "high": 0, "normal": 0, "low": 0 },
            "peak_busy": 2,
            "peak_waiting": 0,
            "closed": false,
            "totals": {
                "acquired": 2,
                "acquired_after_wait": 0,
                "completed": 1,
                "rejected_full": 1,
                "displaced": 0,
                "rejected_timeout": 0,
                "rejected_closed": 0,
                "rejected_too_many": 1,
                "abandoned": 0,
                "wait_total_ms": 0.0,
                "observer_panics": 0,
            },
            "waits": nothing(),
            "holds": nothing(),
        })
    );
}

#[test]
fn a_set_is_plain_data() {
    let hosts: Keyed<String> = Keyed::builder("hosts").max_keys(1).build().unwrap();
    drop(hosts.try_acquire("a").unwrap());
    drop(hosts.try_acquire("b").unwrap());
    assert_eq!(
        to_value(hosts.snapshot()).unwrap(),
        json!({
            "name": "hosts",
            "keys": 1,
            "max_keys": 1,
            "closed": false,
            "created": 2,
            "evicted": 1,
            "removed": 0,
            "overflowed": 0,
            "observer_panics": 0,
        })
    );
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn waits_are_told_in_milliseconds() {
    use std::time::Duration;

    let bulkhead = Bulkhead::builder("slow").max_concurrent(1).build().unwrap();
    let held = bulkhead.acquire().await.unwrap();
    let waiter = tokio::spawn({
        let bulkhead = bulkhead.clone();
        async move { drop(bulkhead.acquire().await.unwrap()) }
    });
    tokio::time::sleep(Duration::from_millis(3)).await;
    drop(held);
    waiter.await.unwrap();
    let value = to_value(bulkhead.snapshot()).unwrap();
    assert_eq!(value["totals"]["wait_total_ms"], json!(3.0));
    assert_eq!(
        value["waits"],
        json!({
            "count": 1,
            "sum_ms": 3.0,
            "max_ms": 3.0,
            "p50_ms": 3.0,
            "p90_ms": 3.0,
            "p95_ms": 3.0,
            "p99_ms": 3.0,
        })
    );
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_pool_has_its_bulkhead_and_its_discards() {
    use steadfast_bulkhead::Pool;

    let pool = Pool::builder("db", || async { Ok::<_, ()>(()) })
        .max_concurrent(1)
        .build()
        .unwrap();
    pool.checkout().await.unwrap().discard();
    drop(pool.checkout().await.unwrap());
    let mut value = to_value(pool.snapshot()).unwrap();
    let bulkhead = value["bulkhead"].take();
    assert_eq!(bulkhead["name"], json!("db"));
    assert_eq!(bulkhead["waits"], nothing());
    assert_eq!(
        value,
        json!({
            "bulkhead": null,
            "idle": 1,
            "created": 2,
            "recycled": 0,
            "discarded": 1,
            "discards": {
                "asked": 1,
                "taken": 0,
                "panicked": 0,
                "abandoned": 0,
                "not_valid": 0,
                "validate_timeouts": 0,
                "not_recycled": 0,
                "recycle_timeouts": 0,
                "hook_abandoned": 0,
                "too_old": 0,
                "idle_too_long": 0,
                "surplus": 0,
                "cleared": 0,
                "closed": 0,
            },
            "create_failures": 0,
            "create_timeouts": 0,
            "create_abandoned": 0,
        })
    );
}
