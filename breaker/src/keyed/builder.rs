//! Building a set of breakers: its bounds, and the settings that all its breakers share.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::Builder;
use crate::error::{ConfigError, FieldError};
use crate::keyed::Keyed;

mod defaults {
    use std::time::Duration;

    pub(super) const MAX_KEYS: usize = 10_000;
    pub(super) const IDLE_AFTER: Duration = Duration::from_secs(600);
}

/// Settings of a [`Keyed`] set to be; made by [`Keyed::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct KeyedBuilder<K> {
    name: Arc<str>,
    /// Always named as the set: what is wrong with it is told under the set's name.
    template: Builder,
    max_keys: usize,
    idle_after: Duration,
    key: PhantomData<fn(K)>,
}

impl<K> KeyedBuilder<K> {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            template: Builder::new(Arc::clone(&name)),
            name,
            max_keys: defaults::MAX_KEYS,
            idle_after: defaults::IDLE_AFTER,
            key: PhantomData,
        }
    }

    /// Settings and observers of every breaker in the set. Runs at once, and only once: a later
    /// call goes on from where it left off. Observers are shared by all breakers, which they tell
    /// apart by name. A name that is set here is ignored: the breaker of key `k` is called
    /// `{name}/{k}`. Default: those of a [`Builder`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use steadfast_breaker::Keyed;
    ///
    /// let hosts: Keyed<String> = Keyed::builder("hosts")
    ///     .breaker(|each| each.failure_threshold(3).open_for(Duration::from_secs(5)))
    ///     .build()?;
    /// assert_eq!(hosts.get("a.example").name(), "hosts/a.example");
    /// # Ok::<_, steadfast_breaker::ConfigError>(())
    /// ```
    pub fn breaker(mut self, settings: impl FnOnce(Builder) -> Builder) -> Self {
        self.template = settings(self.template).named(Arc::clone(&self.name));
        self
    }

    /// Keys that may have a breaker of their own at a time, at least 1. Default 10 000:
    /// more hosts, shards or tenants than most services ever talk to.
    ///
    /// A set that is full makes room for an eighth of this at once, by evicting the breakers that
    /// were not used for longest. Set it well above the keys in use, so that only idle ones go.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// How long a closed breaker must not have been asked for until it may be evicted although
    /// there is room; longer than zero. Default 10 minutes.
    ///
    /// An evicted breaker forgets what it has counted, so keep this longer than anything the
    /// breakers are to remember, such as their `reset_timeout`.
    pub fn idle_after(mut self, idle_after: Duration) -> Self {
        self.idle_after = idle_after;
        self
    }

    /// Builds the set, without any key.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule: those of
    /// [`Builder::build`](crate::Builder::build), a bound of zero keys, an idle time of zero.
    /// Nothing is left to fail when a key is first used.
    pub fn build(self) -> Result<Keyed<K>, ConfigError> {
        let mut fields = self.template.broken_fields();
        if self.max_keys == 0 {
            fields.push(FieldError::new(
                "max_keys",
                &self.max_keys,
                "must be at least 1",
            ));
        }
        if self.idle_after.is_zero() {
            fields.push(FieldError::new(
                "idle_after",
                &self.idle_after,
                "must be longer than zero",
            ));
        }
        if fields.is_empty() {
            Ok(Keyed::new(
                self.name,
                self.template.into_template(),
                self.max_keys,
                self.idle_after,
            ))
        } else {
            Err(ConfigError::new(self.name, fields))
        }
    }
}

impl<K> fmt::Debug for KeyedBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBuilder")
            .field("breaker", &self.template)
            .field("max_keys", &self.max_keys)
            .field("idle_after", &self.idle_after)
            .finish_non_exhaustive()
    }
}
