//! The client's patterns as a middleware of reqwest-middleware's.

use std::fmt;
use std::time::Duration;

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};
use steadfast_breaker::Outcome;

use crate::attempt::Failure;
use crate::call::Call;
use crate::classify::{Fault, fault};
use crate::client::Client;
use crate::error::{Error, Phase, kind_of};
use crate::noted::Brief;
use crate::options;
use crate::redirected::Redirects;
use crate::run;
use crate::shield::Shielded;
use crate::transport::{SendError, Transport};

/// Sends what comes through a [`reqwest_middleware::ClientWithMiddleware`] through the patterns of a
/// [`Client`]: the same breakers and bulkheads, for each authority one, the same budget, the same timeouts.
/// Made by [`Client::middleware`].
///
/// What follows it in the chain is run **for each attempt**, with the request and the extensions as they
/// came in: the place for a middleware that signs requests or traces attempts. What precedes it sees one
/// request and one response. The extensions are those of the attempt whose response is returned; after an
/// error they are as they were.
///
/// # What differs from the client
/// - The requests are sent by the reqwest client at the end of the chain, with its redirects, of which nothing
///   is told: a connect error is no proof that nothing was sent, and **requests that are not idempotent are
///   not retried** on one, as with [`Builder::client`](crate::Builder::client). reqwest's own hidden retries
///   are at work unless they were turned off there.
/// - A request is idempotent by its method or its `Idempotency-Key`. Its
///   [`timeout`](reqwest_middleware::RequestBuilder::timeout) is its total timeout.
/// - An error is a [`reqwest_middleware::Error::Middleware`], which can be downcast to [`Error`].
/// - An error of a middleware further in ends the request, and says nothing about the server, unless there is
///   one of reqwest's behind it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let upstream = steadfast_testkit::HttpUpstream::start().await;
/// # upstream.script([steadfast_testkit::Reply::status(503)]);
/// # let url = upstream.url("/stock");
/// use steadfast_http::{Client, ResponseExt};
///
/// let patterns = Client::builder().name("stock").build()?;
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(patterns.middleware())
///     .build();
///
/// // The server answers 503, and then is well again.
/// let response = client.get(url).send().await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.attempts(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ResilienceMiddleware {
    client: Client,
}

impl Client {
    /// The client's patterns as a middleware. It shares everything with the client but the reqwest client
    /// inside, which is not used: breakers that open, places that are taken and retries that are made through
    /// the one count for the other.
    #[cfg_attr(docsrs, doc(cfg(feature = "middleware")))]
    #[must_use]
    pub fn middleware(&self) -> ResilienceMiddleware {
        ResilienceMiddleware {
            client: self.clone(),
        }
    }
}

#[async_trait::async_trait]
impl Middleware for ResilienceMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let transport = Transport::Chain(Chain {
            next,
            extensions: extensions.clone(),
        });
        let (shared, options) = (self.client.shared(), &options::NONE);
        let result = run::run(shared, &mut Some(request), options, false, &transport).await;
        let mut response = result.map_err(reqwest_middleware::Error::middleware)?;
        if let Some(Carried(of_attempt)) = response.extensions_mut().remove() {
            *extensions = of_attempt;
        }
        Ok(response)
    }
}

impl fmt::Debug for ResilienceMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResilienceMiddleware")
            .field(&self.client)
            .finish()
    }
}

/// What comes next, for any number of attempts.
pub(crate) struct Chain<'c> {
    next: Next<'c>,
    extensions: Extensions,
}

/// The extensions of an attempt, on their way in those of its response.
#[derive(Clone)]
struct Carried(Extensions);

impl Chain<'_> {
    pub(crate) async fn send(&self, request: Request) -> Result<Response, SendError> {
        let mut extensions = self.extensions.clone();
        match self.next.clone().run(request, &mut extensions).await {
            Ok(mut response) => {
                response.extensions_mut().insert(Carried(extensions));
                Ok(response)
            }
            Err(reqwest_middleware::Error::Reqwest(error)) => Err(SendError::Reqwest(error)),
            Err(error @ reqwest_middleware::Error::Middleware(_)) => {
                Err(SendError::Middleware(error))
            }
        }
    }
}

impl Call<'_> {
    /// What the error of another middleware means: what that of reqwest behind it does, if there is one.
    pub(crate) fn judge_middleware(
        &self,
        source: reqwest_middleware::Error,
        permit: Shielded<'_, '_>,
        timeout: Duration,
    ) -> Failure {
        let behind = reqwest_error(&source);
        let timed_out = behind.is_some_and(|error| error.is_timeout() && !error.is_connect());
        if timed_out && self.is_over() {
            self.record_out_of_time(permit, timeout);
            return Failure::Deadline(Phase::Response);
        }
        let nothing = Fault {
            outcome: Outcome::Ignored,
            sent: true,
            transient: false,
        };
        let fault = behind.map_or(nothing, |error| fault(error, Redirects::Unknown));
        match behind {
            // What the middleware says of it may name the URL.
            Some(error) => self.record_error(permit, fault.outcome, kind_of(error), Brief(error)),
            None => permit.record(fault.outcome),
        }
        Failure::Fault {
            error: Error::Middleware {
                source,
                request: self.summary(),
            },
            sent: fault.sent,
            transient: fault.transient,
        }
    }
}

/// The error of reqwest behind that of a middleware.
pub(crate) fn reqwest_error(error: &reqwest_middleware::Error) -> Option<&reqwest::Error> {
    match error {
        reqwest_middleware::Error::Reqwest(error) => Some(error),
        reqwest_middleware::Error::Middleware(error) => error.chain().find_map(|cause| {
            let of_chain = cause.downcast_ref().and_then(reqwest_error);
            of_chain.or_else(|| cause.downcast_ref())
        }),
    }
}
