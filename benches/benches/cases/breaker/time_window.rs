//! Closed; half of the calls of the last ten seconds would open it.
//!
//! tower-resilience keeps every call of its window and looks at all of them at every call. Its
//! windows are shorter than ours, and full before each turn; ten seconds of calls at this speed would
//! be hundreds of megabytes.

use std::convert::identity;
use std::time::{Duration, Instant};

use failsafe::futures::CircuitBreaker as Async;
use steadfast_benches::{Case, clock};
use steadfast_breaker::Builder;
use tower::{Service, ServiceExt};

use super::super::alone::alone;
use super::super::answers::{OneInTen, answer};
use super::super::ours;
use super::peers;

const WINDOW: Duration = Duration::from_secs(10);

pub(super) fn cases() -> Vec<Case> {
    vec![ok(), failing()]
}

fn ok() -> Case {
    let (breaker, failsafe) = (
        ours::timing(WINDOW, identity),
        peers::failsafe_timing(WINDOW),
    );
    let (short, fast) = (
        ours::timing(Duration::from_millis(100), identity),
        ours::timing(WINDOW, Builder::fast_clock),
    );
    let ours = async move || breaker.call(|| answer(1)).await;
    let fast = async move || fast.call(|| answer(1)).await;
    let short = async move || short.call(|| answer(1)).await;
    let failsafe = async move || Async::call(&failsafe, answer(1)).await;
    let mut case = Case::new("breaker_time_window", alone(ours, Result::is_ok))
        .beside("ours_100ms", alone(short, Result::is_ok))
        .beside("ours_fast_clock", alone(fast, Result::is_ok))
        .beside("failsafe", alone(failsafe, Result::is_ok));
    for (name, window) in [
        ("tower_resilience_1ms", 1),
        ("tower_resilience_10ms", 10),
        ("tower_resilience_100ms", 100),
    ] {
        let window = Duration::from_millis(window);
        let mut tower = peers::tower_resilience(peers::timing(window));
        let tower = async move || tower.ready().await?.call(Ok(1)).await;
        case = case.beside(name, full(window, alone(tower, Result::is_ok)));
    }
    case
}

/// One call in ten fails.
fn failing() -> Case {
    let (breaker, failsafe) = (
        ours::timing(WINDOW, identity),
        peers::failsafe_timing(WINDOW),
    );
    let short = Duration::from_millis(10);
    let mut tower = peers::tower_resilience(peers::timing(short));
    let mut some = OneInTen::default();
    let ours = async move || breaker.call(|| some.work()).await;
    let mut some = OneInTen::default();
    let failsafe = async move || Async::call(&failsafe, some.work()).await;
    let mut some = OneInTen::default();
    let tower = async move || tower.ready().await?.call(some.answer()).await;
    Case::new(
        "breaker_time_window_failing",
        alone(ours, |answer| !ours::is_rejected(answer)),
    )
    .beside(
        "failsafe",
        alone(failsafe, |answer| !peers::is_failsafes(answer)),
    )
    .beside(
        "tower_resilience_10ms",
        full(short, alone(tower, |answer| !peers::is_towers(answer))),
    )
}

/// A run that finds the window full: unless it ran just now, it runs for as long as the window
/// first, and does not count that.
fn full(window: Duration, mut run: impl FnMut(u64) -> Duration) -> impl FnMut(u64) -> Duration {
    let mut ended: Option<Instant> = None;
    move |times| {
        if ended.is_none_or(|ended| ended.elapsed() > window / 20) {
            let begin = clock::now();
            while begin.elapsed() < window {
                run(64);
            }
        }
        let took = run(times);
        ended = Some(clock::now());
        took
    }
}
