//! The blocking door and the budget without a runtime: passes with and without the feature `tokio`.

use std::time::Duration;

use steadfast_retry::{Budget, Extra, Reason, Retry, SpentReason};

#[test]
fn the_blocking_door_works_without_a_runtime() {
    let retry = Retry::builder("plain")
        .max_attempts(3)
        .base_backoff(Duration::from_micros(1))
        .build()
        .unwrap();
    let third = retry.call_blocking(|attempt| {
        if attempt.number() < 3 {
            Err("not yet")
        } else {
            Ok(attempt.number())
        }
    });
    assert_eq!(third, Ok(3));
    let exhausted = retry.call_blocking(|_| Err::<(), _>("never")).unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (3, Reason::Attempts)
    );
    let totals = retry.snapshot().totals;
    assert_eq!((totals.after_retry, totals.exhausted_attempts), (1, 1));
}

#[test]
fn a_budget_works_without_a_runtime() {
    let budget = Budget::builder("plain")
        .share(0.5)
        .min_per_second(0.0)
        .build()
        .unwrap();
    budget.record_call();
    budget.record_call();
    let permit = budget.try_acquire(Extra::Retry).unwrap();
    let refused = budget.try_acquire(Extra::Hedge).unwrap_err();
    assert_eq!(refused.reason(), SpentReason::Waiting);
    permit.spend();
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.calls, snapshot.spent), (2, 1));
    assert_eq!(snapshot.totals.suppressed.hedges_waiting, 1);
}
