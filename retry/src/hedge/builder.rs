//! Building a hedge: one method for each setting.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Hedge;
use super::config::{HedgeConfig, HedgeTrigger, defaults};
use super::observer::HedgeObserver;
use super::shared::Shared;
use crate::budget::Budget;
use crate::error::{ConfigError, FieldError};

/// The settings of a [`Hedge`], made by [`Hedge::builder`].
///
/// [`delay`](Self::delay), [`percentile`](Self::percentile) and
/// [`on_failure_only`](Self::on_failure_only) are three answers to one question, when a hedge is sent:
/// the last one given counts. Settings are checked together in [`build`](Self::build); nothing is
/// clamped to a legal value.
#[derive(Clone)]
#[must_use = "a builder does nothing before `build`"]
pub struct HedgeBuilder {
    name: Arc<str>,
    config: HedgeConfig,
    budget: Budgeted,
    observers: Vec<Arc<dyn HedgeObserver>>,
}

/// What limits the hedges of all calls together.
#[derive(Debug, Clone)]
enum Budgeted {
    ByItsOwn,
    By(Budget),
    Not,
}

impl HedgeBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: HedgeConfig::default(),
            budget: Budgeted::ByItsOwn,
            observers: Vec::new(),
        }
    }

    /// Sends a hedge when the call has gone on for this long, the second when it has for twice as long,
    /// and so on. Zero begins them all at the first poll of the call, if the primary is not ready at it.
    /// tokio's timer counts in milliseconds and rounds up.
    ///
    /// A fixed delay must be chosen against a measured latency, and goes on to be right only as long as
    /// that does: too short and every call is sent twice, which the budget then prevents. Prefer
    /// [`percentile`](Self::percentile) where in doubt.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.config.trigger = HedgeTrigger::Delay(delay);
        self
    }

    /// Sends a hedge when the call has gone on for longer than this share of the primaries did: 0.5 to
    /// 0.999. This is the default, with 0.95: at the 95th percentile, as "[The Tail at Scale]" has it,
    /// the extra load is about a twentieth and most of the tail is gone.
    ///
    /// The percentile is learned from the calls: of the last 1,024 to 2,048 of them, and up to 1/32
    /// above it. The second hedge is sent at twice the percentile, and so on.
    ///
    /// [The Tail at Scale]: https://research.google/pubs/the-tail-at-scale/
    pub fn percentile(mut self, percentile: f64) -> Self {
        self.config.trigger = HedgeTrigger::Percentile(percentile);
        self
    }

    /// Sends a hedge only when the attempt before has failed, and so never two at a time: retries
    /// without a wait. Implies [`hedge_failures`](Self::hedge_failures).
    pub fn on_failure_only(mut self) -> Self {
        self.config.trigger = HedgeTrigger::OnFailureOnly;
        self
    }

    /// The shortest delay that a [`percentile`](Self::percentile) leads to. Default 1 ms, the resolution
    /// of tokio's timer: where almost every call is answered from a cache at once, the 95th percentile
    /// is near zero, and without this every call that has to wait at all would be hedged at once. The
    /// same bound is in Finagle's filter. A fixed [`delay`](Self::delay) is not affected.
    pub fn min_delay(mut self, min_delay: Duration) -> Self {
        self.config.min_delay = min_delay;
        self
    }

    /// How many latencies must be known before a [`percentile`](Self::percentile) is used: at least 1.
    /// Default 100, of which five lie above the 95th percentile. Until then nothing is hedged but
    /// [failures](Self::hedge_failures).
    pub fn warm_up(mut self, samples: u32) -> Self {
        self.config.warm_up = samples;
        self
    }

    /// How many hedges a call sends at most: 1 to 10. Default 1: when two attempts are slow the cause
    /// rarely is one that a third one escapes.
    pub fn max_hedges(mut self, max_hedges: u32) -> Self {
        self.config.max_hedges = max_hedges;
        self
    }

    /// Whether a failed attempt sends the next hedge at once, if there is one left, in place of at its
    /// time. Default: no, hedges are against slowness, and failures are left to a
    /// [`Retry`](crate::Retry) outside. With it, a failure of any attempt counts, hedges included.
    pub fn hedge_failures(mut self, hedge_failures: bool) -> Self {
        self.config.hedge_failures = hedge_failures;
        self
    }

    /// The budget that all hedges come from; it can be the one of the retries of the same dependency.
    /// Default: one of the hedge's own, of the same name, with a share of 0.1, nothing per second
    /// besides, and a window of 10 s. So the extra load is at most a tenth, whatever happens to the
    /// latency, and a client of less than about one call a second gets no hedge.
    ///
    /// A call is recorded in it when its primary is not ready at its first poll. One that is has sent
    /// nothing worth a hedge, and reads no clock to say so. Where another layer counts the calls
    /// already, as a [`Retry`](crate::Retry) with the same budget around this does, give
    /// [`Budget::spending_only`].
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Budgeted::By(budget);
        self
    }

    /// No limit to the hedges of all calls together. A dependency that becomes slow then gets up to
    /// `1 + max_hedges` times its traffic, when it can bear it least.
    pub fn unbudgeted(mut self) -> Self {
        self.budget = Budgeted::Not;
        self
    }

    /// Sets everything but the name, the budget and the observers.
    pub fn config(mut self, config: HedgeConfig) -> Self {
        self.config = config;
        self
    }

    /// Is told of hedges sent and suppressed. May be given more than once; each one is told. Default:
    /// nobody is.
    pub fn observer(mut self, observer: impl HedgeObserver + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Checks the settings and builds the hedge.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with **every** setting that breaks its rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_retry::Hedge;
    ///
    /// let error = Hedge::builder("search").percentile(95.0).max_hedges(0).build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "hedge \"search\" is misconfigured: percentile = 95.0 (must be at least 0.5 and at most \
    ///      0.999); max_hedges = 0 (must be at least 1 and at most 10)"
    /// );
    /// ```
    pub fn build(self) -> Result<Hedge, ConfigError> {
        let mut fields = self.config.broken_fields();
        if self.name.is_empty() {
            fields.insert(0, FieldError::new("name", &self.name, "must not be empty"));
        }
        if !fields.is_empty() {
            return Err(ConfigError::new("hedge", self.name, fields));
        }
        let budget = match self.budget {
            Budgeted::ByItsOwn => Some(its_own(&self.name)?),
            Budgeted::By(budget) => Some(budget),
            Budgeted::Not => None,
        };
        let shared = Shared::new(self.name, self.config, budget, self.observers);
        Ok(Hedge::new(shared))
    }
}

fn its_own(name: &Arc<str>) -> Result<Budget, ConfigError> {
    Budget::builder(Arc::clone(name))
        .share(defaults::BUDGET_SHARE)
        .min_per_second(defaults::BUDGET_MIN_PER_SECOND)
        .window(defaults::BUDGET_WINDOW)
        .build()
}

impl fmt::Debug for HedgeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("budget", &self.budget)
            .field("observers", &self.observers.len())
            .finish()
    }
}
