//! Calls that are dropped, at every point at which that is possible, and polled after their end.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast_retry::{Budget, Builder, Deadline, Jitter, Retry, Verdict};
use tokio::time::{advance, sleep};

use super::{Counts, planned_panic};
use crate::ms;

type Call<'r> = Pin<Box<dyn Future<Output = bool> + 'r>>;

fn poll(call: &mut Call<'_>) -> Poll<bool> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn exact() -> Builder {
    Retry::builder("drops").jitter(Jitter::None)
}

/// Suspends twice without a timer, and once with one.
async fn fail_slowly() -> Result<(), ()> {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
    sleep(ms(5)).await;
    Err(())
}

struct Scenario {
    what: &'static str,
    builder: Builder,
    call: fn(&Retry) -> Call<'_>,
    /// How many polls it takes at least: fewer would test little.
    polls: u32,
}

fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            what: "attempts and waits",
            builder: exact().base_backoff(ms(6)).max_attempts(4),
            call: |retry| {
                let call = retry.call(|_| fail_slowly());
                Box::pin(async { call.await.is_ok() })
            },
            polls: 20,
        },
        Scenario {
            what: "attempts alone, which give way",
            builder: exact().base_backoff(Duration::ZERO).max_attempts(200),
            call: |retry| {
                let call = retry.call(|_| async { Err::<(), _>(()) });
                Box::pin(async { call.await.is_ok() })
            },
            polls: 6,
        },
        Scenario {
            what: "attempts that are cut off",
            builder: exact().attempt_timeout(ms(10)).base_backoff(ms(5)),
            call: |retry| {
                let call = retry.call(|_| std::future::pending::<Result<(), ()>>());
                Box::pin(async { call.await.is_ok() })
            },
            polls: 20,
        },
        Scenario {
            what: "hints, a hook and a deadline",
            builder: exact().history(1).base_backoff(ms(1)).max_attempts(40),
            call: |retry| {
                let classified = retry.classify(|_: &Result<(), ()>| Verdict::RetryAfter(ms(9)));
                let scoped = classified.on_retry(|_, _, _| ());
                let scoped = scoped.deadline(Deadline::after(ms(100)));
                let call = scoped.call(|_| fail_slowly());
                Box::pin(async { call.await.is_ok() })
            },
            polls: 20,
        },
        Scenario {
            what: "a success in the end",
            builder: exact().base_backoff(ms(3)),
            call: |retry| {
                let call = retry.call(|attempt| async move {
                    let result = fail_slowly().await;
                    if attempt.number() == 4 {
                        Ok(())
                    } else {
                        result
                    }
                });
                Box::pin(async { call.await.is_ok() })
            },
            polls: 15,
        },
    ]
}

/// Nothing waits, and whatever was granted is accounted for.
fn at_rest(retry: &Retry, budget: &Budget, begun: u64, at: &str) {
    let snapshot = retry.snapshot();
    let counts = Counts::of(snapshot.totals, snapshot.waiting);
    assert_eq!(
        (counts.ended(), counts.waiting),
        (begun, 0),
        "{at}: {counts:?}"
    );
    let purse = budget.snapshot();
    let totals = purse.totals;
    assert_eq!((purse.waiting, totals.calls), (0, begun), "{at}: {purse:?}");
    assert_eq!(
        totals.granted,
        totals.spent_retries + totals.given_back,
        "{at}"
    );
    assert_eq!(totals.spent_retries, counts.retries, "{at}");
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_dropped_at_any_point() {
    for scenario in scenarios() {
        let Scenario {
            what,
            builder,
            call,
            polls: at_least,
        } = scenario;
        let mut given_back = 0;
        for polls in 0.. {
            let at = format!("{what}, {polls} polls");
            let budget = Budget::builder("drops")
                .min_per_second(1_000.0)
                .build()
                .unwrap();
            let retry = builder.clone().budget(budget.clone()).build().unwrap();
            let mut call = call(&retry);
            let mut ended = false;
            for _ in 0..polls {
                ended = poll(&mut call).is_ready();
                advance(ms(2)).await;
            }
            let (snapshot, purse) = (retry.snapshot(), budget.snapshot());
            let granted = purse.waiting;
            assert!(
                snapshot.waiting <= granted && granted <= 1,
                "{at}: {purse:?}"
            );
            let abandoned = u64::from(polls > 0 && !ended);
            if ended {
                let again = catch_unwind(AssertUnwindSafe(|| poll(&mut call)));
                assert!(again.is_err(), "{at}: polled after its end");
            }
            drop(call);
            at_rest(&retry, &budget, polls.min(1).into(), &at);
            assert_eq!(retry.snapshot().totals.abandoned, abandoned, "{at}");
            assert_eq!(budget.snapshot().totals.given_back, granted, "{at}");
            given_back += granted;
            if ended {
                assert!(polls >= at_least, "{at}");
                break;
            }
        }
        assert!(
            given_back > 0,
            "{what}: never dropped between a grant and its attempt"
        );
    }
}

/// Whichever way a call has ended, it says so to who polls it once more: it neither hangs nor begins
/// again.
#[tokio::test(start_paused = true)]
async fn a_poll_after_the_end_panics() {
    let retry = exact().max_attempts(1).build().unwrap();
    let over = Deadline::after(ms(0));
    let calls: [(&str, Call<'_>); 6] = [
        ("a success", {
            let call = retry.call(|_| async { Ok::<_, ()>(()) });
            Box::pin(poll_again(call))
        }),
        ("a failure", {
            let call = retry.call(|_| async { Err::<(), _>(()) });
            Box::pin(poll_again(call))
        }),
        ("no time", {
            let call = retry.deadline(over).call(|_| async { Err::<(), _>(()) });
            Box::pin(poll_again(call))
        }),
        ("a panic of the closure", {
            let closure = |_| -> std::future::Ready<Result<(), ()>> { planned_panic() };
            Box::pin(poll_again(retry.call(closure)))
        }),
        ("a panic of the operation", {
            let panics = poll_fn(|_| -> Poll<Result<(), ()>> { planned_panic() });
            let mut panics = Some(panics);
            Box::pin(poll_again(retry.call(move |_| panics.take().unwrap())))
        }),
        ("a panic of the classifier", {
            let classified = retry.classify(|_: &Result<(), ()>| planned_panic());
            Box::pin(poll_again(classified.call(|_| async { Ok(()) })))
        }),
    ];
    for (what, call) in calls {
        assert!(call.await, "after {what}");
    }
    let snapshot = retry.snapshot();
    let counts = Counts::of(snapshot.totals, snapshot.waiting);
    assert_eq!((counts.ended(), counts.panicked, counts.waiting), (6, 3, 0));
}

/// Ends a call at its first poll, and tells whether the second one panics.
async fn poll_again(call: impl Future) -> bool {
    let mut call = Box::pin(call);
    let mut poll = || {
        let mut cx = Context::from_waker(Waker::noop());
        catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut cx).is_ready()))
    };
    let first = poll();
    assert!(!matches!(first, Ok(false)), "it has ended");
    poll().is_err()
}
