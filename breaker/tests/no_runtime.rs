//! The breaker without a runtime: passes with and without the feature `tokio`.

use std::time::Duration;

use futures_util::FutureExt;
use steadfast_breaker::{CircuitBreaker, State};

#[test]
fn every_door_works_without_a_runtime() {
    let breaker = CircuitBreaker::builder("plain")
        .failure_threshold(2)
        .success_threshold(1)
        .open_for(Duration::from_nanos(1))
        .build()
        .unwrap();
    assert!(breaker.call_blocking(|| Err::<(), _>(())).is_err());
    let call = breaker.call(|| async { Err::<(), _>(()) });
    assert!(call.now_or_never().unwrap().is_err());
    assert_eq!(breaker.state(), State::Open);
    // At most as many turns as the clock needs to move by a nanosecond.
    let permit = (0..1_000_000).find_map(|_| breaker.try_acquire().ok());
    permit.unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}
