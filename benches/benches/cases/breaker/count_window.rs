//! Closed; half of the last 100 or 10,000 calls would open it. failsafe counts failures in a row.

use failsafe::futures::CircuitBreaker as Async;
use recloser::AsyncRecloser;
use steadfast_benches::Case;
use tower::{Service, ServiceExt};

use super::super::alone::alone;
use super::super::answers::{OneInTen, answer};
use super::super::ours;
use super::peers;

pub(super) fn cases() -> Vec<Case> {
    vec![
        ok("breaker_window_100", 100),
        ok("breaker_window_10000", 10_000),
        failing(),
    ]
}

fn ok(name: &'static str, calls: u32) -> Case {
    let (breaker, failsafe) = (ours::counting(calls), peers::failsafe());
    let recloser = AsyncRecloser::from(peers::recloser(calls as usize));
    let mut tower = peers::tower_resilience(peers::counting(calls as usize));
    let ours = async move || breaker.call(|| answer(1)).await;
    let failsafe = async move || Async::call(&failsafe, answer(1)).await;
    let recloser = async move || recloser.call(answer(1)).await;
    let tower = async move || tower.ready().await?.call(Ok(1)).await;
    Case::new(name, alone(ours, Result::is_ok))
        .beside("failsafe", alone(failsafe, Result::is_ok))
        .beside("recloser", alone(recloser, Result::is_ok))
        .beside("tower_resilience", alone(tower, Result::is_ok))
}

/// One call in ten fails.
fn failing() -> Case {
    let (breaker, failsafe) = (ours::counting(100), peers::failsafe());
    let recloser_100 = AsyncRecloser::from(peers::recloser(100));
    let recloser_10000 = AsyncRecloser::from(peers::recloser(10_000));
    let mut tower = peers::tower_resilience(peers::counting(100));
    let mut some = OneInTen::default();
    let ours = async move || breaker.call(|| some.work()).await;
    let mut some = OneInTen::default();
    let failsafe = async move || Async::call(&failsafe, some.work()).await;
    let mut some = OneInTen::default();
    let recloser_100 = async move || recloser_100.call(some.work()).await;
    let mut some = OneInTen::default();
    let recloser_10000 = async move || recloser_10000.call(some.work()).await;
    let mut some = OneInTen::default();
    let tower = async move || tower.ready().await?.call(some.answer()).await;
    Case::new(
        "breaker_window_100_failing",
        alone(ours, |answer| !ours::is_rejected(answer)),
    )
    .beside(
        "failsafe",
        alone(failsafe, |answer| !peers::is_failsafes(answer)),
    )
    .beside(
        "recloser",
        alone(recloser_100, |answer| !peers::is_reclosers(answer)),
    )
    .beside(
        "recloser_10000",
        alone(recloser_10000, |answer| !peers::is_reclosers(answer)),
    )
    .beside(
        "tower_resilience",
        alone(tower, |answer| !peers::is_towers(answer)),
    )
}
