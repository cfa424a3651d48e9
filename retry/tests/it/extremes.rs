//! The longest times and the most attempts that there are.

use std::future::{pending, ready};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use steadfast_retry::{Builder, Deadline, Reason, Retry, Verdict};

use crate::{exact, ms, now};

/// The last moment that a clock can tell, and how long it is until then.
fn last_moment() -> (Instant, Duration) {
    let now = now().into_std();
    let mut left = Duration::ZERO;
    for shift in (0..64).rev() {
        let more = left.saturating_add(Duration::from_secs(1 << shift));
        if now.checked_add(more).is_some() {
            left = more;
        }
    }
    for nanos in (0..30).rev().map(|shift| Duration::from_nanos(1 << shift)) {
        if now.checked_add(left.saturating_add(nanos)).is_some() {
            left += nanos;
        }
    }
    (now + left, left)
}

/// Hangs in an attempt or a wait, and does not panic.
fn hangs(call: impl Future) {
    assert!(call.now_or_never().is_none());
}

fn hang(retry: &Retry) {
    hangs(retry.call(|_| pending::<Result<(), ()>>()));
    hangs(retry.call(|_| ready(Err::<(), _>(()))));
}

/// All times of a retry are this one.
fn all(time: Duration) -> Builder {
    exact()
        .base_backoff(time)
        .max_backoff(time)
        .max_elapsed(time)
        .attempt_timeout(time)
        .max_retry_after(time)
        .max_attempts(u32::MAX)
}

#[tokio::test(start_paused = true)]
async fn the_longest_duration_is_no_limit_and_no_panic() {
    let longest = Duration::MAX;
    let (_, last) = last_moment();
    for time in [longest, last, last - ms(1), last + Duration::from_nanos(1)] {
        hangs(
            all(time)
                .build()
                .unwrap()
                .call(|_| pending::<Result<(), ()>>()),
        );
        let unlimited = exact().base_backoff(time).max_backoff(time);
        let retry = unlimited.max_retry_after(time).build().unwrap();
        hang(&retry);
        let hint = |_: &Result<(), ()>| Verdict::RetryAfter(time);
        hangs(retry.classify(hint).call(|_| ready(Err(()))));
        hangs(
            retry
                .deadline(Deadline::after(time))
                .call(|_| pending::<Result<(), ()>>()),
        );
        hang(&exact().attempt_timeout(time).build().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_moment_there_is_is_a_deadline_like_any_other() {
    let (last, _) = last_moment();
    let retry = exact().deadline(Deadline::at(last)).build().unwrap();
    hang(&retry);
    // One that is longer than the call may last is not begun.
    let exhausted = retry
        .deadline(Deadline::after(ms(99)))
        .call(|_| ready(Err::<(), _>(())))
        .await
        .unwrap_err();
    assert_eq!(exhausted.reason, Reason::Deadline);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_now_or_was_is_over_before_the_first_attempt() {
    let present = now().into_std();
    for moment in [present, present - ms(1)] {
        let retry = exact().deadline(Deadline::at(moment)).build().unwrap();
        let never = |_| -> std::future::Ready<Result<(), ()>> { panic!("attempted in vain") };
        let exhausted = retry.call(never).await.unwrap_err();
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (0, Reason::Deadline)
        );
        assert!(exhausted.to_string().contains("after 0 attempts"));
    }
}
