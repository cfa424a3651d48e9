//! Building a budget: one method for each setting.

use std::sync::Arc;
use std::time::Duration;

use super::Budget;
use super::config::BudgetConfig;
use crate::error::{ConfigError, FieldError};

/// The settings of a [`Budget`], made by [`Budget::builder`].
///
/// They are checked together in [`build`](Self::build); nothing is clamped to a legal value.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before `build`"]
pub struct BudgetBuilder {
    name: Arc<str>,
    config: BudgetConfig,
}

impl BudgetBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: BudgetConfig::default(),
        }
    }

    /// How many retries and hedges each call allows: at least 0, at most 10. Default 0.2, one for
    /// every five calls, so that a dependency which fails every call gets at most 1.2 times its
    /// traffic; Finagle's and linkerd's value. 0 leaves [`min_per_second`](Self::min_per_second) only.
    pub fn share(mut self, share: f64) -> Self {
        self.config.share = share;
        self
    }

    /// How many retries and hedges are allowed per second whatever the traffic, over the whole
    /// [`window`](Self::window): at least 0, at most a million. Default 1, so that a client of few
    /// calls can retry at all. They may come all at once: with the other defaults, ten in a row after
    /// a quiet time. Every process has a budget of its own: a thousand of them may send a thousand
    /// retries a second between them.
    pub fn min_per_second(mut self, min_per_second: f64) -> Self {
        self.config.min_per_second = min_per_second;
        self
    }

    /// How long calls, retries and hedges are remembered: 1 s to 60 s. Default 10 s, as in Finagle.
    /// Longer carries a burst of retries on the calls of a while ago; shorter follows the traffic.
    pub fn window(mut self, window: Duration) -> Self {
        self.config.window = window;
        self
    }

    /// Sets everything but the name.
    pub fn config(mut self, config: BudgetConfig) -> Self {
        self.config = config;
        self
    }

    /// Checks the settings and builds the budget, with nothing in its window.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with **every** setting that breaks its rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Budget;
    ///
    /// let error = Budget::builder("payments")
    ///     .share(-0.2)
    ///     .window(Duration::ZERO)
    ///     .build()
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "budget \"payments\" is misconfigured: share = -0.2 (must be at least 0 and at most 10); \
    ///      window = 0ns (must be at least 1 s and at most 60 s)"
    /// );
    /// ```
    pub fn build(self) -> Result<Budget, ConfigError> {
        let mut fields = self.config.broken_fields();
        if self.name.is_empty() {
            let error = FieldError::new("name", &self.name, "must not be empty");
            fields.insert(0, error);
        }
        if fields.is_empty() {
            Ok(Budget::new(self.name, self.config))
        } else {
            Err(ConfigError::new("budget", self.name, fields))
        }
    }
}
