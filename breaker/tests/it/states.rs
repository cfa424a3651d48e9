//! The state diagram, edge by edge.

use std::time::Duration;

use steadfast_breaker::{Cause, CircuitBreaker, Outcome, Reason, State};
use tokio::time::advance;

const OPEN_FOR: Duration = Duration::from_secs(10);

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("db")
        .failure_threshold(3)
        .success_threshold(2)
        .open_for(OPEN_FOR)
        .reset_timeout(Duration::from_secs(60))
        .half_open_max(Duration::from_secs(5))
        .build()
        .unwrap()
}

fn end(breaker: &CircuitBreaker, outcome: Outcome) {
    breaker.try_acquire().unwrap().record(outcome);
}

fn trip(breaker: &CircuitBreaker) {
    for _ in 0..3 {
        end(breaker, Outcome::Failure);
    }
    assert_eq!(breaker.state(), State::Open);
}

async fn half_open(breaker: &CircuitBreaker) {
    trip(breaker);
    advance(OPEN_FOR).await;
}

#[tokio::test(start_paused = true)]
async fn opens_at_exactly_the_threshold() {
    let breaker = breaker();
    end(&breaker, Outcome::Failure);
    end(&breaker, Outcome::Failure);
    assert_eq!(breaker.state(), State::Closed);
    end(&breaker, Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
    let cause = Cause::ConsecutiveFailures { failures: 3 };
    assert_eq!(breaker.snapshot().cause, Some(cause));
}

#[tokio::test(start_paused = true)]
async fn one_success_forgets_the_failures_before_it() {
    let breaker = breaker();
    for _ in 0..10 {
        end(&breaker, Outcome::Failure);
        end(&breaker, Outcome::Failure);
        end(&breaker, Outcome::Success);
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_ignored_outcome_neither_adds_nor_forgets() {
    let breaker = breaker();
    end(&breaker, Outcome::Failure);
    end(&breaker, Outcome::Failure);
    end(&breaker, Outcome::Ignored);
    assert_eq!(breaker.snapshot().consecutive_failures, 2);
    end(&breaker, Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn failures_are_forgotten_after_the_reset_timeout_and_not_before() {
    let breaker = breaker();
    end(&breaker, Outcome::Failure);
    end(&breaker, Outcome::Failure);
    advance(Duration::from_millis(59_999)).await;
    assert_eq!(breaker.snapshot().consecutive_failures, 2);
    advance(Duration::from_millis(1)).await;
    assert_eq!(breaker.snapshot().consecutive_failures, 0);
    end(&breaker, Outcome::Failure);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().consecutive_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn the_reset_timeout_counts_from_the_last_failure() {
    let breaker = breaker();
    for _ in 0..2 {
        end(&breaker, Outcome::Failure);
        advance(Duration::from_secs(59)).await;
    }
    end(&breaker, Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn rejects_for_the_open_time_and_says_how_long() {
    let breaker = breaker();
    trip(&breaker);
    advance(Duration::from_millis(8_800)).await;
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.retry_after(), Some(Duration::from_millis(1_200)));
    assert_eq!(
        rejected.to_string(),
        "circuit breaker db is open: 3 consecutive calls failed; retry after 1.2s"
    );
    advance(Duration::from_millis(1_199)).await;
    assert!(breaker.try_acquire().is_err());
    assert_eq!(
        breaker.snapshot().retry_after,
        Some(Duration::from_millis(1))
    );
    advance(Duration::from_millis(1)).await;
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
    probe.success();
    assert_eq!(breaker.snapshot().totals.rejected, 2);
}

#[tokio::test(start_paused = true)]
async fn half_open_admits_no_more_than_max_probes() {
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(3)
        .max_probes(4)
        .open_for(OPEN_FOR)
        .build()
        .unwrap();
    half_open(&breaker).await;
    let mut probes: Vec<_> = (0..4).map(|_| breaker.try_acquire().unwrap()).collect();
    for _ in 0..2 {
        let rejected = breaker.try_acquire().unwrap_err();
        assert_eq!(rejected.reason(), Reason::ProbesBusy);
        assert_eq!(rejected.state(), State::HalfOpen);
        assert_eq!(
            rejected.to_string(),
            "circuit breaker db is half-open: every probe is in flight"
        );
    }
    probes.pop().unwrap().ignore();
    let again = breaker.try_acquire().unwrap();
    assert!(breaker.try_acquire().is_err());
    again.ignore();
}

#[tokio::test(start_paused = true)]
async fn enough_successful_probes_close_it() {
    let breaker = breaker();
    half_open(&breaker).await;
    end(&breaker, Outcome::Success);
    assert_eq!(breaker.state(), State::HalfOpen);
    end(&breaker, Outcome::Ignored);
    assert_eq!(breaker.state(), State::HalfOpen);
    end(&breaker, Outcome::Success);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().consecutive_failures, 0);
}

#[tokio::test(start_paused = true)]
async fn one_failed_probe_opens_it_again_for_the_whole_open_time() {
    let breaker = breaker();
    half_open(&breaker).await;
    end(&breaker, Outcome::Success);
    advance(Duration::from_secs(3)).await;
    end(&breaker, Outcome::Failure);
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.retry_after(), Some(OPEN_FOR));
    let cause = Cause::ProbeFailed;
    assert_eq!(rejected.reason(), Reason::Open { cause });
}

#[tokio::test(start_paused = true)]
async fn the_successes_of_an_earlier_half_open_do_not_count() {
    let breaker = breaker();
    half_open(&breaker).await;
    end(&breaker, Outcome::Success);
    end(&breaker, Outcome::Failure);
    advance(OPEN_FOR).await;
    end(&breaker, Outcome::Success);
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn a_hung_probe_stops_blocking_after_half_open_max() {
    let breaker = breaker();
    half_open(&breaker).await;
    let hung = breaker.try_acquire().unwrap();
    advance(Duration::from_millis(4_999)).await;
    let busy = breaker.try_acquire().unwrap_err();
    assert_eq!(busy.reason(), Reason::ProbesBusy);
    advance(Duration::from_millis(1)).await;
    let open = breaker.try_acquire().unwrap_err();
    let cause = Cause::ProbesExpired;
    assert_eq!(open.reason(), Reason::Open { cause });
    assert_eq!(open.retry_after(), Some(OPEN_FOR));
    advance(OPEN_FOR).await;
    let probe = breaker.try_acquire().unwrap();
    hung.failure();
    assert_eq!(breaker.state(), State::HalfOpen, "the hung probe is stale");
    probe.success();
}

#[tokio::test(start_paused = true)]
async fn the_open_time_after_a_hung_probe_counts_from_its_limit_not_from_the_next_visit() {
    let breaker = breaker();
    half_open(&breaker).await;
    let _hung = breaker.try_acquire().unwrap();
    advance(Duration::from_secs(5) + OPEN_FOR).await;
    let probe = breaker.try_acquire().unwrap();
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.opened, totals.half_opened), (2, 2));
    probe.success();
}

#[tokio::test(start_paused = true)]
async fn a_quiet_half_open_does_not_expire_while_a_probe_could_pass() {
    let breaker = breaker();
    half_open(&breaker).await;
    end(&breaker, Outcome::Success);
    advance(Duration::from_secs(3_600)).await;
    end(&breaker, Outcome::Success);
    assert_eq!(breaker.state(), State::Closed);
}
