//! The traffic: planned once from the seed, sent twice.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How long traffic is sent in each run.
pub(crate) const LENGTH: Duration = Duration::from_secs(24);

/// Requests a second, on average.
const HTTP_RATE: u32 = 100;

/// Messages a second, on average.
const AMQP_RATE: u32 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Put,
    Post,
}

/// One request to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// After the start of the run.
    pub(crate) at: Duration,
    pub(crate) id: u32,
    pub(crate) method: Method,
    /// Whether it goes to the upstream that the storm hits, or to its healthy neighbour.
    pub(crate) stormy: bool,
}

/// Everything a run sends. Both runs send the same.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) requests: Vec<Request>,
    /// When each message is published, after the start; its index is its id.
    pub(crate) messages: Vec<Duration>,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let requests = arrivals(&mut rng, HTTP_RATE)
            .into_iter()
            .zip(0..)
            .map(|(at, id)| Request {
                at,
                id,
                method: match rng.random_range(0..10) {
                    0..7 => Method::Get,
                    7 => Method::Put,
                    _ => Method::Post,
                },
                stormy: rng.random_range(0..4) != 0,
            })
            .collect();
        Self {
            requests,
            messages: arrivals(&mut rng, AMQP_RATE),
        }
    }
}

/// Sorted moments, as many as the rate gives, spread evenly at random: an open-loop load that does
/// not slow down when answers do.
fn arrivals(rng: &mut StdRng, rate: u32) -> Vec<Duration> {
    let count = u64::from(rate) * LENGTH.as_secs();
    let mut moments: Vec<_> = (0..count)
        .map(|_| LENGTH.mul_f64(rng.random::<f64>()))
        .collect();
    moments.sort_unstable();
    moments
}
