use std::{fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;

use crate::{
    builder::Builder,
    error::{ConfigError, FieldError},
    observer::Observer,
    pool::{
        Pool,
        shared::{Create, IsValid, Shared},
        shelf::Shelf,
    },
};

/// Settings of a [`Pool`], begun by [`Pool::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`max_concurrent`](Self::max_concurrent) | 20 |
/// | [`max_waiting`](Self::max_waiting) | 100 |
/// | [`checkout_timeout`](Self::checkout_timeout) | 5 s |
/// | [`create_timeout`](Self::create_timeout) | 5 s |
/// | [`is_valid`](Self::is_valid) | every resource is |
/// | [`max_age`](Self::max_age) | none |
/// | [`max_idle`](Self::max_idle) | none |
#[must_use = "a builder does nothing until `build` is called"]
pub struct PoolBuilder<T, E> {
    places: Builder,
    create: Create<T, E>,
    create_timeout: Duration,
    is_valid: Option<IsValid<T>>,
    max_age: Option<Duration>,
    max_idle: Option<Duration>,
}

impl<T: 'static, E: 'static> PoolBuilder<T, E> {
    pub(crate) fn new<F, Fut>(name: Arc<str>, create: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        Self {
            places: Builder::new(name),
            create: Box::new(move || Box::pin(create())),
            create_timeout: defaults::CREATE_TIMEOUT,
            is_valid: None,
            max_age: None,
            max_idle: None,
        }
    }
}

impl<T, E> PoolBuilder<T, E> {
    /// Resources there may be at a time, lent and idle together. At least 1. Default 20, as for a
    /// [`Builder::max_concurrent`].
    pub fn max_concurrent(mut self, places: usize) -> Self {
        self.places = self.places.max_concurrent(places);
        self
    }

    /// How many callers may wait in line for a resource; 0: never wait. Default 100, as for a
    /// [`Builder::max_waiting`].
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.places = self.places.max_waiting(callers);
        self
    }

    /// How long a caller waits in line at most. Longer than zero, unless `max_waiting` is 0.
    /// Creating a resource has its own timeout. Default 5 s, as for a
    /// [`Builder::checkout_timeout`].
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.places = self.places.checkout_timeout(timeout);
        self
    }

    /// How long `create` may take before it is dropped. Longer than zero.
    ///
    /// Default 5 s: a TCP connect that lost two packets still makes it.
    pub fn create_timeout(mut self, timeout: Duration) -> Self {
        self.create_timeout = timeout;
        self
    }

    /// Looks at an idle resource before it is lent again; `false` drops it and tries the next. Runs
    /// on the caller's task outside all locks, so keep it to a look: is the connection still open?
    ///
    /// Default: every resource is valid.
    pub fn is_valid(mut self, is_valid: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.is_valid = Some(Box::new(is_valid));
        self
    }

    /// Drops a resource this long after it was created instead of lending it again, so that
    /// servers behind a load balancer get their share of new connections. Longer than zero. A
    /// resource that is lent out is not taken away.
    ///
    /// Default: none.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Drops a resource that was not used for this long. Longer than zero; best a little shorter
    /// than the server's own idle timeout.
    ///
    /// Default: none.
    pub fn max_idle(mut self, idle: Duration) -> Self {
        self.max_idle = Some(idle);
        self
    }

    /// Adds an observer of the pool's bulkhead; may be called several times. None by default.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.places = self.places.observer(observer);
        self
    }

    /// Builds the pool. No resource is created yet.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that lists every setting that breaks its rule: those of
    /// [`Builder::build`], and a zero `create_timeout`, `max_age` or `max_idle`.
    pub fn build(self) -> Result<Pool<T, E>, ConfigError> {
        let mut bad = Vec::new();
        self.places.check(&mut bad);
        let durations = [
            ("create_timeout", Some(self.create_timeout)),
            ("max_age", self.max_age),
            ("max_idle", self.max_idle),
        ];
        for (field, duration) in durations {
            if let Some(duration @ Duration::ZERO) = duration {
                let rule = "must be longer than zero";
                bad.push(FieldError::new(field, &duration, rule));
            }
        }
        ConfigError::check("pool", &self.places.name, bad)?;
        Ok(Pool::new(Shared {
            bulkhead: self.places.build_checked(),
            create: self.create,
            create_timeout: self.create_timeout,
            is_valid: self.is_valid,
            ages: self.max_age.or(self.max_idle).is_some(),
            shelf: Mutex::new(Shelf::new(self.max_age, self.max_idle)),
        }))
    }
}

impl<T, E> fmt::Debug for PoolBuilder<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("places", &self.places)
            .field("create_timeout", &self.create_timeout)
            .field("is_valid", &self.is_valid.is_some())
            .field("max_age", &self.max_age)
            .field("max_idle", &self.max_idle)
            .finish_non_exhaustive()
    }
}

mod defaults {
    use std::time::Duration;

    pub(super) const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
}
