//! The rhythm of one check: its interval with jitter.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

pub(crate) struct Pace {
    interval: Duration,
    jitter: f64,
    rng: StdRng,
}

impl Pace {
    pub(crate) fn new(interval: Duration, jitter: f64, seed: Option<u64>) -> Self {
        Self {
            interval,
            jitter,
            rng: seed.map_or_else(rand::make_rng, StdRng::seed_from_u64),
        }
    }

    /// How long to rest after a run that took `ran`. The rhythm counts from start to start. A run
    /// that took longer than that, or during which the whole process stood still, is followed by a
    /// whole interval of rest: missed runs are not made up for.
    pub(crate) fn rest(&mut self, ran: Duration) -> Duration {
        let wait = self.wait();
        if ran < wait { wait - ran } else { wait }
    }

    fn wait(&mut self) -> Duration {
        if self.jitter == 0.0 {
            return self.interval;
        }
        let factor = self.rng.random_range(1.0 - self.jitter..=1.0 + self.jitter);
        Duration::try_from_secs_f64(self.interval.as_secs_f64() * factor).unwrap_or(Duration::MAX)
    }
}
