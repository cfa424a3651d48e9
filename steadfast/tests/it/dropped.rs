//! Whenever a call is dropped, and however it ends, everything is given back.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use steadfast::policy::Policy;
use steadfast::retry::{Hedge, Jitter, Retry};

fn policy() -> Policy {
    let retry = Retry::builder("stock").max_attempts(3);
    let retry = retry.base_backoff(Duration::ZERO).jitter(Jitter::None);
    let hedge = Hedge::builder("stock").delay(Duration::from_secs(1));
    Policy::http_like("stock")
        .retry(retry.build().unwrap())
        .hedge(hedge.build().unwrap())
        .build()
        .unwrap()
}

fn assert_at_rest(policy: &Policy) {
    let places = policy.bulkhead().unwrap().snapshot();
    assert_eq!((places.busy, places.waiting), (0, 0));
    assert_eq!(policy.breaker().unwrap().snapshot().in_flight, 0);
    assert_eq!(policy.retry().unwrap().snapshot().waiting, 0);
    assert_eq!(policy.hedge().unwrap().snapshot().in_flight, 0);
}

/// Ready after so many polls, with a failure.
async fn fails_after(mut polls: u32) -> Result<(), &'static str> {
    std::future::poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(Err("refused"));
        }
        polls -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

proptest! {
    #[test]
    fn a_call_that_is_dropped_after_any_poll_leaves_nothing(polls in 0_u32..20, each in 0_u32..5) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let policy = policy();
            {
                let mut calling = pin!(policy.call(|_| fails_after(each)));
                let mut context = Context::from_waker(Waker::noop());
                for _ in 0..polls {
                    if calling.as_mut().poll(&mut context).is_ready() {
                        break;
                    }
                }
            }
            assert_at_rest(&policy);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_unwinds_and_leaves_nothing() {
    let policy = policy();
    let task = tokio::spawn({
        let policy = policy.clone();
        async move {
            let _ = policy
                .call(|_| async { panic!("in the operation") as Result<(), &str> })
                .await;
        }
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_at_rest(&policy);
    assert_eq!(policy.breaker().unwrap().snapshot().totals.panicked, 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_at_once_end_and_leave_nothing() {
    let policy = policy();
    let calls = (0..10_000).map(|number: u32| {
        policy.call(move |_| async move {
            tokio::time::sleep(Duration::from_millis(u64::from(number % 7))).await;
            if number % 3 == 0 {
                Err("refused")
            } else {
                Ok(number)
            }
        })
    });
    let ended = futures_util::future::join_all(calls).await;
    assert_eq!(ended.len(), 10_000);
    assert_at_rest(&policy);
}
