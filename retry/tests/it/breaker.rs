//! A retry around a real circuit breaker, with the classifier that [`Verdict`] shows.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::future::join_all;
use steadfast_breaker::{CircuitBreaker, Error, Mode, Reason as Why, Rejected, State};
use steadfast_retry::{Builder, Deadline, Exhausted, Failure, Reason, Retry, Verdict};

use crate::{exact, ms, now};

type Answer = Result<u32, Error<&'static str>>;

fn patient<T, E>(result: &Result<T, Error<E>>) -> Verdict {
    match result {
        Ok(_) => Verdict::Accept,
        Err(Error::Rejected(rejected)) => match rejected.reason() {
            Why::ProbesBusy | Why::RampingUp => Verdict::Retry,
            _ => Verdict::Rejected(rejected.retry_after()),
        },
        Err(_) => Verdict::Retry,
    }
}

/// Opens after two failures, for half a second.
fn breaker() -> CircuitBreaker {
    let breaker = CircuitBreaker::builder("inner").failure_threshold(2);
    let breaker = breaker.success_threshold(1).open_for(ms(500));
    breaker.build().unwrap()
}

/// Waits of 10, 20, 40 ... ms.
fn retry() -> Builder {
    exact().base_backoff(ms(10)).max_attempts(8)
}

fn open(breaker: &CircuitBreaker) {
    for _ in 0..2 {
        let _ = breaker.call_blocking(|| Err::<(), _>("down"));
    }
    assert_eq!(breaker.state(), State::Open);
}

/// Calls an operation that fails until this moment, and notes when the operation really ran.
async fn call(
    retry: &Retry,
    breaker: &CircuitBreaker,
    down_for: Duration,
    deadline: Deadline,
) -> (
    Vec<u128>,
    Result<u32, Box<Exhausted<Answer, Error<&'static str>>>>,
) {
    let begin = now();
    let ran = RefCell::new(Vec::new());
    let guarded = |attempt: steadfast_retry::Attempt| {
        let ran = &ran;
        breaker.call(move || async move {
            ran.borrow_mut().push(begin.elapsed().as_millis());
            if begin.elapsed() < down_for {
                Err("down")
            } else {
                Ok(attempt.number())
            }
        })
    };
    let result = retry
        .classify(patient)
        .deadline(deadline)
        .call(guarded)
        .await;
    (ran.into_inner(), result)
}

fn never() -> Deadline {
    Deadline::after(Duration::from_secs(1_000))
}

fn rejected<T>(last: Failure<Result<T, Error<&'static str>>>) -> Rejected {
    match last {
        Failure::Operation(Err(Error::Rejected(rejected))) => rejected,
        _ => panic!("the last attempt was not rejected"),
    }
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_the_breaker_says_and_goes_on_when_it_closes() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    let (ran, result) = call(&retry, &breaker, ms(400), never()).await;
    // Fails at 0 and at 10, which opens it until 510. Rejected at 30, with 480 to wait.
    assert_eq!(
        ran,
        [0, 10, 510],
        "the third attempt never reached the operation"
    );
    assert_eq!(result.unwrap(), 4);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().totals.rejected, 1);
    let totals = retry.snapshot().totals;
    assert_eq!((totals.after_retry, totals.retries), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn waits_once_more_when_the_probe_fails() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    let (ran, result) = call(&retry, &breaker, ms(800), never()).await;
    // The probe at 510 fails, which opens it until 1010; the backoff of 80 ms is over at 590.
    assert_eq!(ran, [0, 10, 510, 1_010]);
    assert_eq!(result.unwrap(), 6);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_backoff_longer_than_the_open_time_is_waited_for() {
    let (retry, breaker) = (retry().base_backoff(ms(700)), breaker());
    let retry = retry.build().unwrap();
    open(&breaker);
    let (ran, result) = call(&retry, &breaker, ms(0), never()).await;
    assert_eq!((ran, result.unwrap()), (vec![700], 2));
}

#[tokio::test(start_paused = true)]
async fn ends_at_once_when_the_breaker_is_forced_open_until_further_notice() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    breaker.set_mode(Mode::ForcedOpen, "restoring");
    let begin = now();
    let (ran, result) = call(&retry, &breaker, ms(0), never()).await;
    let exhausted = result.unwrap_err();
    assert_eq!((exhausted.attempts, exhausted.reason), (1, Reason::Breaker));
    assert_eq!(exhausted.retry_after(), None);
    assert!(ran.is_empty());
    assert_eq!(begin.elapsed(), ms(0));
    assert_eq!(rejected(exhausted.last).forced_because(), Some("restoring"));
    assert_eq!(retry.snapshot().totals.rejected_by_breaker, 1);
}

