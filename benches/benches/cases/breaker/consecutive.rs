//! Closed, every call a success; five failures in a row would open it.

use failsafe::CircuitBreaker as Blocking;
use failsafe::futures::CircuitBreaker as Async;
use recloser::AsyncRecloser;
use steadfast_benches::{Case, blocking};
use tower::{Service, ServiceExt};

use super::super::alone::alone;
use super::super::answers::answer;
use super::super::ours;
use super::{blocking_work, peers};

pub(super) fn cases() -> Vec<Case> {
    vec![ok(), ok_blocking()]
}

fn ok() -> Case {
    let (breaker, failsafe) = (ours::consecutive(), peers::failsafe());
    let recloser = AsyncRecloser::from(peers::recloser(100));
    let mut tower = peers::tower_resilience(peers::in_a_row);
    let ours = async move || breaker.call(|| answer(1)).await;
    let failsafe = async move || Async::call(&failsafe, answer(1)).await;
    let recloser = async move || recloser.call(answer(1)).await;
    let tower = async move || tower.ready().await?.call(Ok(1)).await;
    Case::new("breaker_ok", alone(ours, Result::is_ok))
        .beside("failsafe", alone(failsafe, Result::is_ok))
        .beside("recloser", alone(recloser, Result::is_ok))
        .beside("tower_resilience", alone(tower, Result::is_ok))
}

fn ok_blocking() -> Case {
    let (breaker, failsafe) = (ours::consecutive(), peers::failsafe());
    let recloser = peers::recloser(100);
    let ours = move || breaker.call_blocking(blocking_work);
    let failsafe = move || Blocking::call(&failsafe, blocking_work);
    let recloser = move || recloser.call(blocking_work);
    Case::new("breaker_ok_blocking", blocking(ours, Result::is_ok))
        .beside("failsafe", blocking(failsafe, Result::is_ok))
        .beside("recloser", blocking(recloser, Result::is_ok))
}
