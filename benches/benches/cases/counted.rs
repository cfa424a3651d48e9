//! The cases whose instructions are counted: ours alone, the calls that `ratios` measures.

use std::convert::identity;
use std::time::Duration;

use steadfast_benches::blocking;
use steadfast_breaker::CircuitBreaker;
use steadfast_retry::{Hedge, Retry};

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
    Counted::watched("ok_watched", "ok", || watched(ours::consecutive(), ok)),
    Counted::watched("window_100_watched", "window_100", || {
        watched(ours::counting(100), ok)
    }),
    Counted::watched("open_watched", "open", || {
        watched(ours::open(identity), open)
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
    Counted::new("bulkhead_ok", || {
        let bulkhead = our_bulkheads::free();
        let call = async move || bulkhead.call(|| answer(1)).await;
        Box::new(alone(call, Result::is_ok))
    }),
    Counted::new("bulkhead_permit", || {
        let bulkhead = our_bulkheads::free();
        Box::new(blocking(move || bulkhead.try_acquire(), Result::is_ok))
    }),
    Counted::new("bulkhead_full", || {
        let (bulkhead, permits) = our_bulkheads::full();
        let call = move || {
            let _busy = &permits;
            bulkhead.try_acquire()
        };
        Box::new(blocking(call, Result::is_err))
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

fn watched(breaker: CircuitBreaker, case: fn(CircuitBreaker) -> Run) -> Run {
    let telemetry = ours::watching(&breaker);
    let mut run = case(breaker);
    Box::new(move |times| {
        let _watching = &telemetry;
        run(times)
    })
}
