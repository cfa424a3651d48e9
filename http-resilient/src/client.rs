//! The client: a handle like reqwest's.

mod convert;
#[cfg(feature = "serde")]
pub(crate) mod reconfigure;

use std::fmt;
use std::sync::{Arc, Weak};

use http::{HeaderMap, Method};
use reqwest::{Request, Response, Url};
use steadfast_breaker::CircuitBreaker;
use steadfast_retry::{Budget, Hedge, HedgeConfig, Retry};

use crate::authority::{Authorities, Authority};
use crate::builder::Builder;
use crate::coalesce::Flights;
use crate::counters::Counters;
use crate::error::Error;
use crate::fallback::Fallback;
use crate::observer::{Observer, Observers};
use crate::options::{self, Options};
use crate::propagation::{Adopted, Propagation};
use crate::redirects::Following;
use crate::request::RequestBuilder;
use crate::run;
use crate::settings::{self, Patterns, Settings};
use crate::snapshot::Snapshot;
use crate::transport::Transport;
use crate::url::IntoUrl;
use crate::versions::Versions;

/// A [`reqwest::Client`] with circuit breakers, bulkheads, safe retries and deadlines around it.
///
/// A handle: a clone is cheap and shares everything. Make one for each kind of work and keep it. See
/// the [crate docs](crate) for what it does with a request.
///
/// # Examples
/// ```no_run
/// use std::time::Duration;
/// use steadfast_http::Client;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::named("payments")
///     .total_timeout(Duration::from_secs(5))
///     .build()?;
/// let response = client.get("https://payments.internal/health").send().await?;
/// assert!(response.status().is_success());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What all clones of a client share.
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) settings: Arc<Versions<Settings>>,
    /// What cannot be changed, as the config gave it that the client was built with.
    #[cfg(feature = "serde")]
    fixed: reconfigure::Fixed,
    pub(crate) http: reqwest::Client,
    /// Whether `http` leaves a mark on redirected attempts.
    pub(crate) tracks_redirects: bool,
    /// Whether `http` may have a timeout of its own, which has to be replaced.
    pub(crate) may_have_timeout: bool,
    pub(crate) retry: Retry,
    pub(crate) schedule: Retry,
    pub(crate) budget: Option<Budget>,
    pub(crate) hedge: Option<Hedge>,
    pub(crate) fallback: Option<Fallback>,
    /// If redirects are followed by the client itself.
    pub(crate) following: Option<Following>,
    pub(crate) flights: Flights,
    pub(crate) authorities: Authorities,
    /// One at a time changes the settings.
    #[cfg(feature = "serde")]
    changing: parking_lot::Mutex<()>,
    pub(crate) counters: Counters,
    pub(crate) observers: Observers,
    #[cfg(feature = "telemetry")]
    pub(crate) sinks: steadfast_telemetry::EventSinks,
    #[cfg(feature = "telemetry")]
    pub(crate) latencies: crate::latencies::Latencies,
}

/// A reqwest client, and what is known of it.
pub(crate) struct Http {
    pub(crate) client: reqwest::Client,
    pub(crate) tracks_redirects: bool,
    pub(crate) may_have_timeout: bool,
    pub(crate) following: Option<Following>,
    #[cfg(feature = "serde")]
    pub(crate) fixed: reconfigure::Fixed,
}

impl Client {
    /// A client with every default, called `http`; see [`builder`](Self::builder).
    ///
    /// # Panics
    /// As [`reqwest::Client::new`] does: if TLS or the system's DNS configuration cannot be set up.
    #[must_use]
    pub fn new() -> Self {
        Self::builder()
            .build()
            .expect("the defaults keep every rule, and reqwest builds a client from its own")
    }

    /// Starts building a client called `http`, unless it is [given a name](Builder::name).
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts building a client of this name: short for [`builder`](Self::builder) and
    /// [`Builder::name`].
    pub fn named(name: impl Into<Arc<str>>) -> Builder {
        Builder::new().name(name)
    }

