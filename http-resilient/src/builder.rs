//! Building a client.

mod authority;
mod basics;
#[cfg(feature = "serde")]
mod configured;
mod forward;
mod redirects;
mod repetition;

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadfast_retry::{Budget, BudgetConfig};

use self::redirects::Redirects;
use crate::client::Client;
#[cfg(feature = "serde")]
use crate::client::reconfigure::Fixed;
use crate::config_error::{ConfigError, FieldError};
use crate::fallback::Fallback;
use crate::observer::Observer;
use crate::propagation::Propagation;
#[cfg(feature = "rate-limit")]
use crate::rate_limit::Rate;
use crate::settings::{Settings, default_budget};

/// Settings of a [`Client`] to be; made by [`Client::builder`].
///
/// Settings are checked together in [`build`](Self::build); nothing is clamped to a legal value.
/// Beside the client's own, there are those of [`reqwest::ClientBuilder`], under the same names.
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    name: Arc<str>,
    settings: Settings,
    source: Source,
    /// The settings that were handed on to reqwest's builder.
    forwarded: Vec<&'static str>,
    /// Those that a builder given later has taken the place of.
    lost: Vec<&'static str>,
    redirects: Redirects,
    budget: Option<Budget>,
    fallback: Option<Fallback>,
    observers: Vec<Arc<dyn Observer>>,
    /// What a config has said that cannot be changed later.
    #[cfg(feature = "serde")]
    fixed: Fixed,
}

/// Where the reqwest client comes from.
enum Source {
    /// Ours from the start.
    Own(Box<reqwest::ClientBuilder>),
    Builder(Box<reqwest::ClientBuilder>),
    Client(reqwest::Client),
}

impl Builder {
    /// The same as [`Client::builder`].
    pub fn new() -> Self {
        Self {
            name: Arc::from("http"),
            settings: Settings::default(),
            source: Source::Own(Box::default()),
            forwarded: Vec::new(),
            lost: Vec::new(),
            redirects: Redirects::default(),
            budget: None,
            fallback: None,
            observers: Vec::new(),
            #[cfg(feature = "serde")]
            fixed: Fixed::default(),
        }
    }

