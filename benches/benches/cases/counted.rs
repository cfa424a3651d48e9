//! The cases whose instructions are counted: ours alone, the calls that `ratios` measures.

use std::convert::identity;
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_benches::blocking;
use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::{Hedge, Retry};
use steadfast_telemetry::Watch;

use super::alone::alone;
use super::answers::{OneInTen, answer};
use super::counting::Counted;
use super::failure::Failure;
use super::ours::{self, is_rejected};
use super::{our_bulkheads, our_composed, our_hedges, our_retries};

type Run = Box<dyn FnMut(u64) -> Duration>;

const WINDOW: Duration = Duration::from_secs(10);

pub(crate) const CASES: &[Counted] = &[
    Counted::new("ok", || ok(ours::consecutive())),
    Counted::new("ok_blocking", || {
        let breaker = ours::consecutive();
        let call = move || breaker.call_blocking(|| std::hint::black_box(Ok::<_, Failure>(1)));
        Box::new(blocking(call, Result::is_ok))
    }),
    Counted::new("ok_permit", || {
        let breaker = ours::consecutive();
        let call = move || {
            breaker
                .try_acquire()
                .map(steadfast_breaker::Permit::success)
        };
        Box::new(blocking(call, Result::is_ok))
    }),
    Counted::new("window_100", || ok(ours::counting(100))),
    Counted::new("window_10000", || ok(ours::counting(10_000))),
    Counted::new("window_100_failing", || failing(ours::counting(100))),
    Counted::new("window_after_failure", || {
        // Longer than a run, so that the failure stays in it.
        let breaker = ours::counting(200_000);
        let _ = breaker.call_blocking(|| Err::<(), _>(Failure));
        ok(breaker)
    }),
    Counted::new("time_window", || ok(ours::timing(WINDOW, identity))),
    Counted::new("time_window_failing", || {
        failing(ours::timing(WINDOW, identity))
    }),
    Counted::new("slow_calls", || ok(ours::minding_slow_calls())),
    Counted::new("open", || open(ours::open(identity))),
    Counted::new("open_blocking", || open_blocking(ours::open(identity))),
    Counted::watched("ok_watched", "ok", || watched(ours::consecutive(), ok)),
    Counted::watched("window_100_watched", "window_100", || {
        watched(ours::counting(100), ok)
    }),
    Counted::watched("open_watched", "open", || {
        watched(ours::open(identity), open)
    }),
    Counted::watched("open_blocking_watched", "open_blocking", || {
        watched(ours::open(identity), open_blocking)
    }),
    Counted::new("retry_ok", || {
        tried(our_retries::retrying(our_retries::BASE, 0))
    }),
    Counted::new("retry_ok_blocking", || {
        let retry = our_retries::retrying(our_retries::BASE, 0);
        let call = move || retry.call_blocking(|_| std::hint::black_box(Ok::<_, Failure>(1)));
        Box::new(blocking(call, Result::is_ok))
    }),
    Counted::new("retry_ok_attempt_timeout", || {
        let retry = Retry::builder("bench").attempt_timeout(our_composed::LIMIT);
        tried(retry.build().expect("a sound configuration"))
    }),
    Counted::new("retry_ok_budget", || tried(our_retries::budgeted())),
    Counted::new("retry_two_failures", || {
        failing_twice(our_retries::retrying(Duration::ZERO, 0))
    }),
    Counted::new("retry_two_failures_history", || {
        failing_twice(our_retries::retrying(Duration::ZERO, our_retries::HISTORY))
    }),
    Counted::new("retry_given_up", || {
        given_up(our_retries::retrying(Duration::ZERO, 0))
    }),
    Counted::watched("retry_ok_watched", "retry_ok", || {
        watched(our_retries::retrying(our_retries::BASE, 0), tried)
    }),
    Counted::watched("retry_two_failures_watched", "retry_two_failures", || {
        watched(our_retries::retrying(Duration::ZERO, 0), failing_twice)
    }),
    Counted::watched("retry_given_up_watched", "retry_given_up", || {
        watched(our_retries::retrying(Duration::ZERO, 0), given_up)
    }),
    Counted::new("bulkhead_ok", || has_room(our_bulkheads::free())),
    Counted::new("bulkhead_permit", || {
        let bulkhead = our_bulkheads::free();
        Box::new(blocking(move || bulkhead.try_acquire(), Result::is_ok))
    }),
    Counted::new("bulkhead_full", || full(our_bulkheads::full(0))),
    Counted::new("bulkhead_waits", || waits(our_bulkheads::full(1))),
    Counted::watched("bulkhead_ok_watched", "bulkhead_ok", || {
        watched(our_bulkheads::free(), has_room)
    }),
    Counted::watched("bulkhead_full_watched", "bulkhead_full", || {
        watched(our_bulkheads::full(0), full)
    }),
    Counted::watched("bulkhead_waits_watched", "bulkhead_waits", || {
        watched(our_bulkheads::full(1), waits)
    }),
    Counted::new("composed_ok", || Box::new(our_composed::three())),
    Counted::new("composed_four", || Box::new(our_composed::four())),
    Counted::new("hedge_ok", || hedged(our_hedges::learned())),
    Counted::new("hedge_ok_fixed_delay", || hedged(our_hedges::fixed())),
];

