//! What random cases meet seldom, and once did not agree on with the model.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{Budget, Failure, Reason, Retry, Verdict};
use tokio::time::{advance, sleep};

use crate::{exact, ms};

/// Grants one retry, and the next one when that has left the window, after 900 ms to a second.
fn one_a_second() -> Budget {
    let budget = Budget::builder("corners").share(0.0).min_per_second(1.0);
    budget.window(ms(1_000)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_budget_ends_tells_the_longer_of_two_waits() {
    for verdict in [Verdict::RetryAfter, |hint| Verdict::Rejected(Some(hint))] {
        for (hint, longer) in [(ms(1_700), ms(1_700)), (ms(300), ms(1_000))] {
            let budget = one_a_second();
            let retry = exact().base_backoff(ms(0)).budget(budget).build().unwrap();
            let mut verdicts = [Verdict::Retry, verdict(hint)].into_iter();
            let exhausted = retry
                .classify(|_: &Result<(), ()>| verdicts.next().unwrap())
                .call(|_| async { Err(()) })
                .await
                .unwrap_err();
            assert_eq!((exhausted.attempts, exhausted.reason), (2, Reason::Budget));
            assert_eq!(exhausted.retry_after(), Some(longer));
        }
    }
}

/// Whatever the other side says, it is not known when there will be something left.
#[tokio::test(start_paused = true)]
async fn a_call_ended_by_a_budget_that_grants_nothing_cannot_tell_when() {
    let budget = Budget::builder("corners").share(0.0).min_per_second(0.0);
    let retry = exact().budget(budget.build().unwrap()).build().unwrap();
    let exhausted = retry
        .classify(|_: &Result<(), ()>| Verdict::RetryAfter(ms(300)))
        .call(|_| async { Err(()) })
        .await
        .unwrap_err();
    assert_eq!(exhausted.reason, Reason::Budget);
    assert_eq!(exhausted.retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_late_gives_its_grant_back_and_is_the_end() {
    let budget = one_a_second();
    let retry = exact().budget(budget.clone()).max_elapsed(ms(150));
    let retry = retry.build().unwrap();
    let mut call = Box::pin(retry.call(|_| async { Err::<(), _>("down") }));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    assert_eq!(
        (retry.snapshot().waiting, budget.snapshot().waiting),
        (1, 1)
    );
    // Nobody polls the call when its wait is over, after 100 ms.
    advance(ms(400)).await;
    let exhausted = call.await.unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (1, Reason::Deadline)
    );
    assert_eq!(
        (exhausted.last, exhausted.elapsed),
        (Failure::Operation("down"), ms(400)),
        "the cause is told, and not that there was no time"
    );
    assert!(exhausted.history.is_empty());
    assert_eq!(retry.snapshot().waiting, 0);
    let snapshot = budget.snapshot();
    let totals = snapshot.totals;
    assert_eq!(
        (snapshot.waiting, totals.granted, totals.given_back),
        (0, 1, 1)
    );
    assert_eq!(retry.snapshot().totals.retries, 0);
}

/// The error that is told as the last one was in the history until the wait after it ended, and had
/// taken the place of an older one there.
#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_late_leaves_the_room_in_the_history_that_its_error_had_taken() {
    for (room, told) in [(1, vec![]), (2, vec![1]), (3, vec![1, 2]), (9, vec![1, 2])] {
        let retry = exact().base_backoff(ms(100)).history(room);
        let retry = retry.max_elapsed(ms(701)).build().unwrap();
        let mut call =
            Box::pin(retry.call(|attempt| async move { Err::<(), _>(attempt.number()) }));
        let mut cx = Context::from_waker(Waker::noop());
        for wait in [100, 200, 400] {
            assert!(call.as_mut().poll(&mut cx).is_pending());
            // Nobody polls the call when its third wait is over.
            advance(ms(wait + wait / 400)).await;
        }
        let exhausted = call.await.unwrap_err();
        assert_eq!(exhausted.reason, Reason::Deadline);
        assert_eq!(exhausted.last, Failure::Operation(3));
        let before: Vec<_> = exhausted.history.iter().map(|past| past.attempt).collect();
        assert_eq!(before, told, "room for {room}");
    }
}

/// Both lie in the same tick of the timer, so that the attempt is noticed to be late for both.
#[tokio::test(start_paused = true)]
async fn an_attempt_cut_off_by_its_timeout_and_the_limit_is_cut_off_by_the_limit() {
    let micros = Duration::from_micros;
    for (timeout, limit) in [(100_200, 100_700), (100_700, 100_200), (100_000, 100_000)] {
        let builder = exact().attempt_timeout(micros(timeout));
        let retry = builder.max_elapsed(micros(limit)).build().unwrap();
        let slow = retry.call(|_| async {
            sleep(ms(500)).await;
            Err::<(), _>(())
        });
        assert_eq!(slow.await.unwrap_err().reason, Reason::Deadline);
        let totals = retry.snapshot().totals;
        assert_eq!((totals.exhausted_deadline, totals.attempt_timeouts), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_no_code_lets_begin_is_not_counted() {
    let bare = Retry::builder("corners").base_backoff(ms(0)).history(0);
    let kept = exact().base_backoff(ms(0));
    for retry in [bare.build().unwrap(), kept.build().unwrap()] {
        let hooked = retry.on_retry(|attempt, _: &Failure<()>, _| {
            if attempt == 3 {
                super::planned_panic();
            }
        });
        let call = hooked.call(|_| async { Err::<(), _>(()) });
        let end = AssertUnwindSafe(call).catch_unwind().await;
        assert!(end.is_err());
        assert_eq!(retry.snapshot().totals.retries, 2, "{retry:?}");
    }
}
