//! The settings of a bulkhead: their defaults, the rules they must obey, and presets.

use std::time::Duration;

use crate::{
    builder::check_places,
    bulkhead::Bulkhead,
    error::{ConfigError, FieldError},
};

#[cfg(feature = "serde")]
mod form;

/// All settings of a bulkhead, as plain data: for a configuration file, and to give many bulkheads
/// the same. The [`Builder`](crate::Builder) has a method of the same name for each field, which
/// explains it and its default.
///
/// # Examples
///
/// ```
/// use steadfast_bulkhead::{Bulkhead, Config};
///
/// let mut config = Config::http_connections();
/// config.max_waiting = 0;
/// let bulkhead = Bulkhead::builder("payments").config(config).build()?;
/// assert_eq!(bulkhead.config().max_concurrent, 50);
/// # Ok::<_, steadfast_bulkhead::ConfigError>(())
/// ```
///
/// # Presets
///
/// Where to begin, if nothing was measured yet. The limit to aim for is the calls per second at
/// peak, times the seconds that one takes on a good day, and twice the square root of that on top.
///
/// | preset | `max_concurrent` | `max_waiting` | `checkout_timeout` |
/// |---|---|---|---|
/// | [`Config::default`] | 20 | 100 | 5 s |
/// | [`amqp_channels`](Self::amqp_channels) | 20 | 100 | 5 s |
/// | [`http_connections`](Self::http_connections) | 50 | 200 | 5 s |
/// | [`llm_requests`](Self::llm_requests) | 10 | 50 | 30 s |
///
/// # In a file
///
/// With the feature `serde` it is read and written as a flat table whose keys are the names of the
/// fields. What is not given is as in the preset that the key `preset` names, or else has its default.
/// All fields are written, and no preset.
///
/// - A duration is a string like `"1m 30s"` or `"250ms"`, or whole milliseconds. It is written as a string.
/// - A count and a share are whole numbers. `hold_times` is `true` or `false`.
/// - `preset` is `"amqp_channels"`, `"http_connections"` or `"llm_requests"`.
///
/// One error tells everything that is wrong: unknown keys and the key that was probably meant, keys given
/// twice, values of a wrong kind, and broken rules. A config that was read obeys all its rules. The format
/// must describe itself, as TOML, JSON and YAML do.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use steadfast_bulkhead::Config;
///
/// let config: Config = toml::from_str("preset = 'llm_requests'\nmax_waiting = 5").unwrap();
/// assert_eq!((config.max_concurrent, config.max_waiting), (10, 5));
///
/// let error = toml::from_str::<Config>("max_waitin = 5\nlow_share = 0").unwrap_err();
/// assert_eq!(
///     error.message(),
///     "max_waitin = 5 (unknown key, did you mean max_waiting?); low_share = 0 (must be from 1 to 100)",
/// );
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Callers that may run at a time; at least 1, at most 268,435,455.
    pub max_concurrent: usize,
    /// Callers that may wait in line for a place; 0: none, a full bulkhead refuses at once.
    pub max_waiting: usize,
    /// How long a caller waits in line at most; zero: not at all, a full bulkhead refuses at once.
    pub checkout_timeout: Duration,
    /// Whether it is measured how long places are held.
    pub hold_times: bool,
    /// The share of callers of [high priority](crate::Priority::High); 1 to 100.
    pub high_share: u32,
    /// The share of callers of [normal priority](crate::Priority::Normal); 1 to 100.
    pub normal_share: u32,
    /// The share of callers of [low priority](crate::Priority::Low); 1 to 100.
    pub low_share: u32,
}

impl Config {
    /// For the channels of an AMQP connection: 20 places, 100 in line, 5 s.
    ///
    /// A channel is held for a publish and its confirm, a few milliseconds, so 20 serve thousands
    /// of publishes per second. More would be no faster: all channels share one TCP connection, and
    /// each costs the broker memory. A broker that blocks publishers for lack of memory does so for
    /// seconds, which the line and its 5 s are there to outlast, or to report.
    #[must_use]
    pub fn amqp_channels() -> Self {
        Self {
            max_concurrent: 20,
            max_waiting: 100,
            checkout_timeout: Duration::from_secs(5),
            ..Self::default()
        }
    }

