use std::{fmt, sync::Arc, time::Duration};

use crate::{
    bulkhead::Bulkhead,
    config::Config,
    door::MOST,
    error::{ConfigError, FieldError},
    gate::Gate,
    name::Kept,
    observer::Observer,
    observers::Observers,
    rejected::Refusals,
};

/// Settings of a [`Bulkhead`], begun by [`Bulkhead::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`max_concurrent`](Self::max_concurrent) | 20 |
/// | [`max_waiting`](Self::max_waiting) | 100 |
/// | [`checkout_timeout`](Self::checkout_timeout) | 5 s |
/// | [`hold_times`](Self::hold_times) | false |
/// | [`high_share`](Self::high_share), [`normal_share`](Self::normal_share), [`low_share`](Self::low_share) | 16, 4, 1 |
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    pub(crate) name: Arc<str>,
    pub(crate) config: Config,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            observers: Vec::new(),
        }
    }

    /// All settings at once, in place of those given so far. The name and the observers stay.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Places: how many callers may run at a time. At least 1, at most 268,435,455.
    ///
    /// Default 20: enough for a dependency that answers within 50 ms to serve 400 calls per
    /// second, and few enough that a hanging one holds only 20 tasks.
    pub fn max_concurrent(mut self, places: usize) -> Self {
        self.config.max_concurrent = places;
        self
    }

    /// How many callers may wait in line for a place. 0: never wait; a caller who finds all places
    /// busy is refused at once with [`Reason::Full`](crate::Reason::Full).
    ///
    /// Default 100: five times the places, so a burst passes, while an overload turns into quick
    /// refusals rather than into an endless queue.
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.config.max_waiting = callers;
        self
    }

    /// How long a caller waits in line at most. Zero: never wait, whatever `max_waiting` is; a caller
    /// who finds all places busy is refused at once with [`Reason::Full`](crate::Reason::Full), and
    /// no timer is set.
    ///
    /// Default 5 s: shorter than the 10 to 30 s that most clients wait for their own answer.
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.config.checkout_timeout = timeout;
        self
    }

    /// Whether to measure how long places are held: [`Snapshot::holds`](crate::Snapshot::holds), and
    /// with it [`Rejected::retry_after`](crate::Rejected::retry_after). It costs each call two looks at
    /// the clock and, once, 8 KiB.
    ///
    /// Default: false, because the clock alone takes longer than everything else that a call costs.
    pub fn hold_times(mut self, measured: bool) -> Self {
        self.config.hold_times = measured;
        self
    }

    /// The share of callers of [high priority](crate::Priority::High). 1 to 100.
    ///
    /// The three shares count in proportion to each other: with the defaults, of 21 places that come back
    /// while callers of all three wait, 16 go to high, 4 to normal and 1 to low priority. They also
    /// divide the line: see [`Priority`](crate::Priority).
    ///
    /// Default 16, four times that of normal priority.
    pub fn high_share(mut self, share: u32) -> Self {
        self.config.high_share = share;
        self
    }

    /// The share of callers of [normal priority](crate::Priority::Normal), as
    /// [`high_share`](Self::high_share). 1 to 100.
    ///
    /// Default 4.
    pub fn normal_share(mut self, share: u32) -> Self {
        self.config.normal_share = share;
        self
    }

    /// The share of callers of [low priority](crate::Priority::Low), as
    /// [`high_share`](Self::high_share). 1 to 100.
    ///
    /// Default 1: enough never to be forgotten in a line of three or more. In a shorter one low priority
    /// owns no place, and has to make room for the others.
    pub fn low_share(mut self, share: u32) -> Self {
        self.config.low_share = share;
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
    /// A [`ConfigError`] that lists every setting that breaks its rule: an empty name, no places or too
    /// many, or a share that is not from 1 to 100.
    pub fn build(self) -> Result<Bulkhead, ConfigError> {
        let mut bad = Vec::new();
        self.check(&mut bad);
        ConfigError::check("bulkhead", &self.name, bad)?;
        let kept = Kept::new(&self.name);
        Ok(self.build_checked(kept))
    }

    pub(crate) fn check(&self, bad: &mut Vec<FieldError>) {
        if self.name.is_empty() {
            bad.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        self.config.check(bad);
    }

    pub(crate) fn build_checked(self, kept: Option<Kept>) -> Bulkhead {
        Bulkhead::new(Arc::new(Gate::new(
            Refusals::new(self.name, kept),
            self.config,
            Observers::new(self.observers),
        )))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("max_concurrent", &self.config.max_concurrent)
            .field("max_waiting", &self.config.max_waiting)
            .field("checkout_timeout", &self.config.checkout_timeout)
            .field("hold_times", &self.config.hold_times)
            .field("high_share", &self.config.high_share)
            .field("normal_share", &self.config.normal_share)
            .field("low_share", &self.config.low_share)
            .field("observers", &self.observers.len())
            .finish()
    }
}

/// The rule that a number of places breaks, if it does.
pub(crate) fn check_places(places: usize) -> Option<FieldError> {
    let rule = match places {
        0 => "must be at least 1",
        _ if places > MOST as usize => "must be at most 268435455",
        _ => return None,
    };
    Some(FieldError::new("max_concurrent", &places, rule))
}

/// A number of places that has been checked.
pub(crate) fn places(checked: usize) -> u32 {
    u32::try_from(checked).unwrap_or(MOST).min(MOST)
}
