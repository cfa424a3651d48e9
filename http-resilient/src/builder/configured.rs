//! Settings from a file.

use super::Builder;
use crate::config::HttpClientConfig;
use crate::config_error::FieldError;
use crate::propagation::{Origins, Propagation};
use crate::settings::Settings;

impl Builder {
    /// Sets what the config gives, as if each method of the same name had been called: `breaker` before
    /// the single settings of the breaker. What it does not give stays as it is.
    ///
    /// # Examples
    /// ```
    /// use steadfast_http::{Client, HttpClientConfig};
    ///
    /// let mut config = HttpClientConfig::default();
    /// config.max_attempts = Some(5);
    /// let client = Client::named("payments").config(config).build()?;
    /// # Ok::<_, steadfast_http::ConfigError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
    pub fn config(mut self, config: HttpClientConfig) -> Self {
        self.fixed.add(&config);
        if let Some(breaker) = config.breaker {
            self.settings.breaker = breaker;
        }
        if let Some(origins) = config.propagation {
            self = self.propagation(Propagation::to(Origins::hosts(origins)));
        }
        #[cfg(feature = "rate-limit")]
        if let Some((per_second, burst)) = config.rate_limit {
            self = self.rate_limit(per_second, burst);
        }
        macro_rules! set {
            ($($name:ident,)*) => {$(
                if let Some(value) = config.$name {
                    self = self.$name(value);
                }
            )*};
        }
        set! {
            base_url,
            default_headers,
            user_agent,
            https_only,
            connect_timeout,
            pool_idle_timeout,
            pool_max_idle_per_host,
            attempt_timeout,
            total_timeout,
            read_timeout,
            max_response_bytes,
            max_attempts,
            base_backoff,
            max_backoff,
            max_retry_after,
            max_throttle,
            budget_share,
            budget_min_per_second,
            hedge,
            coalesce,
            max_concurrent,
            max_waiting,
            checkout_timeout,
            failure_threshold,
            reset_timeout,
            open_for,
            max_probes,
            success_threshold,
            half_open_max,
            abandoned_as,
            max_authorities,
            own_redirects,
        }
        self
    }

    /// The settings by themselves.
    pub(crate) fn into_settings(self) -> Settings {
        self.settings
    }

    /// The settings that break their rules, but for reqwest's.
    pub(crate) fn broken_settings(&self) -> Vec<FieldError> {
        self.settings.broken_fields()
    }
}
