//! A hedge around work that is ready at once: what it costs to be prepared for slowness.
//!
//! Ours and tower's learn the 95th percentile of the latency; tower-resilience knows a fixed delay only,
//! for which there is ours with a fixed delay, too.

use std::time::Duration;

use steadfast_benches::Case;
use tower::hedge::{Hedge as TowerHedge, Policy};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_hedge::HedgeLayer;

use super::alone::alone;
use super::our_hedges::{DELAY, PERCENTILE, WARM_UP, fixed, learned};
use super::work::work;

/// For how long tower remembers latencies. Ours remembers so many instead.
const PERIOD: Duration = Duration::from_secs(10);

pub(crate) fn cases() -> Vec<Case> {
    vec![ok()]
}

fn ok() -> Case {
    let learned = learned();
    let fixed = fixed();
    let mut tower = tower();
    let mut tower_resilience = ServiceBuilder::new()
        .layer(
            HedgeLayer::builder()
                .delay(DELAY)
                .max_hedged_attempts(2)
                .build(),
        )
        .service(service_fn(|()| work()));
    let ours = async move || learned.call(|_| work()).await;
    let ours_fixed_delay = async move || fixed.call(|_| work()).await;
    let tower = async move || tower.ready().await?.call(()).await;
    let tower_resilience = async move || tower_resilience.ready().await?.call(()).await;
    Case::new("hedge_ok", alone(ours, Result::is_ok))
        .beside("ours_fixed_delay", alone(ours_fixed_delay, Result::is_ok))
        .beside("tower", alone(tower, Result::is_ok))
        .beside("tower_resilience", alone(tower_resilience, Result::is_ok))
}

fn tower() -> impl Service<(), Response = u64, Error = BoxError> {
    TowerHedge::new(
        service_fn(|()| work()),
        Always,
        u64::from(WARM_UP),
        PERCENTILE as f32,
        PERIOD,
    )
}

#[derive(Clone)]
struct Always;

impl Policy<()> for Always {
    fn clone_request(&self, (): &()) -> Option<()> {
        Some(())
    }

    fn can_retry(&self, _: &()) -> bool {
        true
    }
}
