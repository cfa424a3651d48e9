//! The timeout of an attempt: it costs nothing while attempts are ready at once, and from when it counts.

use std::cell::RefCell;
use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{Attempt, Budget, Builder, Deadline, Ended, Failure, Reason, Retry};
use tokio::time::sleep;

use crate::{exact, hold_up, ms, now};

type Down = Result<(), &'static str>;

/// Cuts attempts off after 50 ms.
fn builder() -> Builder {
    exact().attempt_timeout(ms(50))
}

/// Holds the thread for so long, and is never ready.
async fn held(time: Duration) -> Down {
    hold_up(time);
    pending().await
}

fn cut_off_after(millis: u64) -> Failure<&'static str> {
    Failure::TimedOut { after: ms(millis) }
}

#[test]
fn attempts_that_are_ready_at_once_need_no_runtime_and_no_timer() {
    for history in [0, 8] {
        let builder = builder().base_backoff(ms(0)).history(history);
        let retry = builder.build().unwrap();
        let answer = retry.call(|_| ready(Ok::<_, ()>(1)));
        assert_eq!(answer.now_or_never(), Some(Ok(1)));
        let third = retry.call(|attempt| async move {
            match attempt.number() {
                3 => Ok(3),
                _ => Err("down"),
            }
        });
        assert_eq!(third.now_or_never(), Some(Ok(3)));
    }
}

/// The test above can fail.
#[test]
fn an_attempt_that_is_not_ready_at_once_needs_a_timer() {
    let retry = builder().build().unwrap();
    let poll = || retry.call(|_| pending::<Down>()).now_or_never();
    assert!(std::panic::catch_unwind(AssertUnwindSafe(poll)).is_err());
}

