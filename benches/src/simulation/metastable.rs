//! A server that becomes slower the more it has to do, and a spike of traffic that pushes it over.
//!
//! After Marc Brooker's `simple_collapse_sim` (<https://github.com/mbrooker/simulator_example>) and
//! Bronson, Aghayev, Charapko and Zhu, "Metastable failures in distributed systems", HotOS 2021. A
//! request takes one second and ten milliseconds more for each one under way, itself included, when it
//! arrives. By Little's law a load of L requests a second settles at `L / (1 - L/100)` under way: the
//! server cannot do 100 a second, and at 66.7 a second it takes the three seconds that clients wait.
//! What a client has given up, the server works on to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_retry::Retry;
use tokio::time::{Instant, sleep};

use super::arrivals::Arrivals;
use super::policy::Policy;
use super::{Failure, Refused, in_virtual_time};

/// How many clients there are.
pub const CLIENTS: u64 = 4;

/// How many calls a second each client makes before and after the spike, on average.
pub const RATE: f64 = 10.0;

/// How many calls a second each client makes in the spike, on average.
pub const SPIKE_RATE: f64 = 30.0;

/// The first second of the spike and the first one after it.
pub const SPIKE: (u64, u64) = (30, 35);

/// How many seconds the simulation lasts.
pub const SECONDS: u64 = 150;

/// How long a client waits for the answer to an attempt.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// What a request takes that is alone.
const LATENCY: Duration = Duration::from_secs(1);

/// What each request under way adds, in milliseconds.
const LATENCY_EACH: u64 = 10;

const SEED: u64 = 20_211_031;

/// What happened in one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Second {
    /// Calls that began.
    pub offered: u64,
    /// Calls that got their answer.
    pub answered: u64,
    /// Requests that reached the server.
    pub requests: u64,
    /// The sum of what the server takes for these requests, in milliseconds.
    pub latency_sum: u64,
}

impl Second {
    /// All that happened in these seconds.
    #[must_use]
    pub fn sum(seconds: &[Self]) -> Self {
        let add = |sum: Self, second: &Self| Self {
            offered: sum.offered + second.offered,
            answered: sum.answered + second.answered,
            requests: sum.requests + second.requests,
            latency_sum: sum.latency_sum + second.latency_sum,
        };
        seconds.iter().fold(Self::default(), add)
    }

    /// What the server takes for a request that arrives then, on average. Nothing without requests.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        let mean = self.latency_sum.checked_div(self.requests)?;
        Some(Duration::from_millis(mean))
    }
}

/// How many of the calls that began in these seconds got their answer, or as many others in their place:
/// an answer counts in the second in which it comes. Zero where no call began.
#[must_use]
pub fn goodput(seconds: &[Second]) -> f64 {
    let sum = Second::sum(seconds);
    sum.answered as f64 / sum.offered.max(1) as f64
}

/// The seconds before the spike, from when the first calls have been answered.
///
/// # Panics
/// If these are not the seconds of a whole run.
#[must_use]
pub fn before_spike(seconds: &[Second]) -> &[Second] {
    &seconds[10..SPIKE.0 as usize]
}

/// The last third of the seconds: long after the spike.
#[must_use]
pub fn last_third(seconds: &[Second]) -> &[Second] {
    &seconds[seconds.len() * 2 / 3..]
}

/// How many seconds after the spike the clients are served again: when for the first time five seconds
/// together have a [`goodput`] of nine tenths. Nothing if that never is.
#[must_use]
pub fn recovered_after(seconds: &[Second]) -> Option<usize> {
    let after = seconds.get(SPIKE.1 as usize..)?;
    after.windows(5).position(|five| goodput(five) >= 0.9)
}

/// Second by second, what becomes of the clients and the server.
///
/// # Errors
/// When the runtime does not start, or our own settings break their rules.
pub fn run(policy: Policy) -> Result<Vec<Second>, Failure> {
    in_virtual_time(async {
        let retries = policy.retries(CLIENTS, |builder| builder.attempt_timeout(TIMEOUT))?;
        let server = Arc::new(Server::new());
        for (number, retry) in (0..).zip(retries) {
            tokio::spawn(client(number, retry, Arc::clone(&server)));
        }
        sleep(Duration::from_secs(SECONDS)).await;
        let seconds = server.seconds.lock();
        Ok(seconds.clone())
    })
}

#[derive(Debug)]
struct Server {
    began: Instant,
    under_way: AtomicU64,
    seconds: Mutex<Vec<Second>>,
}

impl Server {
    fn new() -> Self {
        Self {
            began: virtual_now(),
            under_way: AtomicU64::new(0),
            seconds: Mutex::new(vec![Second::default(); SECONDS as usize]),
        }
    }

    /// What a dropped request leaves behind is still worked on.
    async fn answer(self: &Arc<Self>) {
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        let latency = LATENCY + Duration::from_millis(LATENCY_EACH * under_way);
        self.count(|second| {
            second.requests += 1;
            second.latency_sum += latency.as_millis() as u64;
        });
        let server = Arc::clone(self);
        tokio::spawn(async move {
            sleep(latency).await;
            server.under_way.fetch_sub(1, Ordering::Relaxed);
        });
        sleep(latency).await;
    }

    fn count(&self, what: impl FnOnce(&mut Second)) {
        let second = self.began.elapsed().as_secs() as usize;
        if let Some(second) = self.seconds.lock().get_mut(second) {
            what(second);
        }
    }
}

async fn client(number: u64, retry: Retry, server: Arc<Server>) {
    let rate = |at: f64| {
        let in_spike = (SPIKE.0 as f64..SPIKE.1 as f64).contains(&at);
        if in_spike { SPIKE_RATE } else { RATE }
    };
    let mut now = Duration::ZERO;
    let until = Duration::from_secs(SECONDS);
    for moment in Arrivals::new(SEED, number, SPIKE_RATE, rate, until) {
        sleep(moment - now).await;
        now = moment;
        tokio::spawn(call(retry.clone(), Arc::clone(&server)));
    }
}

async fn call(retry: Retry, server: Arc<Server>) {
    server.count(|second| second.offered += 1);
    let answer = retry
        .call(async |_| {
            server.answer().await;
            Ok::<_, Refused>(())
        })
        .await;
    if answer.is_ok() {
        server.count(|second| second.answered += 1);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulations' one clock, and it is virtual"
)]
fn virtual_now() -> Instant {
    Instant::now()
}
