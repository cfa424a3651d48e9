//! The settings of a client: their defaults, and the patterns they describe.
//!
//! Rules that belong to a pattern are that pattern's own: a trial build asks it, and its complaints
//! become the client's, under the same field names.

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::{Budget, BudgetConfig, Hedge, HedgeConfig, Retry};

use crate::config_error::FieldError;
use crate::propagation::Propagation;
#[cfg(feature = "rate-limit")]
use crate::rate_limit::Rate;
use crate::url::BaseUrl;
use crate::versions::Versions;

/// The defaults, in one place; the README's table is held to them by a test. Those of the breakers are
/// the breaker's own.
pub(crate) mod defaults {
    use std::time::Duration;

    pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
    pub(crate) const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
    pub(crate) const MAX_ATTEMPTS: u32 = 3;
    pub(crate) const BASE_BACKOFF: Duration = Duration::from_millis(100);
    pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(5);
    pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
    pub(crate) const MAX_THROTTLE: Duration = Duration::from_secs(600);
    pub(crate) const MAX_CONCURRENT: usize = 64;
    pub(crate) const MAX_WAITING: usize = 64;
    pub(crate) const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);
    pub(crate) const MAX_AUTHORITIES: usize = 1024;
    pub(crate) const BUDGET_SHARE: f64 = 0.2;
    pub(crate) const BUDGET_MIN_PER_SECOND: f64 = 3.0;
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) attempt_timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) base_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) jitter_seed: Option<u64>,
    pub(crate) max_retry_after: Duration,
    pub(crate) max_throttle: Duration,
    pub(crate) max_concurrent: usize,
    pub(crate) max_waiting: usize,
    pub(crate) checkout_timeout: Duration,
    pub(crate) breaker: steadfast_breaker::Config,
    /// `None` if retries have no budget, or one that was given.
    pub(crate) budget: Option<BudgetConfig>,
    pub(crate) hedge: Option<HedgeConfig>,
    pub(crate) coalesce: bool,
    /// reqwest's, which does not check it.
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) max_response_bytes: Option<u64>,
    pub(crate) propagation: Option<Propagation>,
    #[cfg(feature = "rate-limit")]
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) max_authorities: usize,
    /// `None`: redirects are reqwest's.
    pub(crate) own_redirects: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            attempt_timeout: defaults::ATTEMPT_TIMEOUT,
            total_timeout: defaults::TOTAL_TIMEOUT,
            max_attempts: defaults::MAX_ATTEMPTS,
            base_backoff: defaults::BASE_BACKOFF,
            max_backoff: defaults::MAX_BACKOFF,
            jitter_seed: None,
            max_retry_after: defaults::MAX_RETRY_AFTER,
            max_throttle: defaults::MAX_THROTTLE,
            max_concurrent: defaults::MAX_CONCURRENT,
            max_waiting: defaults::MAX_WAITING,
            checkout_timeout: defaults::CHECKOUT_TIMEOUT,
            breaker: steadfast_breaker::Config::default(),
            budget: Some(default_budget()),
            hedge: None,
            coalesce: false,
            connect_timeout: None,
            read_timeout: None,
            max_response_bytes: None,
            propagation: None,
            #[cfg(feature = "rate-limit")]
            rate_limit: None,
            max_authorities: defaults::MAX_AUTHORITIES,
            own_redirects: None,
        }
    }
}

pub(crate) fn default_budget() -> BudgetConfig {
    let mut budget = BudgetConfig::default();
    budget.share = defaults::BUDGET_SHARE;
    budget.min_per_second = defaults::BUDGET_MIN_PER_SECOND;
    budget
}

/// The waits with which a classifier tells [`Retry`] that there is no other attempt. Limits may be those of
/// a request, so the verdict on a wait is the request's; the retry is set up to read a wait that nobody
/// could sit out as a no, and to count it under its reason.
pub(crate) mod no_wait {
    use std::time::Duration;

    /// The server asks for more than `max_retry_after`. Longer than the retry's.
    pub(crate) const TOO_LONG: Duration = Duration::MAX;

    /// What a request without a deadline can wait: no longer than the retry does.
    pub(crate) const LONGEST: Duration = Duration::from_secs(u64::MAX / 8);
}

impl Settings {
    /// What requests draw their waits from: they have to know a wait before they judge whether it fits
    /// into their deadline. It is never called.
    pub(crate) fn schedule(&self, name: &str) -> Result<Retry, steadfast_retry::ConfigError> {
        let mut config = steadfast_retry::Config::default();
        self.describe_schedule(&mut config);
        let mut builder = Retry::builder(name).config(config);
        if let Some(seed) = self.jitter_seed {
            builder = builder.jitter_seed(seed);
        }
        builder.build()
    }

    pub(crate) fn describe_schedule(&self, config: &mut steadfast_retry::Config) {
        config.max_attempts = self.max_attempts;
        config.base_backoff = self.base_backoff;
        config.max_backoff = self.max_backoff;
    }

    /// The retry that every request of the client goes through. It draws no waits of its own.
    pub(crate) fn retry(&self, name: &str) -> Result<Retry, steadfast_retry::ConfigError> {
        Retry::builder(name)
            .max_attempts(self.max_attempts)
            .base_backoff(Duration::ZERO)
            .max_retry_after(no_wait::LONGEST)
            .history(0)
            .build()
    }

