//! Code of others that takes its time between two looks at the clock: the limit of the call holds.

use futures_util::FutureExt;
use steadfast_retry::{Budget, Builder, Failure, Observer, Reason, Retrying};

use crate::{exact, hold_up, ms, now};

struct SlowObserver;

impl Observer for SlowObserver {
    fn retrying(&self, _: &Retrying) {
        hold_up(ms(300));
    }
}

/// An error that takes long to drop.
struct SlowToDrop;

impl Drop for SlowToDrop {
    fn drop(&mut self) {
        hold_up(ms(300));
    }
}

/// A wait of 500 ms would end in time, but not one that begins 300 ms late.
fn builder() -> Builder {
    exact().base_backoff(ms(500)).max_elapsed(ms(600))
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_takes_long_takes_no_wait_past_the_limit() {
    let budget = Budget::builder("test").build().unwrap();
    let retry = builder().budget(budget.clone()).build().unwrap();
    let begin = now();
    let exhausted = retry
        .on_retry(|_, _: &Failure<&str>, _| hold_up(ms(300)))
        .call(|_| async { Err::<(), _>("down") })
        .await
        .unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (1, Reason::Deadline)
    );
    assert_eq!(exhausted.last, Failure::Operation("down"));
    assert_eq!(begin.elapsed(), ms(300), "ended at once");
    let seen = budget.snapshot();
    assert_eq!((seen.waiting, seen.totals.given_back), (0, 1));
    assert_eq!(retry.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn nor_does_an_observer_or_the_drop_of_an_error() {
    let observed = builder().observer(SlowObserver).build().unwrap();
    let begin = now();
    let exhausted = observed.call(|_| async { Err::<(), _>("down") }).await;
    assert_eq!(exhausted.unwrap_err().reason, Reason::Deadline);
    assert_eq!(begin.elapsed(), ms(300));

    let dropping = builder().history(0).build().unwrap();
    let begin = now();
    let exhausted = dropping.call(|_| async { Err::<(), _>(SlowToDrop) }).await;
    assert_eq!(
        exhausted.err().map(|end| end.reason),
        Some(Reason::Deadline)
    );
    assert_eq!(begin.elapsed(), ms(300));
}

#[tokio::test(start_paused = true)]
async fn nor_does_a_hook_of_a_call_that_blocks() {
    let retry = builder().build().unwrap();
    let exhausted = retry
        .on_retry(|_, _: &Failure<&str>, _| hold_up(ms(300)))
        .call_blocking(|_| Err::<(), _>("down"))
        .unwrap_err();
    assert_eq!(
        (exhausted.attempts, exhausted.reason),
        (1, Reason::Deadline),
        "slept, on a clock that stands still, and tried again"
    );
}

/// Nothing is cut off that has ended.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_held_the_thread_past_the_limit_is_heard_all_the_same() {
    let builder = exact().max_elapsed(ms(100)).attempt_timeout(ms(50));
    let retry = builder.build().unwrap();
    let answer = retry.call(|_| async {
        hold_up(ms(1_000));
        Ok::<_, ()>(1)
    });
    assert_eq!(answer.await, Ok(1));
    let exhausted = retry.call(|_| async {
        hold_up(ms(1_000));
        Err::<(), _>("down")
    });
    let exhausted = exhausted.await.unwrap_err();
    assert_eq!(exhausted.reason, Reason::Deadline);
    assert_eq!(exhausted.last, Failure::Operation("down"));
    assert_eq!(retry.snapshot().totals.attempt_timeouts, 0);
}

/// Both limits have passed before anybody looked: the call is over, which is more than the attempt.
#[tokio::test(start_paused = true)]
async fn an_attempt_found_late_is_cut_off_by_the_limit_that_ends_the_call() {
    let builder = exact().max_elapsed(ms(100)).attempt_timeout(ms(50));
    let retry = builder.build().unwrap();
    let mut call = Box::pin(retry.call(|_| std::future::pending::<Result<(), ()>>()));
    assert!(call.as_mut().now_or_never().is_none());
    hold_up(ms(700));
    let exhausted = call.await.unwrap_err();
    assert_eq!(exhausted.reason, Reason::Deadline);
    assert_eq!(exhausted.last, Failure::TimedOut { after: ms(700) });
    assert_eq!(retry.snapshot().totals.attempt_timeouts, 0);
}
