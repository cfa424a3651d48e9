mod hooks;

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    builder::Builder,
    config::Config,
    error::{ConfigError, FieldError},
    name::Kept,
    observer::Observer,
    pool::{Pool, hooks::Hooks, shared::Shared},
    priority::Priority,
};

/// Settings of a [`Pool`], begun by [`Pool::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`max_concurrent`](Self::max_concurrent) | 20 |
/// | [`max_waiting`](Self::max_waiting) | 100 |
/// | [`checkout_timeout`](Self::checkout_timeout) | 5 s |
/// | [`hold_times`](Self::hold_times) | false |
/// | [`high_share`](Self::high_share), [`normal_share`](Self::normal_share), [`low_share`](Self::low_share) | 16, 4, 1 |
/// | [`create_timeout`](Self::create_timeout) | 5 s |
/// | [`min_idle`](Self::min_idle) | 0 |
/// | [`is_valid`](Self::is_valid) | every resource is |
/// | [`validate`](Self::validate) | every resource passes |
/// | [`validate_timeout`](Self::validate_timeout) | 1 s |
/// | [`recycle`](Self::recycle) | nothing is done |
/// | [`recycle_timeout`](Self::recycle_timeout) | 1 s |
/// | [`keep_after_panic`](Self::keep_after_panic) | none is kept |
/// | [`max_age`](Self::max_age) | none |
/// | [`max_idle`](Self::max_idle) | none |
#[must_use = "a builder does nothing until `build` is called"]
pub struct PoolBuilder<T, E> {
    places: Builder,
    hooks: Hooks<T, E>,
    min_idle: usize,
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
            hooks: Hooks {
                create: Box::new(move || Box::pin(create())),
                create_timeout: defaults::CREATE_TIMEOUT,
                is_valid: None,
                recycle: None,
                recycle_timeout: defaults::RECYCLE_TIMEOUT,
                validate: None,
                validate_timeout: defaults::VALIDATE_TIMEOUT,
                keep_after_panic: None,
            },
            min_idle: 0,
            max_age: None,
            max_idle: None,
        }
    }
}

impl<T, E> PoolBuilder<T, E> {
    /// All settings of the places and the line at once, in place of those given so far: for a preset, or
    /// what was read from a file.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Config, Pool};
    ///
    /// let pool = Pool::builder("channels", || async { Ok::<_, std::io::Error>(7) })
    ///     .config(Config::amqp_channels())
    ///     .build()?;
    /// assert_eq!(pool.bulkhead().config(), Config::amqp_channels());
    /// # Ok::<_, steadfast_bulkhead::ConfigError>(())
    /// ```
    pub fn config(mut self, config: Config) -> Self {
        self.places = self.places.config(config);
        self
    }

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

    /// How long a caller waits in line at most; zero: never wait.
    /// Creating a resource has its own timeout. Default 5 s, as for a
    /// [`Builder::checkout_timeout`].
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.places = self.places.checkout_timeout(timeout);
        self
    }

    /// Whether to measure how long resources are lent. Default false, as for a
    /// [`Builder::hold_times`].
    pub fn hold_times(mut self, measured: bool) -> Self {
        self.places = self.places.hold_times(measured);
        self
    }

    /// The share of callers of [high priority](crate::Priority::High). Default 16, as for a
    /// [`Builder::high_share`].
    pub fn high_share(mut self, share: u32) -> Self {
        self.places = self.places.high_share(share);
        self
    }

    /// The share of callers of [normal priority](crate::Priority::Normal). Default 4.
    pub fn normal_share(mut self, share: u32) -> Self {
        self.places = self.places.normal_share(share);
        self
    }

    /// The share of callers of [low priority](crate::Priority::Low). Default 1.
    pub fn low_share(mut self, share: u32) -> Self {
        self.places = self.places.low_share(share);
        self
    }

    /// How many resources [`Pool::maintain`] keeps idle, so that a burst does not have to wait for
    /// new ones. At most `max_concurrent`. The pool runs no task of its own: without a call of
    /// `maintain` this does nothing.
    ///
    /// Default 0.
    pub fn min_idle(mut self, resources: usize) -> Self {
        self.min_idle = resources;
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
    /// [`Builder::build`], a zero `create_timeout`, `validate_timeout`, `recycle_timeout`,
    /// `max_age` or `max_idle`, and a `min_idle` greater than `max_concurrent`.
    pub fn build(self) -> Result<Pool<T, E>, ConfigError> {
        let mut bad = Vec::new();
        self.places.check(&mut bad);
        let durations = [
            ("create_timeout", Some(self.hooks.create_timeout)),
            ("validate_timeout", Some(self.hooks.validate_timeout)),
            ("recycle_timeout", Some(self.hooks.recycle_timeout)),
            ("max_age", self.max_age),
            ("max_idle", self.max_idle),
        ];
        for (field, duration) in durations {
            if let Some(duration @ Duration::ZERO) = duration {
                let rule = "must be longer than zero";
                bad.push(FieldError::new(field, &duration, rule));
            }
        }
        if self.min_idle > self.places.config.max_concurrent {
            let rule = "must be at most max_concurrent";
            bad.push(FieldError::new("min_idle", &self.min_idle, rule));
        }
        ConfigError::check("pool", &self.places.name, bad)?;
        let kept = Kept::new(&self.places.name);
        let shared = Shared::new(
            self.places.build_checked(kept),
            self.hooks,
            self.min_idle,
            self.max_age,
            self.max_idle,
        );
        Ok(Pool::new(shared, Priority::Normal))
    }
}

impl<T, E> fmt::Debug for PoolBuilder<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hooks = &self.hooks;
        f.debug_struct("PoolBuilder")
            .field("places", &self.places)
            .field("create_timeout", &hooks.create_timeout)
            .field("min_idle", &self.min_idle)
            .field("is_valid", &hooks.is_valid.is_some())
            .field("validate", &hooks.validate.is_some())
            .field("validate_timeout", &hooks.validate_timeout)
            .field("recycle", &hooks.recycle.is_some())
            .field("recycle_timeout", &hooks.recycle_timeout)
            .field("keep_after_panic", &hooks.keep_after_panic.is_some())
            .field("max_age", &self.max_age)
            .field("max_idle", &self.max_idle)
            .finish_non_exhaustive()
    }
}

mod defaults {
    use std::time::Duration;

    pub(super) const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
    pub(super) const VALIDATE_TIMEOUT: Duration = Duration::from_secs(1);
    pub(super) const RECYCLE_TIMEOUT: Duration = Duration::from_secs(1);
}