    /// The budget of the client's retries and hedges.
    pub(crate) fn budget(
        &self,
        name: &str,
    ) -> Result<Option<Budget>, steadfast_retry::ConfigError> {
        self.budget
            .map(|config| Budget::builder(name).config(config).build())
            .transpose()
    }

    /// The hedge of the client's requests, if they are hedged.
    pub(crate) fn hedge(
        &self,
        name: &str,
        budget: Option<&Budget>,
    ) -> Result<Option<Hedge>, steadfast_retry::ConfigError> {
        self.hedge
            .map(|config| hedge(name, config, budget))
            .transpose()
    }

    fn breaker(&self, name: &str) -> Result<CircuitBreaker, steadfast_breaker::ConfigError> {
        CircuitBreaker::builder(name)
            .config(self.breaker.clone())
            .build()
    }

    fn bulkhead(&self, name: &str) -> Result<Bulkhead, steadfast_bulkhead::ConfigError> {
        let config = self.bulkhead_config(steadfast_bulkhead::Config::default());
        Bulkhead::builder(name).config(config).build()
    }

    /// What the client says of its bulkheads, and the rest as it is.
    pub(crate) fn bulkhead_config(
        &self,
        mut config: steadfast_bulkhead::Config,
    ) -> steadfast_bulkhead::Config {
        config.max_concurrent = self.max_concurrent;
        config.max_waiting = self.max_waiting;
        config.checkout_timeout = self.checkout_timeout;
        config
    }

    /// Every setting that breaks its rule, in the order of the builder's methods.
    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let mut fields = Vec::new();
        fields.extend(self.base_url.as_ref().and_then(BaseUrl::broken));
        for (field, timeout) in [
            ("attempt_timeout", self.attempt_timeout),
            ("total_timeout", self.total_timeout),
        ] {
            if timeout.is_zero() {
                fields.push(FieldError::new(field, &timeout, "must be longer than zero"));
            }
        }
        for (field, timeout) in [
            ("read_timeout", self.read_timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            if let Some(Duration::ZERO) = timeout {
                let rule = "must be longer than zero";
                fields.push(FieldError::new(field, &Duration::ZERO, rule));
            }
        }
        if let Some(0) = self.max_response_bytes {
            fields.push(FieldError::new(
                "max_response_bytes",
                &0,
                "must be at least 1",
            ));
        }
        if let Err(error) = self.budget("trial") {
            fields.extend(error.fields().iter().map(|of| {
                let field = match of.field {
                    "share" => "budget_share",
                    "min_per_second" => "budget_min_per_second",
                    other => other,
                };
                FieldError::of(field, &of.value, of.rule)
            }));
        }
        if let Err(error) = self.hedge("trial", None) {
            fields.extend(error.fields().iter().map(|of| {
                let field = match of.field {
                    "percentile" => "hedge_percentile",
                    "warm_up" => "hedge_warm_up",
                    "max_hedges" => "hedge_max_hedges",
                    other => other,
                };
                FieldError::of(field, &of.value, of.rule)
            }));
        }
        // The name is the client's to complain about.
        if let Err(error) = self.schedule("trial") {
            let broken = error.fields().iter();
            fields.extend(broken.map(|of| FieldError::of(of.field, &of.value, of.rule)));
        }
        if let Err(error) = self.bulkhead("trial") {
            let broken = error.fields().iter();
            fields.extend(broken.map(|of| FieldError::of(of.field, &of.value, of.rule)));
        }
        if let Err(error) = self.breaker("trial") {
            let broken = error.fields().iter();
            fields.extend(broken.map(|of| FieldError::of(of.field, &of.value, of.rule)));
        }
        if let Some(propagation) = &self.propagation {
            propagation.broken_fields(&mut fields);
        }
        #[cfg(feature = "rate-limit")]
        if let Some(rate) = self.rate_limit {
            rate.broken_fields(&mut fields);
        }
        if let Some(0) = self.own_redirects {
            fields.push(FieldError::new("own_redirects", &0, "must be at least 1"));
        }
        if self.max_authorities == 0 {
            fields.push(FieldError::new(
                "max_authorities",
                &self.max_authorities,
                "must be at least 1",
            ));
        }
        fields
    }
}

/// A hedge that spends what is left of a client's budget. The calls are counted where they are retried.
pub(crate) fn hedge(
    name: &str,
    config: HedgeConfig,
    budget: Option<&Budget>,
) -> Result<Hedge, steadfast_retry::ConfigError> {
    let builder = Hedge::builder(name).config(config);
    match budget {
        Some(budget) => builder.budget(budget.spending_only()).build(),
        None => builder.unbudgeted().build(),
    }
}

/// Makes the patterns of new authorities. Its settings have been checked.
#[derive(Debug)]
pub(crate) struct Patterns {
    client: Arc<str>,
    settings: Arc<Versions<Settings>>,
}

impl Patterns {
    /// No version of `settings` must have broken fields.
    pub(crate) fn new(client: Arc<str>, settings: Arc<Versions<Settings>>) -> Self {
        Self { client, settings }
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.settings.newest()
    }

    /// A breaker and a bulkhead called `client/authority`.
    pub(crate) fn make(&self, settings: &Settings, authority: &str) -> (CircuitBreaker, Bulkhead) {
        let name = format!("{}/{authority}", self.client);
        let breaker = settings.breaker(&name);
        let bulkhead = settings.bulkhead(&name);
        (
            breaker.expect("settings are checked before they are the client's"),
            bulkhead.expect("settings are checked before they are the client's"),
        )
    }
}
