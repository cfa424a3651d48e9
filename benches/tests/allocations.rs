//! What the patterns allocate: nothing, on the path that succeeds, and nothing to say no.
//!
//! Futures are polled by hand, so that only the patterns' own allocations are counted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, State};
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::Retry;

/// So many calls that an allocation in one of a few would show.
const CALLS: usize = 100;

/// How many allocations it takes to do this `CALLS` times. The first time does not count: what is
/// allocated once is not a cost of a call.
fn allocations(mut call: impl FnMut()) -> u64 {
    call();
    allocation_counter::measure(|| (0..CALLS).for_each(|_| call())).count_total
}

/// The output of a future that is ready when it is first polled.
fn now<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("pending"),
    }
}

fn works() -> Ready<Result<u32, u32>> {
    ready(Ok(1))
}

fn fails() -> Ready<Result<u32, u32>> {
    ready(Err(2))
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("payments").build().unwrap()
}

fn open_breaker() -> CircuitBreaker {
    let breaker = breaker();
    while breaker.state() == State::Closed {
        let _ = now(breaker.call(fails));
    }
    breaker
}

fn retry() -> Retry {
    let builder = Retry::builder("payments").base_backoff(Duration::ZERO);
    builder.build().unwrap()
}

fn bulkhead() -> Bulkhead {
    Bulkhead::builder("payments").build().unwrap()
}

fn full_bulkhead() -> (Bulkhead, steadfast_bulkhead::Permit) {
    let builder = Bulkhead::builder("payments").max_concurrent(1);
    let bulkhead = builder.max_waiting(0).build().unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    (bulkhead, permit)
}

#[test]
fn the_counter_counts() {
    let boxed = allocations(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(boxed, CALLS as u64);
}

#[test]
fn a_call_through_a_closed_breaker_allocates_nothing() {
    let breaker = breaker();
    assert_eq!(allocations(|| assert!(now(breaker.call(works)).is_ok())), 0);
    assert_eq!(
        allocations(|| assert!(breaker.call_blocking(|| Ok::<_, u32>(1)).is_ok())),
        0
    );
    assert_eq!(allocations(|| breaker.try_acquire().unwrap().success()), 0);
}

#[test]
fn a_failure_and_the_success_after_it_allocate_nothing() {
    let breaker = breaker();
    let failure_and_success = || {
        assert!(now(breaker.call(fails)).is_err());
        assert!(now(breaker.call(works)).is_ok());
    };
    assert_eq!(allocations(failure_and_success), 0);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn an_open_breaker_rejects_without_allocating() {
    let breaker = open_breaker();
    let rejection = || {
        let answer = now(breaker.call(works));
        assert!(answer.unwrap_err().rejected().is_some());
    };
    assert_eq!(allocations(rejection), 0);
}

#[test]
fn a_retry_that_succeeds_at_once_allocates_nothing() {
    let retry = retry();
    assert_eq!(
        allocations(|| assert!(now(retry.call(|_| works())).is_ok())),
        0
    );
    assert_eq!(
        allocations(|| assert!(retry.call_blocking(|_| Ok::<_, u32>(1)).is_ok())),
        0
    );
}

#[test]
fn further_attempts_allocate_nothing() {
    let retry = retry();
    let third_time = || {
        let answer = now(retry.call(|attempt| {
            if attempt.number() == 3 {
                works()
            } else {
                fails()
            }
        }));
        assert_eq!(answer, Ok(1));
    };
    assert_eq!(allocations(third_time), 0);
}

#[test]
fn drawing_a_backoff_allocates_nothing() {
    let builder = Retry::builder("payments").base_backoff(Duration::from_nanos(1));
    let retry = builder.max_attempts(2).build().unwrap();
    let second_time = || {
        let answer = retry.call_blocking(|attempt| if attempt.is_retry() { Ok(1) } else { Err(2) });
        assert_eq!(answer, Ok(1));
    };
    assert_eq!(allocations(second_time), 0);
}

#[test]
fn giving_up_allocates_nothing() {
    let retry = retry();
    let give_up = || assert!(now(retry.call(|_| fails())).is_err());
    assert_eq!(allocations(give_up), 0);
}

#[test]
fn a_call_in_a_free_place_of_a_bulkhead_allocates_nothing() {
    let bulkhead = bulkhead();
    assert_eq!(
        allocations(|| assert!(now(bulkhead.call(works)).is_ok())),
        0
    );
    assert_eq!(
        allocations(|| assert!(bulkhead.call_blocking(|| Ok::<_, u32>(1)).is_ok())),
        0
    );
    assert_eq!(allocations(|| drop(bulkhead.try_acquire().unwrap())), 0);
}

#[test]
fn a_full_bulkhead_rejects_without_allocating() {
    let (bulkhead, _permit) = full_bulkhead();
    let rejection = || {
        let answer = now(bulkhead.call(works));
        assert!(answer.unwrap_err().rejected().is_some());
    };
    assert_eq!(allocations(rejection), 0);
}

#[test]
fn all_three_together_allocate_nothing() {
    let (retry, breaker, bulkhead) = (retry(), breaker(), bulkhead());
    let call = || {
        let answer = now(retry.call(|_| breaker.call(|| bulkhead.call(works))));
        assert!(answer.is_ok());
    };
    assert_eq!(allocations(call), 0);
}