    /// How long one attempt may take until the head of the response has arrived: connecting and
    /// sending the body included. Longer than zero. Default 10 s. Ends at the total timeout if that
    /// is nearer. An attempt that runs out counts as a failure of the server.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// How long a request may take in all: waiting for a place, every attempt, every backoff, **and
    /// reading the response body**. Longer than zero. Default 30 s. [`Duration::MAX`] is no limit; use
    /// it for streams that do not end.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.settings.total_timeout = timeout;
        self
    }

    /// The same as [`total_timeout`](Self::total_timeout), under reqwest's name.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.total_timeout(timeout)
    }

    /// How often a request is attempted at most, the first time included: at least 1, which never
    /// retries. Default 3.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts;
        self
    }

    /// The longest wait before the first retry; doubles with each further one. The wait is drawn
    /// evenly from zero to this. Default 100 ms.
    pub fn base_backoff(mut self, backoff: Duration) -> Self {
        self.settings.base_backoff = backoff;
        self
    }

    /// The longest backoff: at least `base_backoff`. Default 5 s. A `Retry-After` has a limit of its
    /// own, [`max_retry_after`](Self::max_retry_after).
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.settings.max_backoff = backoff;
        self
    }

    /// Makes the backoffs repeatable, for tests. Default: a seed from the operating system.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.settings.jitter_seed = Some(seed);
        self
    }

    /// The longest wait that a `Retry-After` header may ask for. Default 30 s. A longer one ends the
    /// request at once with the response that carries it: to wait less than asked for would be in vain.
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.settings.max_retry_after = wait;
        self
    }

    /// How long a 429 may hold back an authority; zero: not at all. Default 10 min.
    ///
    /// A 429, whatever its request was, says how long the server wants to be left alone: in
    /// `Retry-After`, else in one of the `RateLimit` headers. For so long, **no request is sent to that
    /// authority**. One that can wait as long, within [`max_retry_after`](Self::max_retry_after) and its
    /// deadline, waits; any other is an [`Error::Throttled`](crate::Error::Throttled) at once, which
    /// costs the server nothing. When the time has come, those that wait are spread over 20 ms.
    ///
    /// What is stated may be nonsense, and then the next request after this time finds out. Turn it off
    /// where one authority has limits that have nothing to do with each other, such as one for each
    /// path or each of your customers: there a 429 for one would hold back all. `Retry-After` still is
    /// what the retry of that request waits for.
    pub fn max_throttle(mut self, time: Duration) -> Self {
        self.settings.max_throttle = time;
        self
    }

    /// How many retries and hedges each request allows, on average over ten seconds and all authorities:
    /// what they may add to the load. From 0 to 1. Default 0.2: a fifth more requests at most, however
    /// many fail. A retry that the budget does not allow is not made, and the response or error that
    /// would have been retried stands.
    pub fn budget_share(mut self, share: f64) -> Self {
        self.own_budget().share = share;
        self
    }

    /// How many more retries and hedges are allowed per second, whatever the traffic: what a client with
    /// few requests lives on. Default 3.
    pub fn budget_min_per_second(mut self, min_per_second: f64) -> Self {
        self.own_budget().min_per_second = min_per_second;
        self
    }

    /// A budget to share with other clients, in place of one of its own. What was set for that is not
    /// used.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.settings.budget = None;
        self.budget = Some(budget);
        self
    }

    /// Retries and hedges without a budget. Where every request fails, they then multiply the load by
    /// `max_attempts`, which may be what keeps the server down.
    pub fn unbudgeted(mut self) -> Self {
        self.settings.budget = None;
        self.budget = None;
        self
    }

    fn own_budget(&mut self) -> &mut BudgetConfig {
        self.budget = None;
        self.settings.budget.get_or_insert_with(default_budget)
    }

    /// How long a reader of a response body may wait without any of it coming; longer than zero. Then
    /// the body fails with [`BodyError::Stalled`](crate::BodyError::Stalled), which counts as a failure of
    /// the server. Default: none but the total timeout.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.read_timeout = Some(timeout);
        self
    }

    /// How large a response body may be, in bytes after decompression; at least 1. One whose head says
    /// that it is larger is an [`Error::BodyTooLarge`](crate::Error::BodyTooLarge), any other breaks off
    /// with [`BodyError::TooLarge`](crate::BodyError::TooLarge). Both count as failures of the server.
    ///
    /// Default: no limit, as in reqwest. Set one wherever the server is not your own: a few KiB that
    /// were compressed can be gigabytes.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_response_bytes = Some(bytes);
        self
    }

    /// Tells servers, in headers of each attempt, how much time is left and which attempt it is, and
    /// names the headers that [`adopt`](crate::RequestBuilder::adopt) reads. Default: nobody is told, and
    /// the names are the default ones.
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.settings.propagation = Some(propagation);
        self
    }

    /// How many attempts a second each authority is sent at most, on average, and how many of them at
    /// once after a pause. More than zero and at most a thousand million a second; a burst of at least 1,
    /// and one that is there again after a year at the latest. Default: no limit.
    ///
    /// For servers that bill or block those who ask too often. An attempt over the limit waits in a line,
    /// in the order of arrival, after the circuit breaker has been asked and before it takes a place in
    /// the bulkhead. One whose turn would come after its deadline is an
    /// [`Error::Throttled`](crate::Error::Throttled) at once; without a total timeout the line has no end.
    ///
    /// An attempt that then finds no place in the bulkhead has had its turn. An authority that is
    /// forgotten (see [`max_authorities`](Self::max_authorities)) begins with a whole burst when it comes
    /// back.
    ///
    /// # Examples
    /// ```
    /// use steadfast_http::Client;
    ///
    /// let client = Client::named("payments").rate_limit(50.0, 10).build()?;
    /// // One request in ten seconds.
    /// let client = Client::named("crawler").rate_limit(0.1, 1).build()?;
    /// # Ok::<_, steadfast_http::ConfigError>(())
    /// ```
    #[cfg(feature = "rate-limit")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rate-limit")))]
    pub fn rate_limit(mut self, per_second: f64, burst: u32) -> Self {
        self.settings.rate_limit = Some(Rate { per_second, burst });
        self
    }

    /// How many authorities are remembered, at least 1. Default 1024. Beyond it the least recently
    /// used idle one is forgotten, its counts with it: one without a call in flight, whose breaker
    /// rejects nobody. If there is none, further authorities share one breaker and one bulkhead, those of
    /// `(overflow)`, until there is.
    pub fn max_authorities(mut self, authorities: usize) -> Self {
        self.settings.max_authorities = authorities;
        self
    }

    /// The reqwest builder to build on, for what is configured already, or has no method of its own
    /// here. Replaces an earlier [`reqwest`](Self::reqwest) or [`client`](Self::client). Settings of
    /// reqwest's that are given here, such as [`user_agent`](Self::user_agent), must come after it.
    ///
    /// Its `timeout` is replaced by what is left of the total timeout. Its redirect policy stays unless
    /// [`redirect`](Self::redirect) is called; as it cannot be looked into, a connect error then is no
    /// proof that nothing was sent, and **requests that are not idempotent are not retried** on one. Its
    /// retries stay with it, by default those of HTTP/2 requests that the server has not touched; with
    /// `redirect`, as without a builder, they are turned off, so that attempts are what they are counted as.
    ///
    /// Small bodies are not looked at before they are read, since it may have a read timeout: a response
    /// holds its place until then.
    pub fn reqwest(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.lost.append(&mut self.forwarded);
        self.source = Source::Builder(Box::new(builder));
        self
    }

    /// The reqwest client to use, as it is: with its redirect policy, of which the same is true as for
    /// [`reqwest`](Self::reqwest), and with reqwest's hidden retries of HTTP/2 requests that the
    /// server has not touched, which nothing counts. Replaces an earlier [`reqwest`](Self::reqwest)
    /// or [`client`](Self::client). As it is finished, settings of reqwest's cannot be given here.
    /// A response holds its place until its body is read, as with [`reqwest`](Self::reqwest).
    pub fn client(mut self, client: reqwest::Client) -> Self {
        self.source = Source::Client(client);
        self
    }

    /// Adds an observer of requests; may be called more than once.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Checks the settings and builds the client. Nothing is connected to yet.
    ///
    /// # Errors
    /// [`ConfigError`] with **every** setting that breaks its rule. What reqwest itself finds wrong
    /// (TLS, proxies, headers) is the field `reqwest`.
    ///
    /// # Panics
    /// As [`reqwest::ClientBuilder::build`] does: with feature `rustls-no-provider` alone, if no
    /// crypto provider was installed.
    pub fn build(self) -> Result<Client, ConfigError> {
        let mut fields = Vec::new();
        if self.name.is_empty() {
            fields.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        fields.extend(self.settings.broken_fields());
        fields.extend(self.broken_redirects());
        fields.extend(self.misplaced());
        let http = self
            .redirects
            .finish(self.source, self.settings.own_redirects);
        let retry = self.settings.retry(&self.name);
        let schedule = self.settings.schedule(&self.name);
        let budget = match self.budget {
            Some(given) => Ok(Some(given)),
            None => self.settings.budget(&self.name),
        };
        let given = budget.as_ref().ok().and_then(Option::as_ref);
        let hedge = self.settings.hedge(&self.name, given);
        match (http, retry, schedule, budget, hedge) {
            (Ok(http), Ok(retry), Ok(schedule), Ok(budget), Ok(hedge)) if fields.is_empty() => {
                let patterns = (retry, schedule);
                let client = Client::assemble(
                    self.name,
                    self.settings,
                    http,
                    patterns,
                    budget,
                    (hedge, self.fallback),
                    self.observers,
                    #[cfg(feature = "serde")]
                    self.fixed,
                );
                Ok(client)
            }
            (http, ..) => {
                if let Err(error) = http {
                    fields.push(FieldError {
                        field: "reqwest",
                        value: chain(&error),
                        rule: "must be a configuration that reqwest accepts",
                    });
                }
                Err(ConfigError::new(self.name, fields))
            }
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// An error and what is behind it, in one line.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("redirect", &self.redirects.policy)
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}
