//! The blocking door without a runtime: passes with and without the feature `tokio`.

use std::time::Duration;

use steadfast_retry::{Reason, Retry};

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