    pub(crate) fn assemble(
        name: Arc<str>,
        settings: Settings,
        http: Http,
        (retry, schedule): (Retry, Retry),
        budget: Option<Budget>,
        (hedge, fallback): (Option<Hedge>, Option<Fallback>),
        observers: Vec<Arc<dyn Observer>>,
    ) -> Self {
        let settings = Arc::new(Versions::new(settings));
        let patterns = Patterns::new(Arc::clone(&name), Arc::clone(&settings));
        let authorities = Authorities::new(patterns);
        Self {
            shared: Arc::new(Shared {
                name,
                settings,
                #[cfg(feature = "serde")]
                fixed: http.fixed,
                http: http.client,
                tracks_redirects: http.tracks_redirects,
                may_have_timeout: http.may_have_timeout,
                following: http.following,
                retry,
                schedule,
                budget,
                hedge,
                fallback,
                flights: Flights::default(),
                authorities,
                #[cfg(feature = "serde")]
                changing: parking_lot::Mutex::new(()),
                counters: Counters::default(),
                observers: Observers::new(observers),
                #[cfg(feature = "telemetry")]
                sinks: steadfast_telemetry::EventSinks::new(),
                #[cfg(feature = "telemetry")]
                latencies: crate::latencies::Latencies::new(),
            }),
        }
    }

    /// Starts a `GET` request. A URL that does not parse is reported when it is sent.
    pub fn get<U: IntoUrl>(&self, url: U) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Starts a `POST` request. A URL that does not parse is reported when it is sent.
    pub fn post<U: IntoUrl>(&self, url: U) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Starts a `PUT` request. A URL that does not parse is reported when it is sent.
    pub fn put<U: IntoUrl>(&self, url: U) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Starts a `PATCH` request. A URL that does not parse is reported when it is sent.
    pub fn patch<U: IntoUrl>(&self, url: U) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Starts a `DELETE` request. A URL that does not parse is reported when it is sent.
    pub fn delete<U: IntoUrl>(&self, url: U) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Starts a `HEAD` request. A URL that does not parse is reported when it is sent.
    pub fn head<U: IntoUrl>(&self, url: U) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Starts a request. A URL that does not parse is reported when it is sent. A relative one begins
    /// at the client's [`base_url`](Builder::base_url).
    pub fn request<U: IntoUrl>(&self, method: Method, url: U) -> RequestBuilder {
        let base = self.shared.settings().base_url.as_ref();
        let inner = crate::url::request(&self.shared.http, base, method, url);
        RequestBuilder::new(self.clone(), inner)
    }

    /// Sends a finished request with the client's settings. Its own
    /// [`timeout`](Request::timeout), if it has one, is its total timeout.
    ///
    /// # Errors
    /// [`Error`] says why there is no response. A response with a bad status is `Ok`, as in reqwest:
    /// also one that was retried until the attempts were used up.
    ///
    /// # Cancel safety
    /// Dropping the future drops the attempt or the wait it is in. Its place in the bulkhead and its
    /// probe of a half-open breaker are given back at once. What the server has done stays done.
    pub fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<> {
        self.clone().send(Ok(request), None, false)
    }

    /// Sends what a builder has made.
    pub(crate) fn send(
        self,
        request: reqwest::Result<Request>,
        options: Option<Box<Options>>,
        is_ours: bool,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<> {
        // From here on the request stays where it is, and is borrowed: it is large, and each function that
        // it is handed to by value would have it twice.
        let (mut request, invalid) = match request {
            Ok(request) => (Some(request), None),
            Err(error) => (None, Some(error)),
        };
        async move {
            let shared = &self.shared;
            if let Some(error) = invalid {
                let error = Error::invalid(error);
                shared.counters.begin().end(Some(&error));
                return Err(error);
            }
            let options = options.as_deref().unwrap_or(&options::NONE);
            run::run(shared, &mut request, options, is_ours, &shared.transport()).await
        }
    }

    pub(crate) fn adopt(&self, headers: &HeaderMap) -> Adopted {
        match &self.shared.settings().propagation {
            Some(propagation) => propagation.adopt(headers),
            None => Propagation::default().adopt(headers),
        }
    }

    /// The name given to the builder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The reqwest client inside. What is sent through it goes past every pattern: **unprotected**.
    #[must_use]
    pub fn reqwest(&self) -> &reqwest::Client {
        &self.shared.http
    }

    /// A hedge for requests that have a latency of their own, to be given to each of them with
    /// [`RequestBuilder::hedge`]. It is limited by the budget of this client, as all its hedges and
    /// retries together are. A telemetry object that watches the client watches the hedge as well; one that
    /// comes later has to be told of it.
    ///
    /// # Errors
    /// [`ConfigError`](steadfast_retry::ConfigError) with every setting that breaks its rule.
    ///
    /// # Examples
    /// ```no_run
    /// use std::time::Duration;
    /// use steadfast_retry::{HedgeConfig, HedgeTrigger};
    ///
    /// # async fn example(client: steadfast_http::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = HedgeConfig::default();
    /// config.trigger = HedgeTrigger::Delay(Duration::from_millis(50));
    /// let search = client.hedge("search", config)?; // once, and kept
    ///
    /// client.get("http://inventory.internal/search").hedge(&search).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn hedge(
        &self,
        name: &str,
        config: HedgeConfig,
    ) -> Result<Hedge, steadfast_retry::ConfigError> {
        let hedge = settings::hedge(name, config, self.shared.budget.as_ref())?;
        #[cfg(feature = "telemetry")]
        self.shared.sinks.watch(&hedge);
        Ok(hedge)
    }

