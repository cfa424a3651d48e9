//! Retries and bulkheads that telemetry watches, beside those that nobody does: where they let calls
//! through, and where they say no.

use std::time::Duration;

use futures_util::FutureExt;
use steadfast_benches::{Case, blocking};
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::Retry;
use steadfast_telemetry::Watch;

use super::alone::alone;
use super::our_bulkheads::{free, full, taken};
use super::our_retries::{Answer, BASE, never, retrying, third_time};
use super::ours;
use super::work::work;

type Run = Box<dyn FnMut(u64) -> Duration>;

pub(crate) fn cases() -> Vec<Case> {
    let at_once = || retrying(Duration::ZERO, 0);
    vec![
        case(
            "retry_ok_watched",
            || retrying(BASE, 0),
            |retry| tried(retry, work),
        ),
        case("retry_two_failures_watched", at_once, |retry| {
            tried(retry, third_time)
        }),
        case("retry_given_up_watched", at_once, |retry| {
            Box::new(alone(
                async move || retry.call(|_| never()).await,
                Result::is_err,
            ))
        }),
        case("bulkhead_ok_watched", free, |bulkhead| {
            Box::new(alone(
                async move || bulkhead.call(work).await,
                Result::is_ok,
            ))
        }),
        case("bulkhead_full_watched", || full(0), refusing),
        case("bulkhead_waits_watched", || full(1), waiting),
    ]
}

fn case<C: Watch + 'static>(name: &'static str, make: fn() -> C, case: fn(C) -> Run) -> Case {
    let component = make();
    let telemetry = ours::watching(&component);
    let mut watched = case(component);
    let watched = move |times| {
        let _watching = &telemetry;
        watched(times)
    };
    Case::new(name, watched).beside("ours_alone", case(make()))
}

fn tried(retry: Retry, operation: fn() -> Answer) -> Run {
    Box::new(alone(
        async move || retry.call(|_| operation()).await,
        Result::is_ok,
    ))
}

fn refusing(bulkhead: Bulkhead) -> Run {
    let permit = taken(&bulkhead);
    let call = move || {
        let _busy = &permit;
        bulkhead.try_acquire()
    };
    Box::new(blocking(call, Result::is_err))
}

/// The place is handed to one who waits for it, who is the holder of the next turn.
fn waiting(bulkhead: Bulkhead) -> Run {
    let mut permit = Some(taken(&bulkhead));
    let call = async move || {
        let mut waiting = Box::pin(bulkhead.acquire());
        assert!((&mut waiting).now_or_never().is_none());
        drop(permit.take());
        let answer = waiting.now_or_never().expect("the place was handed over");
        answer.map(|handed| permit = Some(handed))
    };
    Box::new(alone(call, Result::is_ok))
}
