//! Building a policy: its parts, and the rules they must obey.

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::{Hedge, Retry};

use super::error::{ConfigError, FieldError};
use super::{Policy, Shared};

/// What is wrong with the settings of a part, each with the part's name before its own. The name is the
/// policy's, whose own rule says all there is to say about it.
macro_rules! broken {
    ($part:literal, $error:expr) => {
        $error
            .fields()
            .iter()
            .filter(|field| field.field != "name")
            .map(|field| FieldError {
                field: format!(concat!($part, ".{}"), field.field),
                value: field.value.clone(),
                rule: field.rule,
            })
            .collect()
    };
}

/// Parts of a [`Policy`] to be; made by [`Policy::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    name: Arc<str>,
    total_timeout: Option<Duration>,
    hedge: Option<Hedge>,
    retry: Option<Part<Retry, steadfast_retry::Config>>,
    breaker: Option<Part<CircuitBreaker, steadfast_breaker::Config>>,
    bulkhead: Option<Part<Bulkhead, steadfast_bulkhead::Config>>,
    attempt_timeout: Option<Duration>,
}

/// A part that is there already, or is made with the policy, in its name.
#[derive(Debug, Clone)]
enum Part<P, C> {
    Given(P),
    Made(C),
}

impl Builder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            total_timeout: None,
            hedge: None,
            retry: None,
            breaker: None,
            bulkhead: None,
            attempt_timeout: None,
        }
    }

    /// How long a call may take with everything: all attempts, waits, places in line, and the fallback. Longer
    /// than zero. Default: as long as it takes.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// A second call while the first is slow. **Only for what may be done twice**: both may reach the other
    /// side. Default: none.
    pub fn hedge(mut self, hedge: Hedge) -> Self {
        self.hedge = Some(hedge);
        self
    }

    /// Further attempts after one that failed. **Only for what may be done twice**, unless the classifier tells
    /// what certainly was not done. Default: none.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(Part::Given(retry));
        self
    }

    /// The same, made from these settings and called like the policy. What is wrong with them is told by
    /// [`build`](Self::build), under the names of their fields.
    ///
    /// # Examples
    /// ```
    /// use steadfast::policy::Policy;
    /// use steadfast::{breaker, bulkhead, retry};
    ///
    /// let mut bulkhead = bulkhead::Config::default();
    /// bulkhead.max_concurrent = 4;
    /// let policy = Policy::builder("thumbnails")
    ///     .retry_config(retry::Config::default())
    ///     .breaker_config(breaker::Config::default())
    ///     .bulkhead_config(bulkhead)
    ///     .build()?;
    /// assert_eq!(policy.breaker().unwrap().name(), "thumbnails");
    /// # Ok::<_, steadfast::policy::ConfigError>(())
    /// ```
    pub fn retry_config(mut self, config: steadfast_retry::Config) -> Self {
        self.retry = Some(Part::Made(config));
        self
    }

    /// The circuit breaker that every attempt asks. Default: none.
    pub fn breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(Part::Given(breaker));
        self
    }

    /// The same, made from these settings and called like the policy.
    pub fn breaker_config(mut self, config: steadfast_breaker::Config) -> Self {
        self.breaker = Some(Part::Made(config));
        self
    }

    /// The bulkhead of which every attempt holds a place. Default: none.
    pub fn bulkhead(mut self, bulkhead: Bulkhead) -> Self {
        self.bulkhead = Some(Part::Given(bulkhead));
        self
    }

    /// The same, made from these settings and called like the policy.
    pub fn bulkhead_config(mut self, config: steadfast_bulkhead::Config) -> Self {
        self.bulkhead = Some(Part::Made(config));
        self
    }

    /// How long one attempt of the operation may take, without its time in line. Longer than zero, and not
    /// longer than the total timeout. Default: as long as it takes.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Builds the policy.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule: an empty name, a timeout of zero, an attempt
    /// timeout that is longer than the total one, and the settings of parts that are made here.
    pub fn build(self) -> Result<Policy, ConfigError> {
        let mut fields = self.broken_fields();
        let name = &self.name;
        let retry = part(self.retry, &mut fields, |config| {
            let built = Retry::builder(Arc::clone(name)).config(config).build();
            built.map_err(|error| broken!("retry", error))
        });
        let breaker = part(self.breaker, &mut fields, |config| {
            let builder = CircuitBreaker::builder(Arc::clone(name));
            let built = builder.config(config).build();
            built.map_err(|error| broken!("breaker", error))
        });
        let bulkhead = part(self.bulkhead, &mut fields, |config| {
            let built = Bulkhead::builder(Arc::clone(name)).config(config).build();
            built.map_err(|error| broken!("bulkhead", error))
        });
        if !fields.is_empty() {
            return Err(ConfigError::new(self.name, fields));
        }
        Ok(Policy::new(Shared {
            retry: retry.unwrap_or_else(|| single_attempt(&self.name)),
            name: self.name,
            total_timeout: self.total_timeout,
            hedge: self.hedge,
            breaker,
            bulkhead,
            attempt_timeout: self.attempt_timeout,
        }))
    }

    fn broken_fields(&self) -> Vec<FieldError> {
        let mut fields = Vec::new();
        if self.name.is_empty() {
            fields.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        for (field, timeout) in [
            ("total_timeout", self.total_timeout),
            ("attempt_timeout", self.attempt_timeout),
        ] {
            if let Some(timeout) = timeout.filter(Duration::is_zero) {
                fields.push(FieldError::new(field, &timeout, "must be longer than zero"));
            }
        }
        if let (Some(total), Some(attempt)) = (self.total_timeout, self.attempt_timeout) {
            if attempt > total && !total.is_zero() {
                fields.push(FieldError::new(
                    "attempt_timeout",
                    &attempt,
                    "must not be longer than total_timeout",
                ));
            }
        }
        fields
    }
}

/// The part, if there is to be one and it can be made.
fn part<P, C>(
    part: Option<Part<P, C>>,
    fields: &mut Vec<FieldError>,
    make: impl FnOnce(C) -> Result<P, Vec<FieldError>>,
) -> Option<P> {
    match part? {
        Part::Given(part) => Some(part),
        Part::Made(config) => match make(config) {
            Ok(part) => Some(part),
            Err(broken) => {
                fields.extend(broken);
                None
            }
        },
    }
}

/// What knows the time and never waits.
fn single_attempt(name: &Arc<str>) -> Retry {
    let builder = Retry::builder(Arc::clone(name)).max_attempts(1);
    builder
        .build()
        .expect("a retry of one attempt breaks no rule")
}
