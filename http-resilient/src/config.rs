//! Clients from configuration files.

mod clients;
mod error;
mod form;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use reqwest::Url;
use steadfast_breaker::AbandonedAs;
use steadfast_retry::HedgeConfig;

use crate::builder::Builder;
use crate::client::Client;
pub use clients::{Clients, ClientsConfig};
pub use error::{ClientProblem, ClientsError};

/// The settings of a client, as plain data. The [`Builder`] has a method of the same name for each field,
/// which explains it and its default. `None` leaves it as it is.
///
/// # In a file
/// It is read and written as a flat table whose keys are the names of the fields, for any format that
/// describes itself, as TOML, JSON and YAML do. What is `None` is not written.
///
/// - A duration is a string like `"1m 30s"` or `"250ms"`, or whole milliseconds.
/// - `default_headers` is a table of strings, or of lists of strings for a header with several values.
/// - `propagation` is the list of the [origins](crate::Origins::hosts) that are told.
/// - `breaker` and `hedge` are tables as [`steadfast_breaker::Config`] and [`HedgeConfig`] describe them.
///   The settings of the breaker that stand beside `breaker` change what it says.
/// - `rate_limit` is a table of `per_second` and `burst` (feature `rate-limit`).
///
/// One error tells everything that is wrong: unknown keys and the key that was probably meant, keys given
/// twice, values of a wrong kind, and broken rules. No value that may be secret is in it: headers, URLs
/// that are none, and texts of unknown keys are told as `..`. `Debug` leaves headers and credentials out
/// too, but what is serialised has them. The format's reader may add the text of the file at that place
/// when it is displayed, as `toml` does; its `message` is without.
///
/// A whole file, `docs/clients.toml` of this crate:
/// ```toml
#[doc = include_str!("../docs/clients.toml")]
/// ```
///
/// # Examples
/// ```
/// use steadfast_http::HttpClientConfig;
///
/// let config: HttpClientConfig = toml::from_str("total_timeout = '1m 30s'\nmax_attempts = 5").unwrap();
/// let client = config.builder("payments").build()?;
/// assert_eq!(client.name(), "payments");
///
/// let error = toml::from_str::<HttpClientConfig>("max_atempts = 5\nmax_concurrent = 0").unwrap_err();
/// assert_eq!(
///     error.message(),
///     "max_atempts = 5 (unknown key, did you mean max_attempts?); max_concurrent = 0 (must be at least 1)",
/// );
/// # Ok::<_, steadfast_http::ConfigError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct HttpClientConfig {
    /// Where relative URLs begin.
    pub base_url: Option<Url>,
    /// The `User-Agent` of requests without one.
    pub user_agent: Option<HeaderValue>,
    /// Whether URLs of `http` are refused.
    pub https_only: Option<bool>,
    /// How long connecting may take.
    pub connect_timeout: Option<Duration>,
    /// How long a connection that nobody uses is kept.
    pub pool_idle_timeout: Option<Duration>,
    /// How many connections that nobody uses are kept for each host.
    pub pool_max_idle_per_host: Option<usize>,
    /// How long one attempt may take.
    pub attempt_timeout: Option<Duration>,
    /// How long a request may take in all.
    pub total_timeout: Option<Duration>,
    /// How long a reader of a body may wait for more of it.
    pub read_timeout: Option<Duration>,
    /// How large a response body may be, in bytes.
    pub max_response_bytes: Option<u64>,
    /// How often a request is attempted at most.
    pub max_attempts: Option<u32>,
    /// The longest wait before the first retry.
    pub base_backoff: Option<Duration>,
    /// The longest backoff.
    pub max_backoff: Option<Duration>,
    /// The longest wait that a `Retry-After` may ask for.
    pub max_retry_after: Option<Duration>,
    /// How long a 429 may hold back an authority.
    pub max_throttle: Option<Duration>,
    /// How many retries and hedges each request allows.
    pub budget_share: Option<f64>,
    /// How many more are allowed per second.
    pub budget_min_per_second: Option<f64>,
    /// Whether identical `GET`s in flight are sent as one.
    pub coalesce: Option<bool>,
    /// How many calls each authority gets at a time.
    pub max_concurrent: Option<usize>,
    /// How many calls may wait for a place at each authority.
    pub max_waiting: Option<usize>,
    /// How long a call waits for a place at most.
    pub checkout_timeout: Option<Duration>,
    /// Failures in a row that open a circuit.
    pub failure_threshold: Option<u32>,
    /// How long after the last failure a run of them is forgotten.
    pub reset_timeout: Option<Duration>,
    /// How long an open breaker rejects.
    pub open_for: Option<Duration>,
    /// Probes in flight at a time.
    pub max_probes: Option<u32>,
    /// Successful probes that close a circuit.
    pub success_threshold: Option<u32>,
    /// How long probes that do not come back may block a breaker.
    pub half_open_max: Option<Duration>,
    /// What a dropped call counts as.
    pub abandoned_as: Option<AbandonedAs>,
    /// How many authorities are remembered.
    pub max_authorities: Option<usize>,
    /// How many redirects the client follows itself.
    pub own_redirects: Option<u32>,
    /// The origins that are told of attempts and deadlines, under the default names.
    pub propagation: Option<Vec<String>>,
    /// Headers for requests that do not have them.
    pub default_headers: Option<HeaderMap>,
    /// Attempts a second for each authority, and how many at once.
    #[cfg(feature = "rate-limit")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rate-limit")))]
    pub rate_limit: Option<(f64, u32)>,
    /// When a second attempt is sent beside a slow one.
    pub hedge: Option<HedgeConfig>,
    /// Every setting of the breakers, to begin with.
    pub breaker: Option<steadfast_breaker::Config>,
}

impl HttpClientConfig {
    /// A builder of a client with these settings.
    pub fn builder(self, name: impl Into<Arc<str>>) -> Builder {
        Client::named(name).config(self)
    }
}
