//! What the network does meanwhile.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use steadfast_testkit::{Fault, FaultProxy};
use tokio::time::sleep;

use super::SEED;
use crate::support::millis;

/// Fair for the most part, with a fault for some milliseconds in between, without end.
pub(super) async fn weather(proxy: &FaultProxy) {
    let mut rng = SmallRng::seed_from_u64(SEED);
    loop {
        proxy.heal();
        sleep(millis(rng.random_range(30..150))).await;
        let bytes = rng.random_range(0..400);
        proxy.set(match rng.random_range(0..6) {
            0 => Fault::Refuse,
            1 => Fault::Reset,
            2 => Fault::Stall,
            3 => Fault::CutAfter { bytes },
            4 => Fault::CutRequestAfter { bytes },
            _ => Fault::Latency {
                delay: millis(5),
                jitter: millis(30),
            },
        });
        sleep(millis(rng.random_range(1..8))).await;
        if rng.random_range(0..8) == 0 {
            proxy.sever();
        }
    }
}
