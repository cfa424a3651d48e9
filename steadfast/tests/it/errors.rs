//! A call that failed says what, how often, for how long, and why no more.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use steadfast::breaker::CircuitBreaker;
use steadfast::policy::Policy;
use steadfast::retry::{Jitter, Retry};

#[tokio::test(start_paused = true)]
async fn it_is_one_line() {
    let builder = Retry::builder("payments").max_attempts(3);
    let builder = builder.base_backoff(Duration::from_millis(600));
    let retry = builder.backoff_multiplier(1.0).jitter(Jitter::None).build();
    let policy = Policy::builder("payments")
        .retry(retry.unwrap())
        .build()
        .unwrap();
    let error = policy
        .call(|_| async { Err::<(), _>(io::Error::other("connection refused")) })
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "payments: connection refused (3 attempts in 1.2s: no attempts are left)"
    );
    assert_eq!(error.name(), "payments");
    assert!(error.source().is_none(), "Display has said it");
}

#[tokio::test(start_paused = true)]
async fn the_chain_goes_on_behind_what_is_said() {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no price")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let policy = Policy::builder("prices").build().unwrap();
    let outer = || Outer(io::Error::other("connection refused"));
    let error = policy.call(|_| async { Err::<(), _>(outer()) }).await;
    let error = error.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "connection refused");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_says_which() {
    let second = Duration::from_secs(1);
    let never = |_| std::future::pending::<Result<(), io::Error>>();
    let policy = Policy::builder("stock")
        .attempt_timeout(second)
        .build()
        .unwrap();
    let error = policy.call(never).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("stock: no answer within 1s (1 attempt in ")
    );
    let policy = Policy::builder("stock")
        .total_timeout(second)
        .build()
        .unwrap();
    let error = policy.call(never).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("stock: no answer within the total timeout (")
    );
}

#[test]
fn a_result_is_no_larger_for_the_failure_it_may_be() {
    let size = size_of::<Result<u64, steadfast::policy::Error<[u8; 1000]>>>();
    assert!(size <= 2 * size_of::<u64>());
}

#[tokio::test(start_paused = true)]
async fn the_breaker_is_told_what_failed_once_for_each_attempt() {
    let breaker = CircuitBreaker::builder("stock").build().unwrap();
    let policy = Policy::builder("stock")
        .attempt_timeout(Duration::from_secs(1))
        .retry(Retry::builder("stock").max_attempts(3).build().unwrap())
        .breaker(breaker.clone())
        .build()
        .unwrap();
    let answer = policy.call(|attempt| {
        let policy = policy.clone();
        async move {
            if attempt.number() == 1 {
                return std::future::pending().await;
            }
            let refused = io::Error::other("refused");
            policy.note_error("io", &refused);
            Err::<(), _>(refused)
        }
    });
    answer.await.unwrap_err();
    let errors = breaker.snapshot().last_errors;
    let told: Vec<_> = errors
        .iter()
        .map(|error| (&*error.class, &*error.message, error.count))
        .collect();
    assert_eq!(
        told,
        [("io", "refused", 2), ("timeout", "no answer within 1s", 1)]
    );
    let without = Policy::builder("stock").build().unwrap();
    without.note_error("io", "nobody keeps it");
}