#[tokio::test(start_paused = true)]
async fn is_waiting_when_the_breaker_is_forced_open_and_ends_then() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    let deadline = never();
    let calling = call(&retry, &breaker, ms(10_000), deadline);
    let operator = async {
        tokio::time::sleep(ms(200)).await;
        breaker.set_mode(Mode::ForcedOpen, "restoring");
    };
    let ((ran, result), ()) = futures_util::future::join(calling, operator).await;
    let exhausted = result.unwrap_err();
    assert_eq!(ran, [0, 10]);
    // Attempts at 0, 10 and 30, and the one at 510, after the wait that was asked for.
    assert_eq!((exhausted.attempts, exhausted.reason), (4, Reason::Breaker));
    assert_eq!(exhausted.elapsed, ms(510));
    let waits: Vec<_> = exhausted.history.iter().map(|past| past.wait).collect();
    assert_eq!(waits, [10, 20, 480].map(ms));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_forced_open_for_a_time_is_waited_for() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    breaker.set_mode_for(Mode::ForcedOpen, "switching over", ms(200));
    let (ran, result) = call(&retry, &breaker, ms(0), never()).await;
    assert_eq!((ran, result.unwrap()), (vec![200], 2));
}

#[tokio::test(start_paused = true)]
async fn ends_at_once_when_it_is_open_for_longer_than_max_retry_after() {
    let breaker = breaker();
    open(&breaker);
    let begin = now();
    let retry_for = |longest| retry().max_retry_after(longest).build().unwrap();
    let (_, result) = call(&retry_for(ms(499)), &breaker, ms(0), never()).await;
    let exhausted = result.unwrap_err();
    assert_eq!((exhausted.attempts, exhausted.reason), (1, Reason::Breaker));
    assert_eq!(exhausted.retry_after(), Some(ms(500)));
    assert_eq!(begin.elapsed(), ms(0));
    let (ran, result) = call(&retry_for(ms(500)), &breaker, ms(0), never()).await;
    assert_eq!((ran, result.unwrap()), (vec![500], 2));
}

#[tokio::test(start_paused = true)]
async fn ends_at_once_when_it_is_open_for_longer_than_the_deadline_leaves() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    open(&breaker);
    let begin = now();
    let deadline = Deadline::after(ms(500));
    let (_, result) = call(&retry, &breaker, ms(0), deadline).await;
    let exhausted = result.unwrap_err();
    assert_eq!((exhausted.attempts, exhausted.reason), (1, Reason::Breaker));
    assert_eq!(exhausted.retry_after(), Some(ms(500)));
    assert_eq!(begin.elapsed(), ms(0));
    let deadline = Deadline::after(ms(501));
    let (ran, result) = call(&retry, &breaker, ms(0), deadline).await;
    assert_eq!((ran, result.unwrap()), (vec![500], 2));
}

#[test]
fn a_blocking_call_ends_at_once_as_well() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    breaker.set_mode(Mode::ForcedOpen, "restoring");
    let guarded = |_| breaker.call_blocking(|| Ok::<u32, &str>(1));
    let exhausted = retry.classify(patient).call_blocking(guarded).unwrap_err();
    assert_eq!((exhausted.attempts, exhausted.reason), (1, Reason::Breaker));
}

/// A call that is dropped in the middle of a probe gives the probe's place back.
#[tokio::test(start_paused = true)]
async fn a_probe_that_is_cut_off_gives_its_place_back() {
    let breaker = breaker();
    open(&breaker);
    tokio::time::advance(ms(500)).await;
    let slow = retry().max_elapsed(ms(50)).build().unwrap();
    let probe = slow
        .classify(patient)
        .call(|_| breaker.call(std::future::pending::<Result<u32, &str>>));
    assert_eq!(probe.await.unwrap_err().reason, Reason::Deadline);
    let retry = retry().build().unwrap();
    let (ran, result) = call(&retry, &breaker, ms(0), never()).await;
    assert_eq!((ran, result.unwrap()), (vec![0], 1));
}

/// Many calls that wait for the same moment: one is let through as the probe, and the others come back
/// after their next backoff, when the breaker has closed.
#[tokio::test(start_paused = true)]
async fn of_many_that_wait_one_is_the_probe_and_the_others_follow() {
    let (retry, breaker) = (retry().build().unwrap(), breaker());
    open(&breaker);
    let call = async |_| {
        let guarded = |_| {
            breaker.call(|| async {
                tokio::time::sleep(ms(1)).await;
                Ok::<_, &str>(now())
            })
        };
        retry.classify(patient).call(guarded).await.unwrap()
    };
    let begin = now();
    let ends = join_all((0..5).map(call)).await;
    let mut took: Vec<_> = ends.into_iter().map(|end| end - begin).collect();
    took.sort_unstable();
    assert_eq!(took, [501, 521, 521, 521, 521].map(ms));
    assert_eq!(breaker.snapshot().totals.rejected, 5 + 4);
}
