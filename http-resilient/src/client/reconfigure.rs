//! Other settings for a client that is in use.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use steadfast_retry::HedgeConfig;

use super::{Client, Shared};
use crate::config::HttpClientConfig;
use crate::config_error::{ConfigError, FieldError};
use crate::settings::Settings;

/// What has come of [`Client::reconfigure`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what needs a new client has not changed"]
#[non_exhaustive]
pub struct Changed {
    /// The settings that are otherwise now but have **not** changed:
    /// only a new client has them. All others have changed.
    pub needs_new_client: Vec<&'static str>,
}

impl Client {
    /// Goes over to other settings while in use, for all clones: the client is then as one built of this
    /// config. What the config **does not give has its default**, also if it was set on the builder. What a
    /// config cannot say stays: [`jitter_seed`](crate::Builder::jitter_seed), a
    /// [budget](crate::Builder::budget) that was brought along or is
    /// [not wanted](crate::Builder::unbudgeted), observers, the fallback.
    ///
    /// Counts go on, and no request is lost. Breakers keep their state and their mode, bulkheads their places
    /// and lines, budgets what they have counted: they go over to the new settings as
    /// [`CircuitBreaker::reconfigure`](steadfast_breaker::CircuitBreaker::reconfigure),
    /// [`Bulkhead::reconfigure`](steadfast_bulkhead::Bulkhead::reconfigure) and
    /// [`Budget::reconfigure`](steadfast_retry::Budget::reconfigure) do, at every authority there is, and
    /// those met later begin with them.
    ///
    /// # Requests under way
    ///
    /// A request keeps the timeouts, attempts and limits that it began with, and takes the backoffs that hold
    /// when it first has to wait. If the client follows redirects itself, it is as a new request after each.
    ///
    /// # What needs a new client
    ///
    /// What belongs to reqwest's client, which is finished: `user_agent`, `https_only`, `connect_timeout`,
    /// `pool_idle_timeout`, `pool_max_idle_per_host`, `own_redirects` and `default_headers`. And `propagation`,
    /// `rate_limit` and `hedge`, and `budget_share` and `budget_min_per_second` without a budget of the
    /// client's own. Without the `hedge` that it was built with nothing is hedged until it is given again, but by what a
    /// request brings along; another needs a new client. Those that are otherwise than in the config that the client was
    /// built with stay as they are, and are named in the result.
    ///
    /// # Cost
    ///
    /// Requests read the settings without a lock. All settings there have been stay in memory as long as the
    /// client, less than 2 KiB each; the same as before add none.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with **every** setting that breaks its rule; nothing has changed then.
    ///
    /// # Examples
    /// ```
    /// use steadfast_http::{Client, HttpClientConfig};
    ///
    /// let mut config = HttpClientConfig::default();
    /// let client = Client::named("payments").config(config.clone()).build()?;
    ///
    /// config.max_attempts = Some(1); // no retries, for now
    /// config.https_only = Some(true);
    /// let changed = client.reconfigure(config)?;
    /// assert_eq!(changed.needs_new_client, ["https_only"]);
    /// # Ok::<_, steadfast_http::ConfigError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
    pub fn reconfigure(&self, config: HttpClientConfig) -> Result<Changed, ConfigError> {
        self.shared.reconfigure(config)
    }
}

impl Shared {
    fn reconfigure(&self, config: HttpClientConfig) -> Result<Changed, ConfigError> {
        let mut needs_new_client = self.fixed.otherwise_in(&config);
        let is_budget_given = [
            ("budget_share", config.budget_share.is_some()),
            (
                "budget_min_per_second",
                config.budget_min_per_second.is_some(),
            ),
        ];
        let builder = config.builder(Arc::clone(&self.name));
        let fields = builder.broken_settings();
        if !fields.is_empty() {
            return Err(ConfigError::new(Arc::clone(&self.name), fields));
        }
        let new = builder.into_settings();
        let changing = self.changing.lock();
        let before = self.settings();
        if before.budget.is_none() {
            let given = is_budget_given.iter().filter(|(_, is_given)| *is_given);
            needs_new_client.extend(given.map(|(name, _)| *name));
        }
        let is_hedged = new.hedge.is_some();
        let mut settings = new.with_fixed_of(before);
        if self.fixed.hedge.is_some() {
            // It is there to be switched off, and on again.
            settings.hedge = self.fixed.hedge.filter(|_| is_hedged);
            needs_new_client.retain(|field| *field != "hedge" || is_hedged);
        }
        self.apply(before, &settings)?;
        if settings != *before {
            self.settings.replace(settings);
        }
        // Those that were made by the old settings are known by now, and later ones are made by the new.
        for authority in self.authorities.all() {
            authority.reconfigure(self.settings());
        }
        drop(changing);
        Ok(Changed { needs_new_client })
    }

    /// What the client has once: the schedule of its backoffs, and its budget.
    fn apply(&self, before: &Settings, settings: &Settings) -> Result<(), ConfigError> {
        let rejected = |error: steadfast_retry::ConfigError| {
            let of = error.fields().iter();
            let fields = of.map(|of| FieldError::of(of.field, &of.value, of.rule));
            ConfigError::new(Arc::clone(&self.name), fields.collect())
        };
        let mut schedule = self.schedule.config().clone();
        settings.describe_schedule(&mut schedule);
        self.schedule.reconfigure(schedule).map_err(rejected)?;
        if let (Some(budget), Some(_), Some(config)) =
            (&self.budget, before.budget, settings.budget)
        {
            budget.reconfigure(config).map_err(rejected)?;
        }
        Ok(())
    }
}

/// The page of [`Client::reconfigure`] says how much memory each set of settings takes: twice this.
const _: () = assert!(size_of::<Settings>() < 1024);

impl Settings {
    /// These, but for what cannot be changed, which is as it was.
    fn with_fixed_of(mut self, before: &Self) -> Self {
        self.jitter_seed = before.jitter_seed;
        self.hedge = before.hedge;
        self.connect_timeout = before.connect_timeout;
        self.propagation.clone_from(&before.propagation);
        self.own_redirects = before.own_redirects;
        #[cfg(feature = "rate-limit")]
        {
            self.rate_limit = before.rate_limit;
        }
        if before.budget.is_none() {
            self.budget = None;
        }
        self
    }
}

/// Writes down the settings that cannot be changed, and what is done with each.
macro_rules! fixed {
    ($($(#[$attr:meta])* $name:ident: $type:ty,)*) => {
        /// The settings that cannot be changed, as configs gave them when the client was built.
        #[derive(Clone, Default)]
        pub(crate) struct Fixed {
            $($(#[$attr])* $name: Option<$type>,)*
        }

        impl Fixed {
            /// Adds what the config gives.
            pub(crate) fn add(&mut self, config: &HttpClientConfig) {
                $($(#[$attr])* if config.$name.is_some() {
                    self.$name.clone_from(&config.$name);
                })*
            }

            /// The names of those that the config has otherwise.
            fn otherwise_in(&self, config: &HttpClientConfig) -> Vec<&'static str> {
                let mut names = Vec::new();
                $($(#[$attr])* if self.$name != config.$name {
                    names.push(stringify!($name));
                })*
                names
            }
        }
    };
}

fixed! {
    user_agent: HeaderValue,
    https_only: bool,
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
    pool_max_idle_per_host: usize,
    own_redirects: u32,
    propagation: Vec<String>,
    default_headers: HeaderMap,
    #[cfg(feature = "rate-limit")]
    rate_limit: (f64, u32),
    hedge: HedgeConfig,
}