fn tried(retry: Retry) -> Run {
    let call = async move || retry.call(|_| answer(1)).await;
    Box::new(alone(call, Result::is_ok))
}

fn failing_twice(retry: Retry) -> Run {
    let call = async move || retry.call(|_| our_retries::third_time()).await;
    Box::new(alone(call, Result::is_ok))
}

fn hedged(hedge: Hedge) -> Run {
    let call = async move || hedge.call(|_| answer(1)).await;
    Box::new(alone(call, Result::is_ok))
}

fn ok(breaker: CircuitBreaker) -> Run {
    let call = async move || breaker.call(|| answer(1)).await;
    Box::new(alone(call, Result::is_ok))
}

fn failing(breaker: CircuitBreaker) -> Run {
    let mut some = OneInTen::default();
    let call = async move || breaker.call(|| some.work()).await;
    Box::new(alone(call, |answer| !is_rejected(answer)))
}

fn open(breaker: CircuitBreaker) -> Run {
    let call = async move || breaker.call(|| answer(1)).await;
    Box::new(alone(call, is_rejected))
}

fn open_blocking(breaker: CircuitBreaker) -> Run {
    let call = move || breaker.call_blocking(|| std::hint::black_box(Ok::<_, Failure>(1)));
    Box::new(blocking(call, is_rejected))
}

fn given_up(retry: Retry) -> Run {
    let call = async move || retry.call(|_| our_retries::never()).await;
    Box::new(alone(call, Result::is_err))
}

fn has_room(bulkhead: Bulkhead) -> Run {
    let call = async move || bulkhead.call(|| answer(1)).await;
    Box::new(alone(call, Result::is_ok))
}

fn full(bulkhead: Bulkhead) -> Run {
    let permit = our_bulkheads::taken(&bulkhead);
    let call = move || {
        let _busy = &permit;
        bulkhead.try_acquire()
    };
    Box::new(blocking(call, Result::is_err))
}

/// The place is handed to one who waits for it, who is the holder of the next turn.
fn waits(bulkhead: Bulkhead) -> Run {
    let mut permit = Some(our_bulkheads::taken(&bulkhead));
    let call = async move || {
        let mut waiting = Box::pin(bulkhead.acquire());
        assert!((&mut waiting).now_or_never().is_none());
        drop(permit.take());
        let answer = waiting.now_or_never().expect("the place was handed over");
        answer.map(|handed| permit = Some(handed))
    };
    Box::new(alone(call, Result::is_ok))
}

/// With a telemetry object that watches it.
fn watched<C: Watch>(component: C, case: fn(C) -> Run) -> Run {
    let telemetry = ours::watching(&component);
    let mut run = case(component);
    Box::new(move |times| {
        let _watching = &telemetry;
        run(times)
    })
}
