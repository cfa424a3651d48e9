//! The settings of a retry.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::{Backoff, Growth, Jitter};
use crate::error::{ConfigError, FieldError};
use crate::observer::Observer;
use crate::policy::Policy;
use crate::retry::Retry;

/// The settings of a [`Retry`], made by [`Retry::builder`].
///
/// Settings are checked together in [`build`](Self::build); nothing is clamped to a legal value.
#[must_use = "a builder does nothing before `build`"]
#[derive(Clone)]
pub struct Builder {
    name: Arc<str>,
    max_attempts: u32,
    backoff: Backoff,
    jitter_seed: Option<u64>,
    max_elapsed: Option<Duration>,
    max_retry_after: Duration,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            max_attempts: defaults::MAX_ATTEMPTS,
            backoff: Backoff::of(Growth::Exponential, defaults::BASE_BACKOFF)
                .max(defaults::MAX_BACKOFF)
                .multiplier(defaults::BACKOFF_MULTIPLIER)
                .jitter(defaults::JITTER),
            jitter_seed: None,
            max_elapsed: None,
            max_retry_after: defaults::MAX_RETRY_AFTER,
            observers: Vec::new(),
        }
    }

    /// How many attempts a call makes at most, the first one included: at least 1, which never
    /// retries. Default 5, which with the other defaults is at most 1.5 s of backoff in all.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// The backoff before the first retry. Default 100 ms. Zero retries at once, every time, and
    /// needs no timer. tokio's timer counts in milliseconds and rounds up.
    pub fn base_backoff(mut self, base_backoff: Duration) -> Self {
        self.backoff.base = base_backoff;
        self
    }

    /// The longest backoff, jitter included: at least `base_backoff`. Default 30 s, so that a
    /// dependency that is back is noticed within half a minute.
    pub fn max_backoff(mut self, max_backoff: Duration) -> Self {
        self.backoff.cap = max_backoff;
        self
    }

    /// How many times longer each backoff is than the one before: finite and at least 1, which makes
    /// it constant. Default 2.
    pub fn backoff_multiplier(mut self, backoff_multiplier: f64) -> Self {
        self.backoff.multiplier = backoff_multiplier;
        self
    }

    /// How much of each backoff is left to chance. Default [`Jitter::Full`], which spreads clients
    /// that failed together best.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.backoff.jitter = jitter;
        self
    }

    /// Makes the jitter repeatable, for tests: the first call that retries draws the same waits in
    /// every run, so does the second, and so on. They still differ from call to call. Default: a
    /// seed from the operating system's randomness.
    pub fn jitter_seed(mut self, jitter_seed: u64) -> Self {
        self.jitter_seed = Some(jitter_seed);
        self
    }

    /// How long a call may take, attempts and waits together, by the clock: longer than zero.
    /// Default: no limit but `max_attempts`.
    ///
    /// A wait that would pass the limit is not begun; the call ends at once instead. An attempt that
    /// is under way is not cut off: give it [`Attempt::remaining`](crate::Attempt::remaining) as its
    /// timeout if the call must be over by then.
    pub fn max_elapsed(mut self, max_elapsed: Duration) -> Self {
        self.max_elapsed = Some(max_elapsed);
        self
    }

    /// The longest wait that a classifier may ask for with
    /// [`Verdict::RetryAfter`](crate::Verdict::RetryAfter). Default 30 s. A longer one ends the call
    /// at once: waiting less than asked for would be a call that is known to be in vain. Zero
    /// accepts no wait at all.
    pub fn max_retry_after(mut self, max_retry_after: Duration) -> Self {
        self.max_retry_after = max_retry_after;
        self
    }

    /// Is told of retries and give-ups. May be given more than once; each one is told. Default:
    /// nobody is.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Checks the settings and builds the retry.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with **every** setting that breaks its rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_retry::Retry;
    ///
    /// let error = Retry::builder("payments")
    ///     .max_attempts(0)
    ///     .backoff_multiplier(f64::NAN)
    ///     .build()
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "retry \"payments\" is misconfigured: max_attempts = 0 (must be at least 1); \
    ///      backoff_multiplier = NaN (must be finite and at least 1)"
    /// );
    /// ```
    pub fn build(self) -> Result<Retry, ConfigError> {
        let fields = self.broken_rules();
        if !fields.is_empty() {
            return Err(ConfigError::new("retry", self.name, fields));
        }
        let policy = Policy {
            max_attempts: self.max_attempts,
            backoff: self.backoff,
            seed: self.jitter_seed.unwrap_or_else(rand::random),
            max_elapsed: self.max_elapsed,
            max_retry_after: self.max_retry_after,
        };
        Ok(Retry::new(self.name, policy, self.observers))
    }

    fn broken_rules(&self) -> Vec<FieldError> {
        let Backoff {
            base,
            cap,
            multiplier,
            ..
        } = self.backoff;
        let mut broken = Vec::new();
        if self.name.is_empty() {
            broken.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        if self.max_attempts == 0 {
            broken.push(FieldError::new(
                "max_attempts",
                &self.max_attempts,
                "must be at least 1",
            ));
        }
        if cap < base {
            broken.push(FieldError::new(
                "max_backoff",
                &cap,
                "must be at least base_backoff",
            ));
        }
        if !(multiplier.is_finite() && multiplier >= 1.0) {
            broken.push(FieldError::new(
                "backoff_multiplier",
                &multiplier,
                "must be finite and at least 1",
            ));
        }
        if self.max_elapsed == Some(Duration::ZERO) {
            broken.push(FieldError::new(
                "max_elapsed",
                &Duration::ZERO,
                "must be longer than zero",
            ));
        }
        broken
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("max_attempts", &self.max_attempts)
            .field("base_backoff", &self.backoff.base)
            .field("max_backoff", &self.backoff.cap)
            .field("backoff_multiplier", &self.backoff.multiplier)
            .field("jitter", &self.backoff.jitter)
            .field("jitter_seed", &self.jitter_seed)
            .field("max_elapsed", &self.max_elapsed)
            .field("max_retry_after", &self.max_retry_after)
            .field("observers", &self.observers.len())
            .finish()
    }
}

/// The defaults, which the README's table repeats and a test compares with it.
mod defaults {
    use std::time::Duration;

    use crate::backoff::Jitter;

    pub(super) const MAX_ATTEMPTS: u32 = 5;
    pub(super) const BASE_BACKOFF: Duration = Duration::from_millis(100);
    pub(super) const MAX_BACKOFF: Duration = Duration::from_secs(30);
    pub(super) const BACKOFF_MULTIPLIER: f64 = 2.0;
    pub(super) const JITTER: Jitter = Jitter::Full;
    pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
}
