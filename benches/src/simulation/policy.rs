//! The ways to retry that are compared.

use std::fmt;

use steadfast_retry::{Budget, Builder, ConfigError, Retry};

/// What a client does when an attempt fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// It gives up.
    NoRetry,
    /// It retries up to three times.
    ThreeRetries,
    /// It retries up to three times, as far as a budget of its own allows.
    OwnBudget,
    /// It retries up to three times, as far as one budget of all clients allows.
    SharedBudget,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::NoRetry,
        Self::ThreeRetries,
        Self::OwnBudget,
        Self::SharedBudget,
    ];

    /// The most requests for a call that the policy lets through in the long run, with so many clients
    /// at so many calls a second each. Nothing for none: that depends on the failures.
    #[must_use]
    pub fn bound(self, clients: u64, rate: f64) -> Option<f64> {
        match self {
            Self::NoRetry => Some(1.0),
            Self::ThreeRetries => None,
            Self::OwnBudget => Some(1.0 + SHARE + MIN_PER_SECOND / rate),
            Self::SharedBudget => Some(1.0 + SHARE + MIN_PER_SECOND / (rate * clients as f64)),
        }
    }

    /// A retry for each client, with the further `settings`.
    pub(crate) fn retries(
        self,
        clients: u64,
        settings: impl Fn(Builder) -> Builder,
    ) -> Result<Vec<Retry>, ConfigError> {
        let shared = budget("all clients")?;
        (0..clients)
            .map(|client| {
                let builder = settings(Retry::builder(format!("client {client}")));
                let builder = builder.jitter_seed(client);
                match self {
                    Self::NoRetry => builder.max_attempts(1),
                    Self::ThreeRetries => builder.max_attempts(4),
                    Self::OwnBudget => builder.max_attempts(4).budget(budget("one client")?),
                    Self::SharedBudget => builder.max_attempts(4).budget(shared.clone()),
                }
                .build()
            })
            .collect()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRetry => "no retry",
            Self::ThreeRetries => "three retries",
            Self::OwnBudget => "three retries + budget each",
            Self::SharedBudget => "three retries + shared budget",
        })
    }
}

/// The budget of all simulations.
pub(crate) fn budget(name: &str) -> Result<Budget, ConfigError> {
    Budget::builder(name)
        .share(SHARE)
        .min_per_second(MIN_PER_SECOND)
        .build()
}

/// How many retries a budget grants for each call.
pub const SHARE: f64 = 0.2;

/// How many retries a second a budget grants whatever the calls.
pub const MIN_PER_SECOND: f64 = 1.0;