    /// What the client is doing and has done, authority by authority.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// The circuit breakers of the authorities that it remembers, each with the authority's name: to look at
    /// them one by one, or to set their modes. One that is evicted lives on as long as its handle, and nobody
    /// asks it any more.
    #[must_use]
    pub fn breakers(&self) -> Vec<(Arc<str>, CircuitBreaker)> {
        let all = self.shared.authorities.all().into_iter();
        all.map(|one| (Arc::clone(&one.name), one.breaker.clone()))
            .collect()
    }

    /// The circuit breaker of a host and port, such as `api.example:443`, for an operator who wants to set its mode.
    /// `None` if the client has not met it, or has forgotten it.
    ///
    /// # Examples
    /// ```
    /// use steadfast_http::Client;
    ///
    /// let client = Client::named("billing").build()?;
    /// assert!(client.breaker("api.example:443").is_none(), "nothing was asked for yet");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn breaker(&self, authority: &str) -> Option<CircuitBreaker> {
        let authority = self.shared.authorities.peek(authority)?;
        Some(authority.breaker.clone())
    }

    /// A handle that does not keep the client alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakClient {
        WeakClient {
            shared: Arc::downgrade(&self.shared),
        }
    }

    #[cfg(any(feature = "telemetry", feature = "middleware"))]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    /// The settings as they are now. A request asks once, and keeps what it gets.
    #[inline]
    pub(crate) fn settings(&self) -> &Settings {
        self.settings.newest()
    }

    /// By what requests are sent if nothing else is said.
    pub(crate) fn transport(&self) -> Transport<'_> {
        Transport::Own(&self.http)
    }

    /// The patterns of the authority of a URL, if it is one of HTTP; telemetry is told of new ones.
    pub(crate) fn meet(&self, url: &Url) -> Option<Arc<Authority>> {
        let (authority, is_new) = self.authorities.meet_url(url)?;
        #[cfg(feature = "telemetry")]
        if is_new {
            self.sinks.watch_in(&self.name, &authority.breaker);
            self.sinks.watch_in(&self.name, &authority.bulkhead);
        }
        #[cfg(not(feature = "telemetry"))]
        let _ = is_new;
        Some(authority)
    }

    /// Whether anybody wants to hear of requests.
    pub(crate) fn is_watched(&self) -> bool {
        #[cfg(feature = "telemetry")]
        if self.sinks.any() {
            return true;
        }
        self.observers.are_any()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let authorities = self.authorities.all();
        let counted = self.authorities.counted();
        let totals = self.counters.totals(&counted, self.observers.panics());
        Snapshot {
            name: Arc::clone(&self.name),
            in_flight: self.counters.in_flight(),
            authorities: authorities.iter().map(|one| one.snapshot()).collect(),
            retry: self.retry.snapshot(),
            budget: self.budget.as_ref().map(Budget::snapshot),
            hedge: self.hedge.as_ref().map(Hedge::snapshot),
            totals,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("name", &self.shared.name)
            .field("settings", self.shared.settings())
            // Not that of reqwest, which prints the default headers, secrets and all.
            .finish_non_exhaustive()
    }
}

/// A handle that does not keep its client alive; made by [`Client::downgrade`].
#[derive(Clone)]
pub struct WeakClient {
    shared: Weak<Shared>,
}

impl WeakClient {
    /// The client, if any other handle to it is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<Client> {
        self.shared.upgrade().map(|shared| Client { shared })
    }

    /// Whether both handles are of the same client.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

impl fmt::Debug for WeakClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakClient").finish_non_exhaustive()
    }
}
