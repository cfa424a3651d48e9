//! A breaker that telemetry watches, beside one that nobody does.

use std::convert::identity;
use std::time::Duration;

use steadfast_benches::Case;
use steadfast_breaker::{CircuitBreaker, Error};

use super::super::alone::alone;
use super::super::answers::answer;
use super::super::failure::Failure;
use super::super::ours;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("breaker_ok_watched", ours::consecutive, Result::is_ok),
        case(
            "breaker_window_watched",
            || ours::counting(100),
            Result::is_ok,
        ),
        case(
            "breaker_open_watched",
            || ours::open(identity),
            ours::is_rejected,
        ),
    ]
}

type Expected = fn(&Result<u64, Error<Failure>>) -> bool;

fn case(name: &'static str, breaker: fn() -> CircuitBreaker, expected: Expected) -> Case {
    Case::new(name, watched(breaker(), expected))
        .beside("ours_alone", unwatched(breaker(), expected))
}

fn watched(breaker: CircuitBreaker, expected: Expected) -> impl FnMut(u64) -> Duration {
    let telemetry = ours::watching(&breaker);
    let mut run = unwatched(breaker, expected);
    move |times| {
        let _watching = &telemetry;
        run(times)
    }
}

fn unwatched(breaker: CircuitBreaker, expected: Expected) -> impl FnMut(u64) -> Duration {
    alone(async move || breaker.call(|| answer(1)).await, expected)
}
