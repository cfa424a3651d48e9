//! Which pattern is inside which, and what each of them counts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::breaker::{CircuitBreaker, Mode, State};
use steadfast::bulkhead::Bulkhead;
use steadfast::policy::{Kind, Policy};
use steadfast::retry::{Jitter, Reason, Retry, Verdict};
use tokio::time::sleep;

use crate::support::now;

const SECOND: Duration = Duration::from_secs(1);

fn retry(attempts: u32) -> Retry {
    let builder = Retry::builder("stock").max_attempts(attempts);
    builder
        .base_backoff(SECOND)
        .jitter(Jitter::None)
        .build()
        .unwrap()
}

fn breaker(failures: u32) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("stock").failure_threshold(failures);
    builder
        .success_threshold(1)
        .open_for(10 * SECOND)
        .build()
        .unwrap()
}

fn bulkhead(places: usize) -> Bulkhead {
    let builder = Bulkhead::builder("stock").max_concurrent(places);
    builder.max_waiting(0).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_nothing_is_the_operation() {
    let policy = Policy::builder("stock").build().unwrap();
    let answer = policy
        .call(|attempt| async move {
            assert_eq!((attempt.number(), attempt.remaining()), (1, None));
            assert!(!attempt.is_retry() && !attempt.is_hedge());
            Ok::<_, &str>(7)
        })
        .await;
    assert_eq!(answer.unwrap(), 7);
    let error = policy.call(|_| async { Err::<(), _>("refused") }).await;
    let error = error.unwrap_err();
    assert_eq!(error.operation(), Some(&"refused"));
    assert_eq!((error.attempts(), error.reason()), (1, Reason::Attempts));
    assert!(policy.retry().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_breaker_counts_attempts_and_not_calls() {
    let policy = Policy::builder("stock")
        .retry(retry(3))
        .breaker(breaker(10));
    let policy = policy.build().unwrap();
    let _ = policy.call(|_| async { Err::<(), _>("refused") }).await;
    let totals = policy.breaker().unwrap().snapshot().totals;
    assert_eq!((totals.failure, totals.success), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_a_failure_to_the_breaker() {
    let policy = Policy::builder("stock")
        .breaker(breaker(10))
        .attempt_timeout(SECOND);
    let policy = policy.build().unwrap();
    let error = policy
        .call(|_| async {
            sleep(5 * SECOND).await;
            Ok::<_, &str>(())
        })
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), Kind::AttemptTimeout { after, .. } if *after == SECOND));
    assert!(error.is_timeout());
    let totals = policy.breaker().unwrap().snapshot().totals;
    assert_eq!((totals.failure, totals.abandoned), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_held_while_the_operation_runs_and_not_while_a_retry_waits() {
    let policy = Policy::builder("stock")
        .retry(retry(2))
        .bulkhead(bulkhead(1));
    let policy = policy.build().unwrap();
    let places = policy.bulkhead().unwrap().clone();
    let calling = policy.call(|_| async {
        assert_eq!(policy.bulkhead().unwrap().snapshot().busy, 1);
        Err::<(), _>("refused")
    });
    let looking = async {
        sleep(SECOND / 2).await;
        places.snapshot().busy
    };
    let (_failed, busy_in_between) = tokio::join!(calling, looking);
    assert_eq!(busy_in_between, 0);
    assert_eq!(places.snapshot().totals.acquired, 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_is_no_failure_and_not_tried_again() {
    let places = bulkhead(1);
    let _taken = places.try_acquire().unwrap();
    let policy = Policy::builder("stock").retry(retry(5)).breaker(breaker(1));
    let policy = policy.bulkhead(places).build().unwrap();
    let error = policy.call(|_| async { Ok::<_, &str>(()) }).await;
    let error = error.unwrap_err();
    assert!(error.is_bulkhead_rejected());
    assert_eq!(
        (error.attempts(), error.reason()),
        (1, Reason::NotRetryable)
    );
    let breaker = policy.breaker().unwrap().snapshot();
    assert_eq!((breaker.totals.failure, breaker.totals.ignored), (0, 1));
    assert_eq!(breaker.state, State::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_the_breaker_rejects_takes_no_place() {
    let policy = Policy::builder("stock")
        .breaker(breaker(1))
        .bulkhead(bulkhead(1));
    let policy = policy.build().unwrap();
    policy
        .breaker()
        .unwrap()
        .set_mode(Mode::ForcedOpen, "moving");
    let error = policy.call(|_| async { Ok::<_, &str>(()) }).await;
    assert!(error.unwrap_err().is_circuit_open());
    assert_eq!(policy.bulkhead().unwrap().snapshot().totals.acquired, 0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_until_the_breaker_lets_it_through() {
    let policy = Policy::builder("stock").retry(retry(3)).breaker(breaker(1));
    let policy = policy.build().unwrap();
    let begun = now();
    let answer = policy
        .call(|attempt| async move {
            if attempt.number() < 3 {
                return Err("refused");
            }
            Ok("there again")
        })
        .await;
    // The first opens it; the second is rejected, and waits for the rest of its 10 s.
    assert_eq!(answer.unwrap(), "there again");
    assert!(begun.elapsed() >= 10 * SECOND);
    assert_eq!(policy.breaker().unwrap().state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_that_stays_open_for_too_long_ends_the_call() {
    let policy = Policy::builder("stock").retry(retry(5)).breaker(breaker(1));
    let policy = policy.total_timeout(5 * SECOND).build().unwrap();
    let begun = now();
    let error = policy.call(|_| async { Err::<(), _>("refused") }).await;
    let error = error.unwrap_err();
    assert!(error.is_circuit_open());
    assert_eq!(error.reason(), Reason::Breaker);
    assert!(error.retry_after().unwrap() > 5 * SECOND);
    assert!(begun.elapsed() < 5 * SECOND, "it did not wait in vain");
}

#[tokio::test(start_paused = true)]
async fn the_total_timeout_cuts_off_whatever_runs() {
    let policy = Policy::builder("stock")
        .retry(retry(5))
        .total_timeout(10 * SECOND);
    let policy = policy.build().unwrap();
    let begun = now();
    let error = policy
        .call(|attempt| async move {
            assert!(attempt.remaining() <= Some(10 * SECOND));
            sleep(3 * SECOND).await;
            Err::<(), _>("refused")
        })
        .await
        .unwrap_err();
    assert_eq!(begun.elapsed(), 10 * SECOND);
    assert!(matches!(
        error.kind(),
        Kind::DeadlineExceeded {
            ran_for: Some(_),
            ..
        }
    ));
    assert_eq!(error.reason(), Reason::Deadline);
}

#[tokio::test(start_paused = true)]
async fn without_a_retry_it_cuts_off_too() {
    let policy = Policy::builder("stock")
        .total_timeout(SECOND)
        .build()
        .unwrap();
    let begun = now();
    let never = policy.call(|_| std::future::pending::<Result<(), &str>>());
    assert!(never.await.unwrap_err().is_timeout());
    assert_eq!(begun.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn one_classifier_speaks_to_breaker_and_retry() {
    let policy = Policy::builder("stock")
        .retry(retry(4))
        .breaker(breaker(10));
    let policy = policy.build().unwrap();
    let asked = AtomicU32::new(0);
    let answers = [503, 404];
    let status = policy
        .classify(|result: Result<&u16, &&str>| match result {
            Ok(500..) | Err(_) => Verdict::Retry,
            Ok(400..) => Verdict::Stop,
            Ok(_) => Verdict::Accept,
        })
        .call(|_| {
            let answer = answers[asked.fetch_add(1, Ordering::Relaxed) as usize];
            async move { Ok(answer) }
        })
        .await;
    assert_eq!(status.unwrap(), 404);
    let totals = policy.breaker().unwrap().snapshot().totals;
    assert_eq!((totals.failure, totals.ignored, totals.success), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_ok_that_no_attempt_betters_is_returned() {
    let policy = Policy::builder("stock").retry(retry(2)).build().unwrap();
    let status = policy
        .classify(|_: Result<&u16, &&str>| Verdict::Retry)
        .call(|attempt| async move { Ok(500 + attempt.number() as u16) })
        .await;
    assert_eq!(status.unwrap(), 502);
}
