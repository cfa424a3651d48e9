//! The rhythm of one check: its interval with jitter.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::component::Component;

pub(crate) struct Pace {
    rng: StdRng,
}

impl Pace {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self {
            rng: seed.map_or_else(rand::make_rng, StdRng::seed_from_u64),
        }
    }

    /// How long after the start of a run that took `ran` the next one is due. The rhythm counts from start to start. A
    /// run that took longer than that, or during which the whole process stood still, is followed by a
    /// whole interval of rest: missed runs are not made up for.
    pub(crate) fn due(&mut self, component: &Component, ran: Duration) -> Duration {
        let (interval, jitter) = {
            let rules = component.rules();
            (rules.interval, rules.jitter)
        };
        let wait = self.wait(interval, jitter);
        if ran < wait {
            wait
        } else {
            ran.saturating_add(wait)
        }
    }

    fn wait(&mut self, interval: Duration, jitter: f64) -> Duration {
        if jitter == 0.0 {
            return interval;
        }
        let factor = self.rng.random_range(1.0 - jitter..=1.0 + jitter);
        Duration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(Duration::MAX)
    }
}
