use std::{fmt, sync::Arc, time::Duration};

use crate::{
    bulkhead::Bulkhead,
    error::{ConfigError, FieldError},
    gate::Gate,
    observer::{Observer, Observers},
    state::State,
};

/// Settings of a [`Bulkhead`], begun by [`Bulkhead::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`max_concurrent`](Self::max_concurrent) | 20 |
/// | [`max_waiting`](Self::max_waiting) | 100 |
/// | [`checkout_timeout`](Self::checkout_timeout) | 5 s |
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    pub(crate) name: Arc<str>,
    pub(crate) max_concurrent: usize,
    pub(crate) max_waiting: usize,
    pub(crate) checkout_timeout: Duration,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            max_concurrent: defaults::MAX_CONCURRENT,
            max_waiting: defaults::MAX_WAITING,
            checkout_timeout: defaults::CHECKOUT_TIMEOUT,
            observers: Vec::new(),
        }
    }

    /// Places: how many callers may run at a time. At least 1.
    ///
    /// Default 20: enough for a dependency that answers within 50 ms to serve 400 calls per
    /// second, and few enough that a hanging one holds only 20 tasks.
    pub fn max_concurrent(mut self, places: usize) -> Self {
        self.max_concurrent = places;
        self
    }

    /// How many callers may wait in line for a place. 0: never wait; a caller who finds all places
    /// busy is refused at once with [`Reason::Full`](crate::Reason::Full).
    ///
    /// Default 100: five times the places, so a burst passes, while an overload turns into quick
    /// refusals rather than into an endless queue.
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.max_waiting = callers;
        self
    }

    /// How long a caller waits in line at most. Longer than zero, unless `max_waiting` is 0.
    ///
    /// Default 5 s: shorter than the 10 to 30 s that most clients wait for their own answer.
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.checkout_timeout = timeout;
        self
    }

    /// Adds an observer; may be called several times. None by default.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Builds the bulkhead.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that lists every setting that breaks its rule: an empty name, no places,
    /// or a queue with a zero timeout.
    pub fn build(self) -> Result<Bulkhead, ConfigError> {
        let mut bad = Vec::new();
        self.check(&mut bad);
        ConfigError::check("bulkhead", &self.name, bad)?;
        Ok(self.build_checked())
    }

    pub(crate) fn check(&self, bad: &mut Vec<FieldError>) {
        if self.name.is_empty() {
            bad.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        if self.max_concurrent == 0 {
            bad.push(FieldError::new(
                "max_concurrent",
                &self.max_concurrent,
                "must be at least 1",
            ));
        }
        if self.checkout_timeout.is_zero() && self.max_waiting > 0 {
            bad.push(FieldError::new(
                "checkout_timeout",
                &self.checkout_timeout,
                "must be longer than zero while max_waiting is not 0",
            ));
        }
    }

    pub(crate) fn build_checked(self) -> Bulkhead {
        Bulkhead::new(Gate::new(
            self.name,
            self.checkout_timeout,
            Observers::new(self.observers),
            State::new(self.max_concurrent, self.max_waiting),
        ))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("max_concurrent", &self.max_concurrent)
            .field("max_waiting", &self.max_waiting)
            .field("checkout_timeout", &self.checkout_timeout)
            .field("observers", &self.observers.len())
            .finish()
    }
}

mod defaults {
    use std::time::Duration;

    pub(super) const MAX_CONCURRENT: usize = 20;
    pub(super) const MAX_WAITING: usize = 100;
    pub(super) const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);
}
