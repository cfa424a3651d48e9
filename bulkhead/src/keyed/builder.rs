use std::{fmt, marker::PhantomData, sync::Arc};

use crate::{
    builder::Builder,
    bulkhead::Bulkhead,
    error::{ConfigError, FieldError},
    keyed::{Keyed, shared::Shared},
    priority::Priority,
};

/// Settings of a [`Keyed`] set, begun by [`Keyed::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`bulkhead`](Self::bulkhead) | as a [`Builder`] |
/// | [`max_keys`](Self::max_keys) | 1024 |
/// | [`outer`](Self::outer) | none |
#[must_use = "a builder does nothing until `build` is called"]
pub struct KeyedBuilder<K> {
    name: Arc<str>,
    /// Always named as the set: what is wrong with it is told under the set's name.
    template: Builder,
    max_keys: usize,
    outer: Option<Bulkhead>,
    key: PhantomData<fn(K)>,
}

impl<K> KeyedBuilder<K> {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            template: Builder::new(Arc::clone(&name)),
            name,
            max_keys: defaults::MAX_KEYS,
            outer: None,
            key: PhantomData,
        }
    }

    /// Settings and observers of every bulkhead in the set. Runs at once; a later call goes on from
    /// where it left off. Observers are shared by all bulkheads, which they tell apart by name.
    /// Default: those of a [`Builder`].
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Config, Keyed};
    ///
    /// let hosts: Keyed<String> = Keyed::builder("hosts")
    ///     .bulkhead(|each| each.config(Config::http_connections()).max_concurrent(8))
    ///     .build()?;
    /// let snapshot = hosts.get("a.example").snapshot();
    /// assert_eq!((&*snapshot.name, snapshot.max_concurrent), ("hosts/a.example", 8));
    /// # Ok::<_, steadfast_bulkhead::ConfigError>(())
    /// ```
    pub fn bulkhead(mut self, settings: impl FnOnce(Builder) -> Builder) -> Self {
        self.template = settings(self.template);
        self.template.name = Arc::clone(&self.name);
        self
    }

    /// Keys that may have a bulkhead of their own at a time, at least 1. Default 1024: more hosts or
    /// tenants than most services have at work in the same moment, and still a list that can be
    /// read through.
    ///
    /// A set that is full makes room for an eighth of this at once. Set it well above the keys in
    /// use, so that only idle ones go.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// A bulkhead that all calls of the set share, whatever their key: what the process as a whole
    /// can bear. It may be shared with other sets and direct callers. Default: none.
    ///
    /// The priority of this handle does not count, but that of [the set's](Keyed::with_priority).
    ///
    /// See [the order of the two](Keyed#two-limits).
    pub fn outer(mut self, outer: Bulkhead) -> Self {
        self.outer = Some(outer);
        self
    }

    /// Builds the set, without any key.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that lists every setting that breaks its rule: those of
    /// [`Builder::build`], and room for no keys. Nothing is left to fail when a key is first used.
    pub fn build(self) -> Result<Keyed<K>, ConfigError> {
        let mut bad = Vec::new();
        self.template.check(&mut bad);
        if self.max_keys == 0 {
            let rule = "must be at least 1";
            bad.push(FieldError::new("max_keys", &self.max_keys, rule));
        }
        ConfigError::check("keyed bulkhead", &self.name, bad)?;
        let shared = Shared::new(self.name, self.template, self.max_keys, self.outer);
        Ok(Keyed::new(Arc::new(shared), Priority::Normal))
    }
}

impl<K> fmt::Debug for KeyedBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBuilder")
            .field("bulkhead", &self.template)
            .field("max_keys", &self.max_keys)
            .field("outer", &self.outer)
            .finish_non_exhaustive()
    }
}

mod defaults {
    pub(super) const MAX_KEYS: usize = 1024;
}
