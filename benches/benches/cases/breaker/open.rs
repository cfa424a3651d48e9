//! Open, every call rejected.

use std::convert::identity;

use failsafe::CircuitBreaker as Blocking;
use failsafe::futures::CircuitBreaker as Async;
use recloser::AsyncRecloser;
use steadfast_benches::{Case, blocking};
use steadfast_breaker::Builder;
use tower::{Service, ServiceExt};

use super::super::alone::alone;
use super::super::answers::answer;
use super::super::failure::Failure;
use super::super::ours::{self, FAILURES};
use super::super::runtime::runtime;
use super::{blocking_work, peers};

pub(super) fn cases() -> Vec<Case> {
    vec![open(), open_blocking()]
}

fn open() -> Case {
    let (breaker, fast) = (ours::open(identity), ours::open(Builder::fast_clock));
    let failsafe = peers::failsafe_open();
    let recloser = AsyncRecloser::from(peers::recloser_open());
    let mut tower = peers::tower_resilience(peers::in_a_row);
    runtime().block_on(async {
        for _ in 0..FAILURES {
            let service = tower.ready().await.expect("it is ready while closed");
            let _ = service.call(Err(Failure)).await;
        }
    });
    let ours = async move || breaker.call(|| answer(1)).await;
    let fast = async move || fast.call(|| answer(1)).await;
    let failsafe = async move || Async::call(&failsafe, answer(1)).await;
    let recloser = async move || recloser.call(answer(1)).await;
    let tower = async move || tower.ready().await?.call(Ok(1)).await;
    Case::new("breaker_open", alone(ours, ours::is_rejected))
        .beside("ours_fast_clock", alone(fast, ours::is_rejected))
        .beside("failsafe", alone(failsafe, peers::is_failsafes))
        .beside("recloser", alone(recloser, peers::is_reclosers))
        .beside("tower_resilience", alone(tower, peers::is_towers))
}

fn open_blocking() -> Case {
    let (breaker, failsafe) = (ours::open(identity), peers::failsafe_open());
    let recloser = peers::recloser_open();
    let ours = move || breaker.call_blocking(blocking_work);
    let failsafe = move || Blocking::call(&failsafe, blocking_work);
    let recloser = move || recloser.call(blocking_work);
    Case::new("breaker_open_blocking", blocking(ours, ours::is_rejected))
        .beside("failsafe", blocking(failsafe, peers::is_failsafes))
        .beside("recloser", blocking(recloser, peers::is_reclosers))
}
