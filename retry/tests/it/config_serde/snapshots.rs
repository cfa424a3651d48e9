//! What dashboards and operators' APIs get to see.

use std::time::Duration;

use serde_json::{json, to_value};
use steadfast_retry::{Budget, Extra, Retry};

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_plain_data() {
    let budget = Budget::builder("shared")
        .share(0.5)
        .min_per_second(0.0)
        .window(Duration::from_micros(1_234_500))
        .build()
        .unwrap();
    let retry = Retry::builder("payments")
        .base_backoff(Duration::ZERO)
        .budget(budget.clone())
        .build()
        .unwrap();
    for _ in 0..4 {
        retry.call(|_| async { Ok::<_, ()>(()) }).await.unwrap();
    }
    // Five calls allow two and a half: one is sent, one is held, and no more is left.
    let held = budget.try_acquire(Extra::Hedge).unwrap();
    retry
        .call(|_| async { Err::<(), _>(()) })
        .await
        .unwrap_err();
    drop(budget.try_acquire(Extra::Hedge).unwrap_err());
    assert_eq!(
        to_value(retry.snapshot()).unwrap(),
        json!({
            "name": "payments",
            "waiting": 0,
            "budget": {
                "name": "shared",
                "share": 0.5,
                "min_per_second": 0.0,
                "window_ms": 1234.5,
                "calls": 5,
                "spent": 1,
                "waiting": 1,
                "tokens": 0.5,
                "totals": {
                    "calls": 5,
                    "granted": 2,
                    "given_back": 0,
                    "spent_retries": 1,
                    "spent_hedges": 0,
                    "suppressed": {
                        "retries_spent": 0,
                        "retries_waiting": 1,
                        "hedges_spent": 0,
                        "hedges_waiting": 1,
                    },
                    "observer_panics": 0,
                },
            },
            "totals": {
                "first_try": 4,
                "after_retry": 0,
                "exhausted_attempts": 0,
                "exhausted_deadline": 0,
                "exhausted_budget": 1,
                "not_retryable": 0,
                "retry_after_too_long": 0,
                "rejected_by_breaker": 0,
                "abandoned": 0,
                "panicked": 0,
                "retries": 1,
                "attempt_timeouts": 0,
                "observer_panics": 0,
                "wait_total_ms": 0.0,
            },
        })
    );
    drop(held);
}

#[test]
fn a_retry_without_a_budget_has_none_in_its_snapshot() {
    let retry = Retry::builder("alone").build().unwrap();
    let value = to_value(retry.snapshot()).unwrap();
    assert_eq!(value["budget"], json!(null));
    assert_eq!(value["totals"]["first_try"], json!(0));
}