#[tokio::test(start_paused = true)]
async fn attempts_that_are_ready_at_once_do_not_look_at_the_clock() {
    let retry = builder().base_backoff(ms(0)).max_attempts(3);
    let retry = retry.build().unwrap();
    let exhausted = retry.call(|attempt: Attempt| async move {
        hold_up(ms(1_000));
        assert_eq!((attempt.elapsed(), attempt.remaining()), (ms(0), None));
        Err::<(), _>("down")
    });
    let exhausted = exhausted.await.unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (3, Reason::Attempts)
    );
    assert_eq!(exhausted.elapsed, ms(0), "there is nothing to count from");
    assert!(exhausted.history.iter().all(|past| past.elapsed == ms(0)));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_waits_is_cut_off_when_its_time_is_over_and_not_before() {
    let retry = builder().max_attempts(1).build().unwrap();
    let begin = now();
    let exhausted = retry.call(|_| pending::<Down>()).await.unwrap_err();
    assert_eq!(begin.elapsed(), ms(50));
    assert_eq!(
        (exhausted.last, exhausted.elapsed),
        (cut_off_after(50), ms(50))
    );
    assert_eq!(retry.snapshot().totals.attempt_timeouts, 1);
    let answer = retry.call(|_| sleep(ms(49)).map(Ok::<_, ()>));
    assert_eq!(answer.await, Ok(()));
    // The operation is asked first.
    let answer = retry.call(|_| sleep(ms(50)).map(Ok::<_, ()>));
    assert_eq!(answer.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_counts_from_the_end_of_the_first_poll() {
    let retry = builder().max_attempts(1).build().unwrap();
    for holds in [0, 30, 1_000] {
        let begin = now();
        let exhausted = retry.call(|_| held(ms(holds))).await.unwrap_err();
        assert_eq!(begin.elapsed(), ms(holds + 50));
        assert_eq!(exhausted.last, cut_off_after(50));
        assert_eq!(exhausted.elapsed, ms(50), "as in a call without limits");
        let answer = retry.call(|_| async move {
            hold_up(ms(holds));
            sleep(ms(40)).await;
            Ok::<_, ()>(1)
        });
        assert_eq!(answer.await, Ok(1));
    }
}

#[tokio::test(start_paused = true)]
async fn later_polls_do_not_begin_it_anew() {
    let retry = builder().max_attempts(1).build().unwrap();
    let begin = now();
    let call = retry.call(|_| async {
        for _ in 0..10 {
            sleep(ms(20)).await;
        }
        Down::Ok(())
    });
    let exhausted = call.await.unwrap_err();
    assert_eq!(begin.elapsed(), ms(50));
    assert_eq!(exhausted.last, cut_off_after(50));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_a_timeout_of_its_own() {
    let retry = builder().max_attempts(3).build().unwrap();
    let seen = RefCell::new(Vec::new());
    let begin = now();
    let call = retry.call(|attempt| {
        let told = (attempt.elapsed(), attempt.remaining());
        seen.borrow_mut().push(told);
        held(ms(30))
    });
    let exhausted = call.await.unwrap_err();
    // Three times 30 ms and 50, and waits of 100 and 200 ms.
    assert_eq!(begin.elapsed(), ms(540));
    assert_eq!(exhausted.elapsed, ms(510), "less the first 30");
    let told = [(ms(0), None), (ms(150), None), (ms(430), None)];
    assert_eq!(*seen.borrow(), told);
    let history: Vec<_> = exhausted.history.iter().collect();
    assert_eq!((history[0].elapsed, history[1].elapsed), (ms(50), ms(230)));
    let after = ms(50);
    assert!(
        history
            .iter()
            .all(|past| past.ended == Ended::TimedOut { after })
    );
    assert_eq!(exhausted.last, cut_off_after(50));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_after_a_wait_or_at_once_is_cut_off_as_the_first_is() {
    for (base, history) in [(100, 8), (0, 8), (0, 0)] {
        let builder = builder().base_backoff(ms(base)).history(history);
        let retry = builder.max_attempts(2).build().unwrap();
        let begin = now();
        let call = retry.call(|attempt| async move {
            hold_up(ms(30));
            if attempt.is_retry() {
                pending().await
            }
            Down::Err("down")
        });
        let exhausted = call.await.unwrap_err();
        assert_eq!(begin.elapsed(), ms(30 + base + 30 + 50));
        assert_eq!(exhausted.last, cut_off_after(50));
        // From when it had to wait for something, be it a backoff or the second attempt.
        let from = if base == 0 { 60 } else { 30 };
        assert_eq!(exhausted.elapsed, begin.elapsed() - ms(from));
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_clock_is_read_anyway_it_counts_from_the_beginning() {
    let budget = Budget::builder("test").build().unwrap();
    let deadline = Deadline::after(ms(100_000));
    let limited = [
        builder().max_elapsed(ms(10_000)),
        builder().deadline(deadline),
        builder().budget(budget),
    ];
    for builder in limited {
        let retry = builder.max_attempts(1).build().unwrap();
        for (holds, takes) in [(0, 50), (30, 50), (60, 60)] {
            cut_off_in(&retry, None, holds, takes).await;
        }
    }
    let retry = builder().max_attempts(1).build().unwrap();
    cut_off_in(&retry, Some(deadline), 30, 50).await;
}

/// Makes a call whose first poll takes so long, and which then is cut off at that time.
async fn cut_off_in(retry: &Retry, deadline: Option<Deadline>, holds: u64, takes: u64) {
    let begin = now();
    let exhausted = match deadline {
        Some(deadline) => retry.deadline(deadline).call(|_| held(ms(holds))).await,
        None => retry.call(|_| held(ms(holds))).await,
    };
    let exhausted = exhausted.unwrap_err();
    assert_eq!(begin.elapsed(), ms(takes));
    assert_eq!(exhausted.elapsed, ms(takes));
    assert_eq!(exhausted.last, cut_off_after(takes));
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_or_panicking_in_an_attempt_is_counted_as_ever() {
    let retry = builder().build().unwrap();
    let dropped = retry.call(|_| held(ms(30))).now_or_never();
    assert!(dropped.is_none());
    // In the first poll, and in one after it.
    for wait in [ms(0), ms(20)] {
        let call = retry.call(|_| async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            hold_up(ms(30));
            if wait < ms(50) {
                std::panic::resume_unwind(Box::new("planned"));
            }
            Down::Ok(())
        });
        assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    }
    let snapshot = retry.snapshot();
    let totals = snapshot.totals;
    assert_eq!((totals.abandoned, totals.panicked), (1, 2));
    assert_eq!((totals.attempt_timeouts, snapshot.waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_blocks_has_no_such_timeout_and_knows_its_time() {
    let retry = builder().max_attempts(1).build().unwrap();
    let exhausted = retry.call_blocking(|attempt| {
        hold_up(ms(1_000));
        assert_eq!(attempt.elapsed(), ms(1_000));
        Down::Err("down")
    });
    let exhausted = exhausted.unwrap_err();
    assert_eq!(exhausted.last, Failure::Operation("down"));
    assert_eq!(exhausted.elapsed, ms(1_000));
}
