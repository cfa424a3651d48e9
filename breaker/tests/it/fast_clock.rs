//! The fast clock: it goes on while tokio's stands still, which tells the two apart.

use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Permit, State, Window};

fn builder() -> Builder {
    CircuitBreaker::builder("clock")
        .window(Window::Time(Duration::from_secs(3600)))
        .failure_rate(0.5)
        .min_calls(2)
        .success_threshold(1)
        .open_for(Duration::from_nanos(1))
}

fn trip(breaker: &CircuitBreaker) {
    for _ in 0..2 {
        breaker.try_acquire().unwrap().failure();
    }
    assert_eq!(breaker.state(), State::Open);
}

/// At most as many turns as the counter needs to move by a nanosecond.
fn probe(breaker: &CircuitBreaker) -> Option<Permit> {
    (0..10_000).find_map(|_| breaker.try_acquire().ok())
}

#[tokio::test(start_paused = true)]
async fn the_fast_clock_goes_on_while_tokios_stands_still() {
    let breaker = builder().fast_clock().build().unwrap();
    trip(&breaker);
    probe(&breaker).unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
    // Once more: a breaker keeps its clock through all its states.
    trip(&breaker);
    probe(&breaker).unwrap().success();
    assert!(breaker.snapshot().in_state_for < Duration::from_secs(3600));
}

#[tokio::test(start_paused = true)]
async fn the_standard_clock_stands_still_with_tokios() {
    let breaker = builder().build().unwrap();
    trip(&breaker);
    assert!(probe(&breaker).is_none());
    tokio::time::advance(Duration::from_nanos(1)).await;
    assert!(breaker.try_acquire().is_ok());
}
