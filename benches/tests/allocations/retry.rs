//! The retry and the hedge: succeeding at once, later, and giving up.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast_retry::tower::RetryLayer;
use steadfast_retry::{Budget, Hedge, Retry};
use tower::{Layer, Service, service_fn};

use super::{CALLS, allocations, fails, now, works};

pub(crate) fn retry() -> Retry {
    remembering(0)
}

fn remembering(history: usize) -> Retry {
    let builder = Retry::builder("payments").base_backoff(Duration::ZERO);
    builder.history(history).build().unwrap()
}

/// Fails twice, then succeeds.
fn third_time(retry: &Retry) {
    let answer = now(retry.call(|attempt| {
        if attempt.number() == 3 {
            works()
        } else {
            fails()
        }
    }));
    assert_eq!(answer, Ok(1));
}

#[test]
fn a_retry_that_succeeds_at_once_allocates_nothing() {
    for retry in [remembering(0), remembering(8)] {
        assert_eq!(
            allocations(|| assert!(now(retry.call(|_| works())).is_ok())),
            0
        );
        assert_eq!(
            allocations(|| assert!(retry.call_blocking(|_| Ok::<_, u32>(1)).is_ok())),
            0
        );
    }
}

#[test]
fn limits_of_time_and_a_budget_allocate_nothing_either() {
    let retry = Retry::builder("payments")
        .max_elapsed(Duration::from_secs(10))
        .attempt_timeout(Duration::from_secs(1))
        .budget(Budget::builder("payments").build().unwrap())
        .build()
        .unwrap();
    assert_eq!(
        allocations(|| assert!(now(retry.call(|_| works())).is_ok())),
        0
    );
}

#[test]
fn an_attempt_timeout_allocates_nothing_and_needs_no_runtime() {
    let builder = Retry::builder("payments").attempt_timeout(Duration::from_secs(1));
    for retry in [builder.clone().build(), builder.history(0).build()] {
        let retry = retry.unwrap();
        assert_eq!(
            allocations(|| assert!(now(retry.call(|_| works())).is_ok())),
            0
        );
    }
}

/// For its timer, which is made when it is needed.
#[test]
fn an_attempt_that_may_be_cut_off_and_is_not_ready_at_once_allocates_once() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let limited = Retry::builder("payments").max_elapsed(Duration::from_secs(10));
    for (retry, expected) in [(remembering(8), 0), (limited.build().unwrap(), 1)] {
        let second_poll = || {
            let mut call = pin!(retry.call(|_| async {
                yield_once().await;
                Ok::<_, u32>(1)
            }));
            let mut context = Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(&mut context).is_pending());
            assert!(call.as_mut().poll(&mut context).is_ready());
        };
        assert_eq!(allocations(second_poll), expected * CALLS as u64);
    }
}

async fn yield_once() {
    let mut first = true;
    poll_fn(|_| match std::mem::take(&mut first) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await
}

#[test]
fn a_layer_allocates_nothing_when_the_first_attempt_succeeds() {
    let inner = service_fn(|number: u32| async move { Ok::<_, Infallible>(number) });
    let mut service = RetryLayer::new(remembering(8)).layer(inner);
    assert_eq!(allocations(|| assert_eq!(now(service.call(7)), Ok(7))), 0);
}

#[test]
fn further_attempts_allocate_nothing() {
    let retry = remembering(0);
    assert_eq!(allocations(|| third_time(&retry)), 0);
}

#[test]
fn remembering_failures_allocates_the_call_s_memory_and_their_list() {
    let retry = remembering(8);
    assert_eq!(allocations(|| third_time(&retry)), 2 * CALLS as u64);
}

#[test]
fn drawing_a_backoff_allocates_the_call_s_memory() {
    let builder = Retry::builder("payments").base_backoff(Duration::from_nanos(1));
    let retry = builder.max_attempts(2).history(0).build().unwrap();
    let second_time = || {
        let answer = retry.call_blocking(|attempt| if attempt.is_retry() { Ok(1) } else { Err(2) });
        assert_eq!(answer, Ok(1));
    };
    assert_eq!(allocations(second_time), CALLS as u64);
}

#[test]
fn giving_up_allocates_what_is_returned() {
    let retry = remembering(0);
    let give_up = || assert!(now(retry.call(|_| fails())).is_err());
    assert_eq!(allocations(give_up), CALLS as u64);
}

#[test]
fn a_hedge_whose_primary_succeeds_at_once_allocates_nothing() {
    let learning = Hedge::builder("search").warm_up(1).build().unwrap();
    let fixed = Hedge::builder("search").delay(Duration::from_secs(1));
    for hedge in [learning, fixed.build().unwrap()] {
        assert_eq!(
            allocations(|| assert!(now(hedge.call(|_| works())).is_ok())),
            0
        );
    }
}
