//! How long it waits, and that a wait of zero is none.

use std::cell::RefCell;
use std::time::Duration;

use steadfast_retry::{Failure, Jitter, Retry, Verdict};

use crate::{exact, ms, now};

#[tokio::test(start_paused = true)]
async fn waits_double_from_the_base_to_the_cap() {
    let retry = exact()
        .max_attempts(6)
        .max_backoff(ms(500))
        .build()
        .unwrap();
    let begin = now();
    let moments = RefCell::new(Vec::new());
    let _ = retry
        .call(|_| {
            moments.borrow_mut().push(begin.elapsed());
            async { Err::<(), _>(()) }
        })
        .await;
    assert_eq!(*moments.borrow(), [0, 100, 300, 700, 1_200, 1_700].map(ms));
    assert_eq!(retry.snapshot().totals.wait_total, ms(1_700));
}

#[tokio::test(start_paused = true)]
async fn the_total_of_waits_counts_those_that_are_dropped_and_never_comes_round() {
    let builder = exact().max_attempts(2).max_retry_after(Duration::MAX);
    let retry = builder.build().unwrap();
    let mut totals = Vec::new();
    for wait in [ms(140), Duration::MAX, Duration::MAX] {
        let hinted = retry.classify(move |_: &Result<(), ()>| Verdict::RetryAfter(wait));
        let call = hinted.call(|_| async { Err(()) });
        assert!(tokio::time::timeout(ms(10), call).await.is_err());
        totals.push(retry.snapshot().totals.wait_total);
    }
    let longest = Duration::from_nanos(u64::MAX);
    assert_eq!(totals, [ms(140), longest, longest]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_replaces_the_backoff_and_is_not_capped_by_it() {
    let retry = exact()
        .max_attempts(3)
        .max_backoff(ms(200))
        .build()
        .unwrap();
    let begin = now();
    let _ = retry
        .classify(|_: &Result<(), ()>| Verdict::RetryAfter(ms(7_000)))
        .call(|_| async { Err(()) })
        .await;
    assert_eq!(begin.elapsed(), ms(14_000));
}

#[tokio::test(start_paused = true)]
async fn on_retry_hears_the_attempt_its_error_and_the_wait() {
    let retry = exact().max_attempts(3).build().unwrap();
    let mut heard = Vec::new();
    let _ = retry
        .on_retry(|attempt, last: &Failure<String>, wait| {
            heard.push((attempt, last.to_string(), wait))
        })
        .call(|attempt| async move { Err::<(), _>(format!("error {}", attempt.number())) })
        .await;
    assert_eq!(
        heard,
        [
            (1, "error 1".to_owned(), ms(100)),
            (2, "error 2".to_owned(), ms(200))
        ]
    );
}

/// A runtime without a timer panics when anything sleeps on it.
#[test]
fn a_wait_of_zero_touches_no_timer() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let retry = exact()
        .base_backoff(Duration::ZERO)
        .max_attempts(100)
        .build()
        .unwrap();
    let exhausted = runtime
        .block_on(retry.call(|_| async { Err::<(), _>(()) }))
        .unwrap_err();
    assert_eq!(exhausted.attempts, 100);
    let retry = exact()
        .base_backoff(Duration::ZERO)
        .max_attempts(3)
        .build()
        .unwrap();
    let hinted = retry
        .classify(|_: &Result<(), ()>| Verdict::RetryAfter(Duration::ZERO))
        .call(|_| async { Err(()) });
    assert_eq!(runtime.block_on(hinted).unwrap_err().attempts, 3);
}

#[test]
fn the_test_above_can_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let retry = exact().max_attempts(2).build().unwrap();
    let call = retry.call(|_| async { Err::<(), _>(()) });
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(call)));
    assert!(outcome.is_err(), "a wait longer than zero needs the timer");
}

/// An operation that fails at once, retried without a wait or with one that is over before anybody
/// has looked, must not hold the thread.
#[tokio::test]
async fn endless_retries_without_a_wait_still_let_others_run() {
    for backoff in [Duration::ZERO, Duration::from_nanos(1)] {
        let builder = exact().base_backoff(backoff).max_backoff(backoff);
        let retry = builder.max_attempts(u32::MAX).build().unwrap();
        tokio::select! {
            biased;
            _ = retry.call(|_| async { Err::<(), _>(()) }) => unreachable!("four billion attempts"),
            () = tokio::task::yield_now() => {}
        }
        let snapshot = retry.snapshot();
        assert_eq!((snapshot.totals.abandoned, snapshot.waiting), (1, 0));
    }
}

#[test]
fn calls_draw_different_waits_and_a_seed_repeats_them() {
    let schedule = |retry: &Retry| retry.backoff().take(8).collect::<Vec<_>>();
    let seeded = || Retry::builder("test").jitter_seed(7).build().unwrap();
    let (one, two) = (seeded(), seeded());
    let first = schedule(&one);
    assert_eq!(first, schedule(&two));
    let second = schedule(&one);
    assert_ne!(first, second, "two calls of one retry drew the same waits");
    assert_eq!(second, schedule(&two));
    let unseeded = || Retry::builder("test").build().unwrap();
    assert_ne!(schedule(&unseeded()), schedule(&unseeded()));
}

#[test]
fn full_jitter_uses_the_whole_range_and_equal_the_upper_half() {
    let draw = |jitter| -> Vec<Duration> {
        let retry = Retry::builder("test")
            .base_backoff(ms(1_000))
            .max_backoff(ms(1_000))
            .jitter(jitter)
            .jitter_seed(11)
            .build()
            .unwrap();
        retry.backoff().take(1_000).collect()
    };
    let full = draw(Jitter::Full);
    assert!(full.iter().any(|wait| *wait < ms(50)) && full.iter().any(|wait| *wait > ms(950)));
    let equal = draw(Jitter::Equal);
    assert!(
        equal
            .iter()
            .all(|wait| (ms(500)..=ms(1_000)).contains(wait))
    );
    assert!(equal.iter().any(|wait| *wait < ms(525)) && equal.iter().any(|wait| *wait > ms(975)));
}
