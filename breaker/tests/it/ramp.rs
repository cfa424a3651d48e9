//! After closing, a growing share of calls.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Reason, State};

const RAMP: Duration = Duration::from_secs(100);

/// A breaker that has closed just now.
fn closed_just_now() -> CircuitBreaker {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(1)
        .success_threshold(1)
        .open_for(Duration::from_nanos(1))
        .ramp_up(RAMP)
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    breaker
}

async fn close(breaker: &CircuitBreaker) {
    tokio::time::advance(Duration::from_nanos(1)).await;
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

fn passed(breaker: &CircuitBreaker, calls: usize) -> usize {
    let answers = (0..calls).map(|_| breaker.try_acquire());
    answers.filter(|answer| answer.is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn the_share_is_kept_to_the_call() {
    let breaker = closed_just_now();
    close(&breaker).await;
    assert_eq!(passed(&breaker, 1), 1, "the first call passes");
    assert_eq!(passed(&breaker, 100), 10);
    tokio::time::advance(RAMP * 2 / 5).await;
    assert_eq!(passed(&breaker, 100), 40);
    tokio::time::advance(RAMP * 3 / 5).await;
    assert_eq!(passed(&breaker, 100), 100);
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_tells_the_share_as_long_as_there_is_one() {
    let breaker = closed_just_now();
    let share = || breaker.snapshot().ramp_up_share;
    assert_eq!(share(), None, "open");
    close(&breaker).await;
    assert_eq!(share(), Some(0.1), "the least");
    tokio::time::advance(RAMP * 2 / 5).await;
    assert_eq!(share(), Some(0.4));
    tokio::time::advance(RAMP * 3 / 5).await;
    assert_eq!(share(), None, "over, though no call has come to notice");
}

#[tokio::test(start_paused = true)]
async fn what_is_one_too_many_is_told_so() {
    let breaker = closed_just_now();
    close(&breaker).await;
    passed(&breaker, 1);
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.reason(), Reason::RampingUp);
    assert_eq!(rejected.state(), State::Closed);
    assert_eq!(
        rejected.to_string(),
        "circuit breaker payments is closed: not every call is let through yet"
    );
}

#[tokio::test(start_paused = true)]
async fn a_ramp_goes_on_over_a_reconfiguration() {
    let breaker = closed_just_now();
    close(&breaker).await;
    tokio::time::advance(RAMP / 2).await;
    passed(&breaker, 1);
    breaker.reconfigure(breaker.config()).unwrap();
    assert_eq!(passed(&breaker, 100), 50);
    let mut without = breaker.config();
    without.ramp_up = Duration::ZERO;
    breaker.reconfigure(without).unwrap();
    assert_eq!(passed(&breaker, 100), 100);
}
