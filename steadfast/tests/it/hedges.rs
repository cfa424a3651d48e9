//! A second call while the first is slow.

use std::time::Duration;

use steadfast::breaker::{CircuitBreaker, Mode};
use steadfast::policy::Policy;
use steadfast::retry::{Hedge, Jitter, Retry, Verdict};
use tokio::time::sleep;

use crate::support::now;

const SECOND: Duration = Duration::from_secs(1);

fn hedge() -> Hedge {
    let builder = Hedge::builder("search").delay(SECOND).unbudgeted();
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_overtaken() {
    let policy = Policy::builder("search").hedge(hedge()).build().unwrap();
    let begun = now();
    let answer = policy
        .call(|attempt| async move {
            let slow = if attempt.is_hedge() { 1 } else { 60 };
            sleep(slow * SECOND).await;
            Ok::<_, &str>(attempt.is_hedge())
        })
        .await;
    assert!(answer.unwrap());
    assert_eq!(begun.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn each_leg_has_its_retries_and_both_have_one_deadline() {
    let builder = Retry::builder("search").max_attempts(10);
    let retry = builder.base_backoff(SECOND).jitter(Jitter::None).build();
    let policy = Policy::builder("search")
        .hedge(hedge())
        .retry(retry.unwrap());
    let policy = policy.total_timeout(5 * SECOND).build().unwrap();
    let begun = now();
    let error = policy
        .call(|_| async {
            sleep(SECOND).await;
            Err::<(), _>("refused")
        })
        .await;
    assert!(error.is_err());
    assert!(begun.elapsed() <= 5 * SECOND);
    assert_eq!(policy.hedge().unwrap().snapshot().totals.sent, 1);
}

#[tokio::test(start_paused = true)]
async fn what_no_attempt_can_better_is_not_hedged() {
    let builder = Hedge::builder("search").delay(SECOND).unbudgeted();
    let hedge = builder.hedge_failures(true).build().unwrap();
    let policy = Policy::builder("search").hedge(hedge).build().unwrap();
    let error = policy
        .classify(|_: Result<&(), &&str>| Verdict::Stop)
        .call(|attempt| async move {
            assert!(!attempt.is_hedge());
            Err("no such index")
        })
        .await;
    assert_eq!(error.unwrap_err().operation(), Some(&"no such index"));
}

#[tokio::test(start_paused = true)]
async fn what_the_breaker_rejects_is_not_hedged() {
    let builder = Hedge::builder("search").delay(SECOND).unbudgeted();
    let hedge = builder.hedge_failures(true).build().unwrap();
    let breaker = CircuitBreaker::builder("search").build().unwrap();
    breaker.set_mode(Mode::ForcedOpen, "moving");
    let policy = Policy::builder("search").hedge(hedge).breaker(breaker);
    let policy = policy.build().unwrap();
    let error = policy.call(|_| async { Ok::<_, &str>(()) }).await;
    assert!(error.unwrap_err().is_circuit_open());
    assert_eq!(policy.hedge().unwrap().snapshot().totals.sent, 0);
}
