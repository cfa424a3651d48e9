//! What the patterns allocate: nothing, on the path that succeeds, and nothing to say no.
//!
//! Futures are polled by hand, so that only the patterns' own allocations are counted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod breaker;
mod bulkhead;
mod http;
mod policy;
mod recording;
mod retry;

use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Window};
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

#[test]
fn the_counter_counts() {
    let boxed = allocations(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(boxed, CALLS as u64);
}

#[test]
fn all_three_together_allocate_nothing() {
    let (retry, breaker) = (retry::retry(), breaker::breaker());
    let bulkhead = bulkhead::bulkhead();
    let call = || {
        let answer = now(retry.call(|_| breaker.call(|| bulkhead.call(works))));
        assert!(answer.is_ok());
    };
    assert_eq!(allocations(call), 0);
}

/// The timeout is the retry's, for each attempt.
#[test]
fn all_four_together_allocate_nothing() {
    let retry = Retry::builder("payments").attempt_timeout(Duration::from_secs(1));
    let breaker = CircuitBreaker::builder("payments").window(Window::Calls(100));
    let (retry, breaker) = (retry.build().unwrap(), breaker.build().unwrap());
    let bulkhead = bulkhead::bulkhead();
    let call = || {
        let answer = now(retry.call(|_| breaker.call(|| bulkhead.call(works))));
        assert!(answer.is_ok());
    };
    assert_eq!(allocations(call), 0);
}
