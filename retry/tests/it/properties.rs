//! Random settings and results against a naive model of the whole call.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_retry::{Jitter, Reason, Retry, Verdict};
use tokio::time::sleep;

/// What one attempt does: how long it takes, and what the classifier says of it.
#[derive(Debug, Clone, Copy)]
struct Plan {
    takes: u64,
    verdict: Verdict,
}

fn plan() -> impl Strategy<Value = Plan> {
    let verdict = prop_oneof![
        6 => Just(Verdict::Retry),
        2 => (0..3_000_u64).prop_map(|millis| Verdict::RetryAfter(Duration::from_millis(millis))),
        1 => Just(Verdict::Accept),
        1 => Just(Verdict::Stop),
    ];
    (0..500_u64, verdict).prop_map(|(takes, verdict)| Plan { takes, verdict })
}

/// Milliseconds all over: the moment the call ends, the attempts, and why, or nothing for a success.
fn model(plans: &[Plan], max_attempts: u32, limit: Option<u64>) -> (u64, u32, Option<Reason>) {
    let (mut now, mut backoff) = (0, 100);
    for (attempt, plan) in (1..).zip(plans) {
        if let Some(limit) = limit.filter(|limit| now + plan.takes > *limit) {
            return (limit, attempt, Some(Reason::Deadline));
        }
        now += plan.takes;
        let wait = match plan.verdict {
            Verdict::Accept => return (now, attempt, None),
            Verdict::RetryAfter(hint) => u64::try_from(hint.as_millis()).unwrap().max(backoff),
            Verdict::Retry => backoff,
            _ => return (now, attempt, Some(Reason::NotRetryable)),
        };
        if attempt == max_attempts {
            return (now, attempt, Some(Reason::Attempts));
        }
        if plan.verdict == Verdict::RetryAfter(Duration::from_millis(wait)) && wait > 2_000 {
            return (now, attempt, Some(Reason::RetryAfterTooLong));
        }
        if limit.is_some_and(|limit| now + wait >= limit) {
            return (now, attempt, Some(Reason::Deadline));
        }
        now += wait;
        backoff = (backoff * 2).min(1_500);
    }
    unreachable!("there are as many plans as attempts")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_naive_model(
        plans in prop::collection::vec(plan(), 8),
        max_attempts in 1..=8_u32,
        limit in prop::option::of(1..4_000_u64),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let mut builder = Retry::builder("model")
            .max_attempts(max_attempts)
            .max_backoff(Duration::from_millis(1_500))
            .max_retry_after(Duration::from_millis(2_000))
            .jitter(Jitter::None);
        if let Some(limit) = limit {
            builder = builder.max_elapsed(Duration::from_millis(limit));
        }
        let retry = builder.build().unwrap();
        let (took, result) = runtime.block_on(async {
            let begin = crate::now();
            let result = retry
                .classify(|result: &Result<Verdict, ()>| result.unwrap())
                .call(|attempt| {
                    let plan = plans[attempt.number() as usize - 1];
                    async move {
                        sleep(Duration::from_millis(plan.takes)).await;
                        Ok(plan.verdict)
                    }
                })
                .await;
            (begin.elapsed(), result)
        });
        let (end, attempts, reason) = model(&plans, max_attempts, limit);
        prop_assert_eq!(took, Duration::from_millis(end));
        match (result, reason) {
            (Ok(_), None) => {}
            (Err(exhausted), Some(reason)) => {
                prop_assert_eq!((exhausted.attempts, exhausted.reason), (attempts, reason));
                prop_assert_eq!(exhausted.elapsed, took);
            }
            (result, reason) => prop_assert!(false, "{:?} against {:?}", result, reason),
        }
        prop_assert_eq!(retry.snapshot().totals.retries, u64::from(attempts - 1));
    }
}
