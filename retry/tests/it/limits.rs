//! Where retrying ends: attempts, the wall-clock limit, a final result, a wait that is too long.

use std::cell::RefCell;
use std::time::Duration;

use steadfast_retry::{Attempt, Deadline, Failure, Reason, Retry, Verdict};
use tokio::time::sleep;

use crate::{exact, ms, now};

/// An operation that takes some time and fails.
async fn fail_after(wait: Duration) -> Result<(), &'static str> {
    sleep(wait).await;
    Err("down")
}

#[tokio::test(start_paused = true)]
async fn makes_exactly_max_attempts() {
    for max in [1, 2, 7] {
        let retry = exact().max_attempts(max).build().unwrap();
        let mut numbers = Vec::new();
        let exhausted = retry
            .call(|attempt| {
                numbers.push(attempt.number());
                async { Err::<(), _>("down") }
            })
            .await
            .unwrap_err();
        assert_eq!(numbers, (1..=max).collect::<Vec<_>>());
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (max, Reason::Attempts)
        );
        assert_eq!(exhausted.into_last(), Some("down"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_can_have_fewer_attempts_than_the_others_or_more() {
    let retry = exact().max_attempts(3).build().unwrap();
    for max in [1, 2, 5] {
        let classified = retry
            .classify(|_: &Result<(), _>| Verdict::Retry)
            .max_attempts(max)
            .call(|_| async { Err("down") })
            .await
            .unwrap_err();
        assert_eq!(
            (classified.attempts, classified.reason),
            (max, Reason::Attempts)
        );
        let hooked = retry
            .on_retry(|_, _, _| ())
            .max_attempts(max)
            .call(|_| async { Err::<(), _>("down") })
            .await
            .unwrap_err();
        assert_eq!((hooked.attempts, hooked.reason), (max, Reason::Attempts));
    }
    let as_ever = retry.call(|_| async { Err::<(), _>("down") }).await;
    assert_eq!(as_ever.unwrap_err().attempts, 3);
    let totals = retry.snapshot().totals;
    assert_eq!(totals.exhausted_attempts, 7);
    assert_eq!(totals.retries, 2 * (1 + 4) + 2);
}

#[test]
fn a_limit_of_one_call_holds_where_nothing_is_waited_for_and_goes_on_with_a_classifier() {
    let at_once = Retry::builder("test")
        .base_backoff(Duration::ZERO)
        .history(0);
    let retry = at_once.max_attempts(2).build().unwrap();
    let scoped = retry
        .on_retry(|_, _: &Failure<&str>, _| ())
        .max_attempts(40);
    let mut made = 0;
    let exhausted = scoped.call_blocking(|_| {
        made += 1;
        Err::<(), _>("down")
    });
    assert_eq!((made, exhausted.unwrap_err().attempts), (40, 40));
    let exhausted = retry
        .deadline(Deadline::after(ms(60_000)))
        .max_attempts(4)
        .classify(|_: &Result<(), &str>| Verdict::Retry)
        .call_blocking(|_| Err("down"));
    assert_eq!(exhausted.unwrap_err().attempts, 4);
}

#[tokio::test]
async fn a_limit_of_one_call_holds_for_attempts_that_follow_at_once() {
    let at_once = Retry::builder("test")
        .base_backoff(Duration::ZERO)
        .history(0);
    let retry = at_once.max_attempts(2).build().unwrap();
    for max in [1, 33, 100] {
        let call = retry.classify(|_: &Result<(), _>| Verdict::Retry);
        let exhausted = call.max_attempts(max).call(|_| async { Err("down") }).await;
        assert_eq!(exhausted.unwrap_err().attempts, max);
    }
}

#[test]
#[should_panic(expected = "max_attempts must be at least 1")]
fn no_call_is_made_of_no_attempts() {
    let retry = exact().build().unwrap();
    let _ = retry.on_retry(|_, _: &Failure<&str>, _| ()).max_attempts(0);
}

#[tokio::test(start_paused = true)]
async fn a_single_attempt_never_waits() {
    let retry = exact().max_attempts(1).build().unwrap();
    let begin = now();
    let exhausted = retry
        .call(|_| async { Err::<(), _>("down") })
        .await
        .unwrap_err();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(exhausted.elapsed, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_the_attempts_and_not_only_the_waits() {
    let retry = exact().max_elapsed(ms(1_000)).build().unwrap();
    let begin = now();
    // 400 + wait 100 + 400 = 900; a wait of 200 would end at 1100.
    let exhausted = retry.call(|_| fail_after(ms(400))).await.unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (2, Reason::Deadline)
    );
    assert_eq!(
        begin.elapsed(),
        ms(900),
        "the wait that would pass the limit was begun"
    );
    assert_eq!(exhausted.elapsed, ms(900));
}

#[tokio::test(start_paused = true)]
async fn a_wait_must_leave_time_for_an_attempt() {
    let retry = exact()
        .max_attempts(3)
        .max_elapsed(ms(301))
        .build()
        .unwrap();
    let exhausted = retry
        .call(|_| async { Err::<(), _>("down") })
        .await
        .unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (3, Reason::Attempts)
    );
    let retry = exact()
        .max_attempts(3)
        .max_elapsed(ms(300))
        .build()
        .unwrap();
    let exhausted = retry
        .call(|_| async { Err::<(), _>("down") })
        .await
        .unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (2, Reason::Deadline)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_knows_what_time_is_left() {
    let retry = exact()
        .max_elapsed(ms(1_000))
        .max_attempts(2)
        .build()
        .unwrap();
    let seen = RefCell::new(Vec::new());
    let note = |attempt: Attempt| {
        seen.borrow_mut()
            .push((attempt.elapsed(), attempt.remaining()));
        fail_after(ms(50))
    };
    let _ = retry.call(note).await;
    assert_eq!(
        *seen.borrow(),
        [(ms(0), Some(ms(1_000))), (ms(150), Some(ms(850)))]
    );
}

#[tokio::test(start_paused = true)]
async fn a_final_result_ends_the_call_at_once_and_is_handed_over() {
    let retry = exact().build().unwrap();
    let exhausted = retry
        .classify(|result: &Result<u16, &str>| match result {
            Ok(404) | Err(_) => Verdict::Stop,
            Ok(_) => Verdict::Accept,
        })
        .call(|_| async { Ok(404) })
        .await
        .unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (1, Reason::NotRetryable)
    );
    assert_eq!(exhausted.into_result(), Ok(404), "nothing is lost");
}

#[tokio::test(start_paused = true)]
async fn an_ok_that_is_not_good_enough_is_retried() {
    let retry = exact().build().unwrap();
    let status = retry
        .classify(|result: &Result<u16, ()>| match result {
            Ok(503) => Verdict::Retry,
            _ => Verdict::Accept,
        })
        .call(|attempt| async move { Ok(if attempt.number() < 4 { 503 } else { 200 }) })
        .await;
    assert_eq!(status.unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_hint_longer_than_the_longest_allowed_ends_the_call() {
    let retry = exact().max_retry_after(ms(5_000)).build().unwrap();
    for (hint, attempts, reason) in [
        (ms(5_000), 5, Reason::Attempts),
        (ms(5_001), 1, Reason::RetryAfterTooLong),
        (Duration::MAX, 1, Reason::RetryAfterTooLong),
    ] {
        let exhausted = retry
            .classify(|_: &Result<(), ()>| Verdict::RetryAfter(hint))
            .call(|_| async { Err(()) })
            .await
            .unwrap_err();
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (attempts, reason),
            "{hint:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_hint_beyond_the_limit_is_not_waited_for() {
    let retry = exact().max_elapsed(ms(500)).build().unwrap();
    let begin = now();
    let exhausted = retry
        .classify(|_: &Result<(), ()>| Verdict::RetryAfter(ms(501)))
        .call(|_| async { Err(()) })
        .await
        .unwrap_err();
    assert_eq!(exhausted.reason, Reason::Deadline);
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn says_why_it_gave_up_in_one_line() {
    let retry = exact().max_attempts(2).build().unwrap();
    let exhausted = retry.call(|_| fail_after(ms(0))).await.unwrap_err();
    let text = exhausted.to_string();
    assert!(
        text.starts_with("retry \"test\" gave up after 2 attempts in "),
        "{text}"
    );
    assert!(text.ends_with("no attempts are left"), "{text}");
}

#[test]
fn the_last_error_is_the_source() {
    use std::error::Error as _;
    let retry = exact().max_attempts(1).build().unwrap();
    let exhausted = retry
        .call_blocking(|_| Err::<(), _>(std::io::Error::other("disk")))
        .unwrap_err();
    assert_eq!(exhausted.source().unwrap().to_string(), "disk");
    assert!(exhausted.source().unwrap().is::<std::io::Error>());
}
