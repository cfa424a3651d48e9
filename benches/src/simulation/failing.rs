//! A server that fails at random, whatever its load, and a hundred clients.
//!
//! After Marc Brooker's simulation for "Fixing retries with token buckets and circuit breakers"
//! (<https://brooker.co.za/blog/2022/02/28/retries.html>): a hundred clients with ten calls a second
//! each. A call with three retries fails when four attempts fail, and attempt k + 1 is made when k
//! attempts have failed; so it succeeds with `1 - p^4` and costs `1 + p + p^2 + p^3` requests.

use std::sync::Arc;
use std::time::Duration;

use steadfast_retry::Retry;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::arrivals::Arrivals;
use super::chance::chance;
use super::outcome::{Outcome, Tally};
use super::policy::Policy;
use super::{ANSWER_AFTER, Failure, Refused, in_virtual_time};

/// How many clients there are.
pub const CLIENTS: u64 = 100;

/// How many calls each client makes in a second, on average.
pub const RATE: f64 = 10.0;

/// The probabilities of failure that are of interest.
pub const PROBABILITIES: [f64; 8] = [0.0, 0.01, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0];

/// Where chance begins; the arrivals have another one than the failures.
const SEED: u64 = 20_220_228;

/// Sends calls for this `length` of virtual time to a server that fails each request with this
/// `probability`.
///
/// # Errors
/// When the runtime does not start, or our own settings break their rules.
pub fn run(policy: Policy, probability: f64, length: Duration) -> Result<Outcome, Failure> {
    let server = Arc::new(Server {
        probability,
        tally: Tally::default(),
    });
    in_virtual_time(async {
        let retries = policy.retries(CLIENTS, |builder| builder.base_backoff(Duration::ZERO))?;
        let mut clients = JoinSet::new();
        for (number, retry) in (0..).zip(retries) {
            clients.spawn(client(number, retry, Arc::clone(&server), length));
        }
        clients.join_all().await;
        Ok(server.tally.outcome())
    })
}

#[derive(Debug)]
struct Server {
    probability: f64,
    tally: Tally,
}

impl Server {
    /// The same attempt of the same call fails whatever the policy, if it is made.
    async fn answer(&self, client: u64, call: u64, attempt: u32) -> Result<(), Refused> {
        self.tally.request();
        sleep(ANSWER_AFTER).await;
        if chance(SEED, [client, call, u64::from(attempt)]) < self.probability {
            Err(Refused)
        } else {
            Ok(())
        }
    }
}

async fn client(number: u64, retry: Retry, server: Arc<Server>, length: Duration) {
    let mut calls = JoinSet::new();
    let mut now = Duration::ZERO;
    let arrivals = Arrivals::new(!SEED, number, RATE, |_| RATE, length);
    for (call, moment) in (0..).zip(arrivals) {
        sleep(moment - now).await;
        now = moment;
        let retry = retry.clone();
        let server = Arc::clone(&server);
        calls.spawn(async move {
            let answer = retry
                .call(|attempt| server.answer(number, call, attempt.number()))
                .await;
            server.tally.call_ended(answer.is_ok());
        });
    }
    calls.join_all().await;
}