    /// For requests to one HTTP service: 50 places, 200 in line, 5 s.
    ///
    /// At 100 ms each, 50 serve 500 requests per second, and the 200 in line are served within
    /// half a second. Under HTTP/1.1 each place is a connection, so 50 is also what a server is
    /// asked to keep open for each process that calls it; under HTTP/2 it stays below the 100 streams
    /// that every server should allow on a connection. Who waited 5 s for a place has seldom a client
    /// left that waits for the answer.
    #[must_use]
    pub fn http_connections() -> Self {
        Self {
            max_concurrent: 50,
            max_waiting: 200,
            checkout_timeout: Duration::from_secs(5),
            ..Self::default()
        }
    }

    /// For requests to a large language model: 10 places, 50 in line, 30 s.
    ///
    /// An answer takes seconds to a minute and costs money, and providers limit how many requests
    /// an account has open or starts per minute: few at a time, then. Where an answer takes 5 s, the
    /// last of 50 in line waits 25 s, and who asks a model is ready to wait; hence 30 s, so that
    /// a burst is served rather than refused.
    #[must_use]
    pub fn llm_requests() -> Self {
        Self {
            max_concurrent: 10,
            max_waiting: 50,
            checkout_timeout: Duration::from_secs(30),
            ..Self::default()
        }
    }

    /// Adds every field that breaks its rule, in the order of the fields. Any length of the line and
    /// any timeout is sound.
    pub(crate) fn check(&self, bad: &mut Vec<FieldError>) {
        bad.extend(check_places(self.max_concurrent));
        let shares = [
            ("high_share", self.high_share),
            ("normal_share", self.normal_share),
            ("low_share", self.low_share),
        ];
        for (field, share) in shares {
            if !(1..=MOST_SHARE).contains(&share) {
                bad.push(FieldError::new(field, &share, "must be from 1 to 100"));
            }
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_concurrent: defaults::MAX_CONCURRENT,
            max_waiting: defaults::MAX_WAITING,
            checkout_timeout: defaults::CHECKOUT_TIMEOUT,
            hold_times: defaults::HOLD_TIMES,
            high_share: defaults::HIGH_SHARE,
            normal_share: defaults::NORMAL_SHARE,
            low_share: defaults::LOW_SHARE,
        }
    }
}

impl Bulkhead {
    /// The settings in force, for instance to build another bulkhead with the same.
    #[must_use]
    pub fn config(&self) -> Config {
        self.gate().config()
    }

    /// Goes over to other settings while in use, for all handles. Counts, permits and those in line stay.
    ///
    /// - `max_concurrent`: as [`resize`](Self::resize). [`MAX_PLACES`](Self::MAX_PLACES) is as good as no
    ///   limit.
    /// - `max_waiting`: for callers who come from now on. A line that is too long by it becomes shorter as
    ///   those in it are served; only one with a right to a place in line (see
    ///   [`Priority`](crate::Priority)) still sends another home, as in any full line.
    /// - `checkout_timeout`: for callers who come from now on. Those in line keep the one that they came
    ///   with.
    /// - The shares: from the next place on. All priorities then begin alike, whatever each had before.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that lists every setting that breaks its rule, and `hold_times` if that is not what
    /// the bulkhead was built with: places that are held already have no beginning to measure from. Then
    /// nothing changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("payments").build()?;
    /// let mut config = bulkhead.config();
    /// config.max_concurrent = Bulkhead::MAX_PLACES; // no limit, for now
    /// bulkhead.reconfigure(config)?;
    /// assert!(bulkhead.try_acquire_many(1_000_000).is_ok());
    /// # Ok::<_, steadfast_bulkhead::ConfigError>(())
    /// ```
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let gate = self.gate();
        let mut bad = Vec::new();
        config.check(&mut bad);
        if config.hold_times != gate.measures_holds() {
            let rule = "cannot be changed while in use";
            bad.push(FieldError::new("hold_times", &config.hold_times, rule));
        }
        ConfigError::check("bulkhead", gate.name(), bad)?;
        gate.reconfigure(config);
        Ok(())
    }
}

/// The largest share there is.
const MOST_SHARE: u32 = 100;

/// The defaults, in one place; the README's table is held to them by a test.
mod defaults {
    use std::time::Duration;

    pub(super) const MAX_CONCURRENT: usize = 20;
    pub(super) const MAX_WAITING: usize = 100;
    pub(super) const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);
    pub(super) const HOLD_TIMES: bool = false;
    pub(super) const HIGH_SHARE: u32 = 16;
    pub(super) const NORMAL_SHARE: u32 = 4;
    pub(super) const LOW_SHARE: u32 = 1;
}
