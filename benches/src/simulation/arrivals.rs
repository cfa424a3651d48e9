//! When calls come.

use std::time::Duration;

use super::chance::chance;

/// The moments at which one client's calls come, after the start, in whole milliseconds: a Poisson
/// process, so the gaps are exponential and nobody waits for an answer before the next call.
///
/// Where the rate changes, arrivals at the `peak` rate are kept with the probability of `rate / peak`
/// (thinning: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979).
#[derive(Debug)]
pub(crate) struct Arrivals<R> {
    seed: u64,
    client: u64,
    /// Calls a second.
    peak: f64,
    /// Calls a second at a moment in seconds after the start, at most `peak`.
    rate: R,
    /// Seconds after the start.
    at: f64,
    drawn: u64,
    until: Duration,
}

impl<R: Fn(f64) -> f64> Arrivals<R> {
    pub(crate) fn new(seed: u64, client: u64, peak: f64, rate: R, until: Duration) -> Self {
        Self {
            seed,
            client,
            peak,
            rate,
            at: 0.0,
            drawn: 0,
            until,
        }
    }
}

impl<R: Fn(f64) -> f64> Iterator for Arrivals<R> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            self.drawn += 1;
            let draw = |purpose| chance(self.seed, [self.client, self.drawn, purpose]);
            self.at -= (1.0 - draw(0)).ln() / self.peak;
            let moment = Duration::from_millis((self.at * 1000.0) as u64);
            if moment >= self.until {
                return None;
            }
            if draw(1) * self.peak < (self.rate)(self.at) {
                return Some(moment);
            }
        }
    }
}
