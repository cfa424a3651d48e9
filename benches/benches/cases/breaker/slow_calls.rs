//! Closed; half of the last 100 calls would open it if they failed, or if they took a second.

use steadfast_benches::Case;
use tower::{Service, ServiceExt};

use super::super::alone::alone;
use super::super::answers::answer;
use super::super::ours;
use super::peers;

/// Beside the same without an eye on slow calls, and tower-resilience with one.
pub(super) fn cases() -> Vec<Case> {
    let (breaker, without) = (ours::minding_slow_calls(), ours::counting(100));
    let mut tower = peers::tower_resilience(peers::minding_slow_calls);
    let ours = async move || breaker.call(|| answer(1)).await;
    let without = async move || without.call(|| answer(1)).await;
    let tower = async move || tower.ready().await?.call(Ok(1)).await;
    let case = Case::new("breaker_slow_calls", alone(ours, Result::is_ok))
        .beside("ours_without", alone(without, Result::is_ok))
        .beside("tower_resilience", alone(tower, Result::is_ok));
    vec![case]
}
