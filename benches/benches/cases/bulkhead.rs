//! A bulkhead of 20 places with room in it, one of a single place that is taken, and a place that goes
//! from one caller to the next.
//!
//! Where there is room, ours and tower-resilience's would wait up to five seconds for a place, tokio's
//! semaphore and tower's limit for ever, and `raw_try_acquire` and tower's load shedding not at all.
//! Where there is none, all refuse at once.

mod free;
mod full;
mod handover;
mod peers;
mod threads;

use std::time::Duration;

use steadfast_benches::Case;
use steadfast_bulkhead::{Builder, Bulkhead};

const PLACES: usize = 20;
const WAIT: Duration = Duration::from_secs(5);

pub(crate) fn cases() -> Vec<Case> {
    [
        free::cases(),
        full::cases(),
        threads::cases(),
        handover::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ours(settings: impl FnOnce(Builder) -> Builder) -> Bulkhead {
    let builder = Bulkhead::builder("bench")
        .max_concurrent(PLACES)
        .checkout_timeout(WAIT);
    settings(builder).build().expect("a sound configuration")
}
