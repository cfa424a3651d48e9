//! Three tiers above a server at the bottom: retries at each of them multiply.
//!
//! A call of the first tier calls the second, that one the third, and that one the bottom. A tier that
//! was not answered fails towards the one above it, which may then try again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadfast_retry::{ConfigError, Retry};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::arrivals::Arrivals;
use super::chance::chance;
use super::outcome::{Outcome, Tally};
use super::policy::budget;
use super::{ANSWER_AFTER, Failure, Refused, in_virtual_time};

/// How many calls a second come to the first tier, on average.
pub const RATE: f64 = 100.0;

/// How many attempts a tier makes that retries, the first included.
pub const ATTEMPTS: u32 = 3;

const SEED: u64 = 20_240_515;

/// Which tiers retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retries {
    /// No tier.
    Nowhere,
    /// All three.
    EveryTier,
    /// The first alone.
    TopTier,
    /// All three, each with a budget of its own.
    BudgetInEveryTier,
}

impl Retries {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Nowhere,
        Self::EveryTier,
        Self::TopTier,
        Self::BudgetInEveryTier,
    ];

    fn tier(self, number: u32) -> Result<Retry, ConfigError> {
        let builder = Retry::builder(format!("tier {number}")).base_backoff(Duration::ZERO);
        match self {
            Self::EveryTier => builder.max_attempts(ATTEMPTS),
            Self::TopTier if number == 1 => builder.max_attempts(ATTEMPTS),
            Self::Nowhere | Self::TopTier => builder.max_attempts(1),
            Self::BudgetInEveryTier => builder.max_attempts(ATTEMPTS).budget(budget("tier")?),
        }
        .build()
    }
}

impl fmt::Display for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nowhere => "nowhere",
            Self::EveryTier => "at every tier",
            Self::TopTier => "at the top tier alone",
            Self::BudgetInEveryTier => "at every tier + budget each",
        })
    }
}

/// Sends calls for this `length` of virtual time through the tiers to a server that fails each request
/// with this `probability`.
///
/// # Errors
/// When the runtime does not start, or our own settings break their rules.
pub fn run(retries: Retries, probability: f64, length: Duration) -> Result<Outcome, Failure> {
    in_virtual_time(async {
        let chain = Arc::new(Chain {
            tiers: [retries.tier(1)?, retries.tier(2)?, retries.tier(3)?],
            probability,
            tally: Tally::default(),
        });
        let mut calls = JoinSet::new();
        let mut now = Duration::ZERO;
        for (call, moment) in (0..).zip(Arrivals::new(!SEED, 0, RATE, |_| RATE, length)) {
            sleep(moment - now).await;
            now = moment;
            let chain = Arc::clone(&chain);
            calls.spawn(async move {
                let answer = chain.call(call).await;
                chain.tally.call_ended(answer.is_ok());
            });
        }
        calls.join_all().await;
        Ok(chain.tally.outcome())
    })
}

#[derive(Debug)]
struct Chain {
    tiers: [Retry; 3],
    probability: f64,
    tally: Tally,
}

impl Chain {
    async fn call(&self, call: u64) -> Result<(), Refused> {
        let [first, second, third] = &self.tiers;
        first
            .call(async |at_first| {
                second
                    .call(async |at_second| {
                        third
                            .call(async |at_third| {
                                let attempts = [at_first, at_second, at_third].map(|a| a.number());
                                self.bottom(call, attempts).await
                            })
                            .await
                            .map_err(|_| Refused)
                    })
                    .await
                    .map_err(|_| Refused)
            })
            .await
            .map_err(|_| Refused)
    }

    async fn bottom(&self, call: u64, attempts: [u32; 3]) -> Result<(), Refused> {
        self.tally.request();
        sleep(ANSWER_AFTER).await;
        let path = attempts.into_iter().fold(0, |path, attempt| {
            path * u64::from(ATTEMPTS + 1) + u64::from(attempt)
        });
        if chance(SEED, [call, path, 0]) < self.probability {
            Err(Refused)
        } else {
            Ok(())
        }
    }
}
