//! Why a request ended without a response.

mod display;
mod kind;
mod predicates;

#[cfg(doc)]
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::Url;

pub(crate) use self::display::{what_failed, whole_millis};
pub(crate) use self::kind::kind_of;
use crate::config_error::ConfigError;
use crate::past::Past;
use crate::summary::RequestSummary;

/// Why a request ended without a response.
///
/// A response with a bad status is not an error, here as in reqwest: when the retries run out on a
/// 503, that 503 is returned as `Ok`.
///
/// `Display` is one line with the method and the URL; the URL's query, fragment and credentials are
/// left out, in `Debug` too. What is behind the error follows in [`source`](StdError::source):
/// a [`reqwest::Error`] (without its URL), or the rejection of a breaker or a bulkhead.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = steadfast_http::Client::named("payments").build()?;
/// let error = client.get("not a url").send().await.unwrap_err();
/// assert!(!error.was_sent());
/// assert_eq!(error.to_string(), "invalid request: relative URL without a base");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The request never was one: a URL that does not parse, a scheme that is not HTTP, a header
    /// that is not valid. Nothing was sent, and nothing was counted against any authority.
    #[non_exhaustive]
    InvalidRequest {
        /// What reqwest found wrong with it.
        source: reqwest::Error,
    },
    /// The settings of a client break their rules: for the `?` behind
    /// [`build`](crate::Builder::build), which in itself says [`ConfigError`].
    #[non_exhaustive]
    Config {
        /// Every setting that does.
        source: ConfigError,
    },
    /// The circuit breaker of the authority did not let it through.
    #[non_exhaustive]
    CircuitOpen {
        /// Why, and when again.
        rejected: steadfast_breaker::Rejected,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// The bulkhead of the authority had no place for it. The rejection's
    /// [`reason`](steadfast_bulkhead::Rejected::reason) tells a full queue from a wait that took too
    /// long.
    #[non_exhaustive]
    BulkheadFull {
        /// Why.
        rejected: steadfast_bulkhead::Rejected,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// It is not time yet: the authority has asked to be left alone (429), or the client has a limit of
    /// its own, and to wait is longer than the request can. Nothing was sent.
    #[non_exhaustive]
    Throttled {
        /// How long it would have had to wait.
        retry_after: Duration,
        /// Who wants it to.
        by: ThrottledBy,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// The head of the response says that its body is larger than
    /// [`max_response_bytes`](crate::Builder::max_response_bytes). One that does not say so and is, fails
    /// while it is read, with [`BodyError`](crate::BodyError).
    #[non_exhaustive]
    BodyTooLarge {
        /// The limit.
        limit: u64,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// Something about a response, or its body, that reqwest found wrong after it had been returned:
    /// for the `?` behind [`error_for_status`](reqwest::Response::error_for_status),
    /// [`text`](reqwest::Response::text) and their like.
    #[non_exhaustive]
    Response {
        /// What went wrong, without the URL.
        source: reqwest::Error,
    },
    /// The head of the response did not arrive within the attempt timeout.
    #[non_exhaustive]
    AttemptTimeout {
        /// The attempt timeout.
        timeout: Duration,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// The time for the whole request ran out.
    #[non_exhaustive]
    DeadlineExceeded {
        /// What the request was waiting for.
        phase: Phase,
        /// The time from the beginning of the request.
        elapsed: Duration,
        /// What the attempt before this one ended in, if there was one.
        last: Option<Last>,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// Another request that was the same, and was sent for both, ended in this error. Every method of this
    /// error tells what those of that one do.
    #[non_exhaustive]
    Coalesced {
        /// What all who waited for it have got.
        source: Arc<Self>,
    },
    /// Another middleware failed, further in than
    /// [`ResilienceMiddleware`](crate::ResilienceMiddleware). What it prints is its own, and may name the URL,
    /// query and all: of everything else, such secrets are taken out.
    #[cfg(feature = "middleware")]
    #[cfg_attr(docsrs, doc(cfg(feature = "middleware")))]
    #[non_exhaustive]
    Middleware {
        /// What it says; its own type is found by a downcast.
        source: reqwest_middleware::Error,
        /// The request.
        request: Box<RequestSummary>,
    },
    /// It was redirected, and the client, which follows redirects
    /// [itself](crate::Builder::own_redirects), does not go there.
    #[non_exhaustive]
    Redirect {
        /// Why not.
        reason: RedirectReason,
        /// The request, as it was redirected at last.
        request: Box<RequestSummary>,
    },
    /// Sending it, or receiving the head of the response, failed.
    #[non_exhaustive]
    Request {
        /// What went wrong, without the URL.
        source: reqwest::Error,
        /// The request.
        request: Box<RequestSummary>,
    },
}

/// Who wants a request to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ThrottledBy {
    /// The server, which has answered a request with 429: see
    /// [`max_throttle`](crate::Builder::max_throttle).
    Server,
    /// The client itself, by its `rate_limit` (feature `rate-limit`).
    Client,
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectReason {
    /// So many were, and no more are.
    #[non_exhaustive]
    TooMany {
        /// What [`own_redirects`](crate::Builder::own_redirects) allows.
        limit: u32,
    },
    /// It leads to a URL that is none of HTTP.
    #[non_exhaustive]
    NotHttp {
        /// The scheme of the URL.
        scheme: String,
    },
}

/// What a request was waiting for when its time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Nothing: there was no time left to begin with, or to go on with.
    Start,
    /// A place in the bulkhead, or the moment at which the server may be asked.
    Queue,
    /// The head of the response.
    Response,
}

/// What an attempt ended in.
#[derive(Debug)]
#[non_exhaustive]
pub enum Last {
    /// A response with this status, which was worth a retry.
    Status(StatusCode),
    /// An error.
    Error(Box<Error>),
}

impl Error {
    /// The status of the last response there was, if the deadline cut off the retry of one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.root() {
            Self::DeadlineExceeded {
                last: Some(Last::Status(status)),
                ..
            } => Some(*status),
            _ => self.reqwest().and_then(reqwest::Error::status),
        }
    }

    /// When it makes sense to try again, if a breaker, a bulkhead or the authority itself knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.root() {
            Self::CircuitOpen { rejected, .. } => rejected.retry_after(),
            Self::BulkheadFull { rejected, .. } => rejected.retry_after(),
            Self::Throttled { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The method, unless the request was not valid.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.request().map(RequestSummary::method)
    }

    /// The URL, whole: unlike `Display`, this has the query. That of a request that was not valid, if it
    /// could be parsed at all, is without.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.request()
            .map(RequestSummary::url)
            .or_else(|| self.reqwest().and_then(reqwest::Error::url))
    }

    /// Host and port of the URL, unless the request was not valid.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.request().map(RequestSummary::authority)
    }

    /// How many attempts were made. One that a breaker or a bulkhead rejected is none.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.request().map_or(0, RequestSummary::attempts)
    }

    /// The attempts before the one that this error is about, each followed by another: what they ended in
    /// and how long the request then waited. The latest sixteen; without hedges.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(client: steadfast_http::Client) {
    /// if let Err(error) = client.get("http://inventory.internal/stock").send().await {
    ///     eprintln!("{error}");
    ///     for past in error.history() {
    ///         eprintln!("  before that, in attempt {}: {:?}", past.attempt, past.status);
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn history(&self) -> &[Past] {
        self.request().map_or(&[], RequestSummary::history)
    }

    /// Whether the server may have seen the request, in any of the attempts. `false` is a proof:
    /// nothing was done, and the request can be made again whatever it does.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        matches!(self.root(), Self::Response { .. })
            || self.request().is_some_and(RequestSummary::was_sent)
    }

    /// The request, unless it was not valid.
    #[must_use]
    pub fn request(&self) -> Option<&RequestSummary> {
        match self {
            Self::InvalidRequest { .. } | Self::Config { .. } | Self::Response { .. } => None,
            Self::CircuitOpen { request, .. }
            | Self::BulkheadFull { request, .. }
            | Self::Throttled { request, .. }
            | Self::BodyTooLarge { request, .. }
            | Self::AttemptTimeout { request, .. }
            | Self::DeadlineExceeded { request, .. }
            | Self::Redirect { request, .. }
            | Self::Request { request, .. } => Some(request),
            Self::Coalesced { source } => source.request(),
            #[cfg(feature = "middleware")]
            Self::Middleware { request, .. } => Some(request),
        }
    }

    /// Puts another summary in the place of its own, if it has one.
    pub(crate) fn renew(&mut self, summary: impl FnOnce() -> Box<RequestSummary>) {
        match self {
            Self::InvalidRequest { .. }
            | Self::Config { .. }
            | Self::Response { .. }
            | Self::Coalesced { .. } => {}
            Self::CircuitOpen { request, .. }
            | Self::BulkheadFull { request, .. }
            | Self::Throttled { request, .. }
            | Self::BodyTooLarge { request, .. }
            | Self::AttemptTimeout { request, .. }
            | Self::DeadlineExceeded { request, .. }
            | Self::Redirect { request, .. }
            | Self::Request { request, .. } => *request = summary(),
            #[cfg(feature = "middleware")]
            Self::Middleware { request, .. } => *request = summary(),
        }
    }

    /// This error, or that of the request which was sent in place of this one.
    fn root(&self) -> &Self {
        match self {
            Self::Coalesced { source } => source.root(),
            error => error,
        }
    }

    fn reqwest(&self) -> Option<&reqwest::Error> {
        match self.root() {
            Self::InvalidRequest { source }
            | Self::Request { source, .. }
            | Self::Response { source } => Some(source),
            #[cfg(feature = "middleware")]
            Self::Middleware { source, .. } => crate::middleware::reqwest_error(source),
            _ => None,
        }
    }
}

/// Of a client that could not be built, so that `?` works where everything else is an [`Error`].
impl From<ConfigError> for Error {
    fn from(source: ConfigError) -> Self {
        Self::Config { source }
    }
}

/// Of a response that had been returned, so that `?` works on what reqwest's own methods say of it.
impl From<reqwest::Error> for Error {
    fn from(source: reqwest::Error) -> Self {
        if source.is_builder() {
            return Self::invalid(source);
        }
        Self::Response {
            source: source.without_url(),
        }
    }
}

impl Error {
    /// A request that reqwest could not build. Its URL, if it has one, loses what is secret.
    pub(crate) fn invalid(mut source: reqwest::Error) -> Self {
        if let Some(url) = source.url_mut() {
            crate::summary::redact(url);
        }
        Self::InvalidRequest { source }
    }
}
