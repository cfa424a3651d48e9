//! The settings of a retry.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::{Backoff, Growth, Jitter};
use crate::budget::Budget;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{ConfigError, FieldError};
use crate::observer::Observer;
use crate::observers::Observers;
use crate::policy::Policy;
use crate::retry::Retry;
use crate::shared::Shared;

/// The settings of a [`Retry`], made by [`Retry::builder`].
///
/// Settings are checked together in [`build`](Self::build); nothing is clamped to a legal value.
#[must_use = "a builder does nothing before `build`"]
#[derive(Clone)]
pub struct Builder {
    name: Arc<str>,
    config: Config,
    jitter_seed: Option<u64>,
    deadline: Option<Deadline>,
    budget: Option<Budget>,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            jitter_seed: None,
            deadline: None,
            budget: None,
            observers: Vec::new(),
        }
    }

    /// Sets everything that a [`Config`] holds, in place of what was set before.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How many attempts a call makes at most, the first one included: at least 1, which never
    /// retries. Default 5, which with the other defaults is at most 1.5 s of backoff in all.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.config.max_attempts = max_attempts;
        self
    }

    /// Sets the whole schedule of backoffs at once: their growth, base, longest, multiplier and
    /// jitter.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter, Retry};
    ///
    /// const POLLING: Backoff = Backoff::constant(Duration::from_secs(5)).jitter(Jitter::Equal);
    /// let retry = Retry::builder("export").backoff(POLLING).max_attempts(100).build()?;
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.config.set_backoff(backoff);
        self
    }

    /// How backoffs grow from one to the next. Default [`Growth::Exponential`], which leaves a
    /// dependency that stays down alone more and more.
    pub fn growth(mut self, growth: Growth) -> Self {
        self.config.growth = growth;
        self
    }

    /// The backoff before the first retry. Default 100 ms. Zero retries at once, every time, and
    /// needs no timer. tokio's timer counts in milliseconds and rounds up.
    pub fn base_backoff(mut self, base_backoff: Duration) -> Self {
        self.config.base_backoff = base_backoff;
        self
    }

    /// The longest backoff, jitter included: at least `base_backoff`. Default 30 s, so that a
    /// dependency that is back is noticed within half a minute.
    pub fn max_backoff(mut self, max_backoff: Duration) -> Self {
        self.config.max_backoff = max_backoff;
        self
    }

    /// How many times longer each backoff is than the one before: finite and at least 1, which makes
    /// it constant. For the growths that have one: exponential, default 2, and decorrelated, default
    /// 3.
    pub fn backoff_multiplier(mut self, backoff_multiplier: f64) -> Self {
        self.config.backoff_multiplier = Some(backoff_multiplier);
        self
    }

    /// How much of each backoff is left to chance. Default [`Jitter::Full`], which spreads clients
    /// that failed together best. Not for the decorrelated growths, which are random by themselves.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.config.jitter = Some(jitter);
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
    /// An asynchronous attempt that is under way when the time is over is dropped. A wait that would
    /// use up the time is not begun; the call ends at once instead. A blocking attempt cannot be cut
    /// off: give it [`Attempt::remaining`](crate::Attempt::remaining) as its timeout.
    pub fn max_elapsed(mut self, max_elapsed: Duration) -> Self {
        self.config.max_elapsed = Some(max_elapsed);
        self
    }

    /// The moment by which every call of this retry must be over, for one that serves a single job.
    /// Holds beside `max_elapsed` and the deadline of [a call](Retry::deadline); the earliest counts.
    /// Default: none.
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long one asynchronous attempt may take: longer than zero. Default: as long as it wants.
    ///
    /// One that takes longer is dropped and retried as if it had failed, whatever the classifier: it
    /// sees results alone. What the attempt had sent by then may be done all the same, so set this for
    /// operations alone that may happen twice. Blocking attempts cannot be cut off and are not.
    ///
    /// # From when it counts
    ///
    /// From the end of the attempt's first poll. Nothing can cut off a future before that, not even one
    /// that computes for a second before it first waits; that second is no part of the timeout, nor of
    /// [`Failure::TimedOut`](crate::Failure::TimedOut). So an attempt that is ready at its first poll
    /// costs no look at the clock, and no timer.
    ///
    /// Where the clock is read anyway when an attempt begins, it counts from that beginning: in calls with
    /// `max_elapsed`, a deadline or a budget. Such an attempt may be cut off right after its first poll.
    ///
    /// This timeout alone does not make a call look at the clock sooner than one without limits:
    /// [`Attempt::elapsed`](crate::Attempt::elapsed) and
    /// [`Exhausted::elapsed`](crate::Exhausted::elapsed) say what such a call leaves out, and
    /// [`Attempt::remaining`](crate::Attempt::remaining) is `None`.
    pub fn attempt_timeout(mut self, attempt_timeout: Duration) -> Self {
        self.config.attempt_timeout = Some(attempt_timeout);
        self
    }

    /// The longest wait that a classifier may ask for with
    /// [`Verdict::RetryAfter`](crate::Verdict::RetryAfter) or
    /// [`Verdict::Rejected`](crate::Verdict::Rejected). Default 30 s. A longer one ends the call
    /// at once: waiting less than asked for would be a call that is known to be in vain. Zero
    /// accepts no wait at all.
    pub fn max_retry_after(mut self, max_retry_after: Duration) -> Self {
        self.config.max_retry_after = max_retry_after;
        self
    }

    /// How many failed attempts [`Exhausted::history`](crate::Exhausted::history) tells of beside the
    /// last: the first and the latest; at most 1000. Default 8. They are kept, with their errors, until
    /// the call ends. With 0 a failed attempt leaves nothing, and costs no allocation.
    pub fn history(mut self, history: usize) -> Self {
        self.config.history = history;
        self
    }

    /// Takes every retry from this budget, which others may share. It counts the calls of this retry
    /// too, unless it is [for spending only](Budget::spending_only). Default: the one of the
    /// [`Config`], if that has one; otherwise retries are limited by nothing but the call's own limits.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
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
        let fields = self.broken_fields();
        if !fields.is_empty() {
            return Err(ConfigError::new("retry", self.name, fields));
        }
        let Self {
            name,
            config,
            jitter_seed,
            deadline,
            budget,
            observers,
        } = self;
        let budget = match (budget, &config.budget) {
            (None, Some(config)) => {
                let builder = Budget::builder(Arc::clone(&name));
                Some(builder.config(*config).build()?)
            }
            (budget, _) => budget,
        };
        let policy = Policy::new(config, deadline.map(Deadline::instant), budget.is_some());
        let seed = jitter_seed.unwrap_or_else(rand::random);
        let observers = Observers::new(observers, |observer| observer.wants_retries());
        let shared = Shared::new(name, policy, budget, seed, observers);
        Ok(Retry::new(Arc::new(shared)))
    }

    fn broken_fields(&self) -> Vec<FieldError> {
        let mut broken = Vec::new();
        if self.name.is_empty() {
            broken.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        broken.extend(self.config.broken_fields());
        if let (Some(budget), Some(_)) = (&self.budget, &self.config.budget) {
            broken.push(FieldError::two_budgets(budget));
        }
        broken
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("jitter_seed", &self.jitter_seed)
            .field("deadline", &self.deadline)
            .field("budget", &self.budget.as_ref().map(Budget::name))
            .field("observers", &self.observers.len())
            .finish()
    }
}
