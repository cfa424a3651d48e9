//! Limits of time, held against operations that do their worst.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};
use proptest::prelude::*;
use steadfast_retry::{Builder, Deadline, Exhausted, Failure, Jitter, Reason, Retry, Verdict};
use tokio::time::{advance, sleep};

use super::agrees::thoroughly;
use super::case::{Case, Door};
use super::{Event, real};
use crate::ms;

/// tokio's timer counts in these.
const TICK: Duration = Duration::from_millis(1);

proptest! {
    #![proptest_config(thoroughly())]

    #[test]
    fn no_attempt_begins_after_the_end_of_attempts_time_or_hope(case in Door::Async.case()) {
        let seen = real::play(&case, Door::Async);
        let mut attempts = vec![0; case.calls.len()];
        for line in &seen.lines {
            match &line.event {
                Event::Attempt { call, number, remaining, .. } => {
                    let plan = &case.calls[*call];
                    let settings = &case.retries[plan.retry(&case)];
                    attempts[*call] += 1;
                    prop_assert_eq!(*number, attempts[*call], "each once, in order");
                    prop_assert!(*number <= settings.max_attempts);
                    prop_assert_ne!(*remaining, Some(Duration::ZERO));
                    for deadline in [plan.deadline, settings.deadline].into_iter().flatten() {
                        prop_assert!(line.at < deadline, "begun at {:?}", line.at);
                    }
                }
                Event::Hook { call, attempt, last: Failure::Operation(answer), .. } => {
                    let verdict = case.calls[*call].verdict(*answer);
                    let ends = [
                        None,
                        Some(Verdict::Accept),
                        Some(Verdict::Stop),
                        Some(Verdict::Rejected(None)),
                    ];
                    prop_assert!(!ends.contains(&verdict), "{:?} after {}", verdict, attempt);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn no_call_passes_its_limit_by_more_than_a_tick(
        case in Door::Async.case().prop_map(Case::unhurried),
    ) {
        let seen = real::play(&case, Door::Async);
        for line in &seen.lines {
            let Event::End { call, .. } = line.event else {
                continue;
            };
            let plan = &case.calls[call];
            let settings = &case.retries[plan.retry(&case)];
            let most = settings.max_elapsed.map(|most| plan.starts + most);
            let limits = [most, settings.deadline, plan.deadline];
            if let Some(limit) = limits.into_iter().flatten().min() {
                // One that has passed before the call begins ends it at once.
                let limit = limit.max(plan.starts);
                prop_assert!(line.at < limit + TICK, "{:?} of {:?}", line.at, limit);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_when_the_deadline_had_passed() {
    let origin = crate::now().into_std();
    sleep(ms(10)).await;
    for passed in [ms(0), ms(9), ms(10)] {
        let deadline = Deadline::at(origin + passed);
        let retry = Retry::builder("late").build().unwrap();
        let never = |_| -> std::future::Ready<Result<(), ()>> { panic!("begun") };
        let exhausted = retry.deadline(deadline).call(never).await.unwrap_err();
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (0, Reason::Deadline)
        );
        assert_eq!(exhausted.last, Failure::NotBegun);
        let never = |_| -> Result<(), ()> { panic!("begun") };
        let exhausted = retry.deadline(deadline).call_blocking(never).unwrap_err();
        assert_eq!((exhausted.attempts, exhausted.last), (0, Failure::NotBegun));
        assert_eq!(retry.snapshot().totals.exhausted_deadline, 2);
    }
}

/// What an operation can do at each poll.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mischief {
    /// Nothing, and it wakes nobody.
    Pending,
    /// It wants to be polled again at once.
    WakesItself,
    /// It uses up tokio's cooperative budget, after which no timer of tokio's is ready.
    UsesUpTheTurn,
    Both,
}

const ALL: [Mischief; 4] = [
    Mischief::Pending,
    Mischief::WakesItself,
    Mischief::UsesUpTheTurn,
    Mischief::Both,
];

impl Mischief {
    fn poll(self, cx: &mut Context<'_>) {
        if matches!(self, Self::UsesUpTheTurn | Self::Both) {
            while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
        }
        if matches!(self, Self::WakesItself | Self::Both) {
            cx.waker().wake_by_ref();
        }
    }

    async fn for_ever<T>(self) -> T {
        poll_fn(|cx| {
            self.poll(cx);
            Poll::Pending
        })
        .await
    }
}

/// Runs a call while time goes on, as it does for tasks that are never idle: a paused clock moves by
/// itself only if everybody waits.
fn took<E>(
    call: impl Future<Output = Result<(), Box<Exhausted<E>>>>,
) -> (Duration, Box<Exhausted<E>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .event_interval(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = tokio::spawn(async {
            loop {
                advance(TICK).await;
            }
        });
        let begin = crate::now();
        let patience = pin!(async {
            while begin.elapsed() < Duration::from_secs(10) {
                tokio::task::yield_now().await;
            }
        });
        let call = pin!(call);
        let ended = match select(call, patience).await {
            Either::Left((end, _)) => end,
            Either::Right(_) => panic!("ten seconds, and no end"),
        };
        let took = begin.elapsed();
        clock.abort();
        (took, ended.err().unwrap())
    })
}

fn exact() -> Builder {
    Retry::builder("limits").jitter(Jitter::None)
}

#[test]
fn no_operation_outlives_the_deadline_by_more_than_a_tick() {
    for mischief in ALL {
        let retry = exact().max_elapsed(ms(50)).build().unwrap();
        let call = retry.call(|_| mischief.for_ever::<Result<(), ()>>());
        let (took, exhausted) = took(call);
        assert!((ms(50)..=ms(51)).contains(&took), "{mischief:?}: {took:?}");
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (1, Reason::Deadline)
        );
        assert!(exhausted.elapsed <= ms(51));
    }
}

#[test]
fn no_attempt_outlives_its_timeout_by_more_than_a_tick() {
    for mischief in ALL {
        let retry = exact().base_backoff(ms(10)).max_attempts(3);
        let retry = retry.attempt_timeout(ms(20)).build().unwrap();
        let call = retry.call(|_| mischief.for_ever::<Result<(), ()>>());
        let (took, exhausted) = took(call);
        // Three attempts and two waits, of 10 and 20 ms, each a tick late at most.
        assert!((ms(90)..=ms(95)).contains(&took), "{mischief:?}: {took:?}");
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (3, Reason::Attempts)
        );
        assert!(matches!(exhausted.last, Failure::TimedOut { after } if after <= ms(21)));
    }
}

/// An attempt that fails again and again without ever waiting.
#[test]
fn attempts_without_a_wait_do_not_outlive_the_deadline() {
    for mischief in ALL {
        let retry = exact().base_backoff(Duration::ZERO).max_attempts(u32::MAX);
        let retry = retry.max_elapsed(ms(50)).build().unwrap();
        let call = retry.call(|_| {
            poll_fn(|cx| {
                mischief.poll(cx);
                Poll::Ready(Err::<(), _>(()))
            })
        });
        let (took, exhausted) = took(call);
        assert!((ms(50)..=ms(51)).contains(&took), "{mischief:?}: {took:?}");
        assert_eq!(exhausted.reason, Reason::Deadline);
    }
}

/// What else is polled in the task of a call is no operation, but can be as bad.
#[test]
fn no_neighbour_keeps_a_call_from_its_end() {
    for mischief in ALL {
        let retry = exact().max_attempts(2).max_elapsed(ms(150));
        let retry = retry.build().unwrap();
        let (took, exhausted) = took(async {
            let mut neighbour = pin!(mischief.for_ever::<()>());
            // Fails at once, waits for 100 ms, and is cut off in its second attempt.
            let mut call = pin!(retry.call(|attempt| async move {
                if attempt.is_retry() {
                    pending().await
                }
                Err::<(), _>(())
            }));
            poll_fn(|cx| {
                let _ = neighbour.as_mut().poll(cx);
                call.as_mut().poll(cx)
            })
            .await
        });
        assert!(
            (ms(150)..=ms(151)).contains(&took),
            "{mischief:?}: {took:?}"
        );
        assert_eq!(
            (exhausted.attempts, exhausted.reason),
            (2, Reason::Deadline)
        );
    }
}
