//! The request builder: reqwest's, with what a resilient client wants to know besides.

mod repetition;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use reqwest::{Body, Request, Response};

use crate::classify::IDEMPOTENCY_KEY;
use crate::client::Client;
use crate::error::Error;
use crate::options::Options;

/// A request to be, made by [`Client::get`] and its siblings: every method of
/// [`reqwest::RequestBuilder`], and a few of its own.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    inner: reqwest::RequestBuilder,
    options: Option<Box<Options>>,
    /// Whether it was not begun with a request that somebody else has made.
    is_ours: bool,
}

/// What reqwest's builder does not have.
impl RequestBuilder {
    /// Says whether the request may reach the server twice, over the head of its method and its
    /// idempotency key. Only a request that may is sent again after a failure that may have
    /// happened on the server's side.
    ///
    /// Default: `GET`, `HEAD`, `OPTIONS`, `TRACE`, `PUT` and `DELETE` may; so may any other with an
    /// `Idempotency-Key` header.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.options().idempotent = Some(idempotent);
        self
    }

    /// Sends an `Idempotency-Key` header, by which the server knows a request that it has seen
    /// before, and so makes the request one that may be retried. The same key goes with every
    /// attempt. Replaces an earlier key.
    pub fn idempotency_key<V>(mut self, key: V) -> Self
    where
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.inner = match HeaderValue::try_from(key) {
            Ok(key) => self
                .inner
                .headers(HeaderMap::from_iter([(IDEMPOTENCY_KEY, key)])),
            // Not valid either, so that reqwest keeps the error until the request is sent.
            Err(_) => self.inner.header::<_, &str>(IDEMPOTENCY_KEY, "\n"),
        };
        self
    }

    /// How long one attempt of this request may take until the head of the response has arrived. With zero
    /// nothing is sent. Default: the client's [`attempt_timeout`](crate::Builder::attempt_timeout).
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options().attempt_timeout = Some(timeout);
        self
    }

    /// How long the reader of the response body may wait without any of it coming. Default: the client's
    /// [`read_timeout`](crate::Builder::read_timeout). The circuit takes it for a failure of the server,
    /// unless this is less than half of what the client gives (without a read timeout: its attempt timeout).
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.options().read_timeout = Some(timeout);
        self
    }

    /// How large the response body may be, in bytes after decompression. Default: the client's
    /// [`max_response_bytes`](crate::Builder::max_response_bytes). A lower one is the wish of this request,
    /// and the circuit does not take it for a failure of the server.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.options().max_response_bytes = Some(bytes);
        self
    }

    /// The path of this request with placeholders, `/orders/{id}`: a name that all requests of its sort
    /// share, in spans (`url.template`), durations and events. Default: none, so that they name only
    /// method and server. Never put in what differs from request to request: each template is a series
    /// of its own.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(client: steadfast_http::Client) -> Result<(), steadfast_http::Error> {
    /// let order = client
    ///     .get("http://orders.internal/orders/17")
    ///     .template("/orders/{id}")
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn template(mut self, template: impl Into<Arc<str>>) -> Self {
        self.options().template = Some(template.into());
        self
    }

    /// Makes the body anew for each attempt, in place of one that was set: for streams, which cannot be
    /// sent again otherwise.
    pub fn body_factory<B: Into<Body>>(
        mut self,
        factory: impl Fn() -> B + Send + Sync + 'static,
    ) -> Self {
        self.options().body = Some(Arc::new(move || factory().into()));
        self
    }

    /// Goes on with a request that has come in: what its caller has told, in the headers that
    /// [`Builder::propagation`](crate::Builder::propagation) names, holds for this one too.
    ///
    /// - Its deadline, counted from now, so adopt it when the request comes in. Of all deadlines and
    ///   timeouts, the earliest counts.
    /// - Its attempt. If it is a retry already, it is not retried on top: see
    ///   [`OnTop`](crate::OnTop), and
    ///   [why retries multiply](https://docs.rs/steadfast-retry/latest/steadfast_retry/guide/index.html).
    ///
    /// Headers that are missing or cannot be read tell nothing. No other header is looked at.
    ///
    /// # Examples
    /// ```
    /// use reqwest::header::HeaderMap;
    /// use steadfast_http::{Client, RequestBuilder};
    ///
    /// /// A handler asks the stock for the request it was given.
    /// fn stock(client: &Client, incoming: &HeaderMap) -> RequestBuilder {
    ///     client.get("http://stock.internal/").adopt(incoming)
    /// }
    /// ```
    pub fn adopt(mut self, incoming: &HeaderMap) -> Self {
        let adopted = self.client.adopt(incoming);
        let options = self.options();
        options.adopted = options.adopted.and(adopted);
        self
    }

    /// Tells the server nothing of attempt and deadline, though it is one of those that
    /// [`Builder::propagation`](crate::Builder::propagation) names.
    pub fn no_propagation(mut self) -> Self {
        self.options().no_propagation = true;
        self
    }

    fn options(&mut self) -> &mut Options {
        self.options.get_or_insert_default()
    }

    /// How long this request may take in all, its response body included. Default: the client's
    /// [`total_timeout`](crate::Builder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.inner = self.inner.timeout(timeout);
        self
    }

    /// When this request must be over, its response body included; together with the total timeout,
    /// the earlier counts. For passing on a deadline that was given from outside.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.options().deadline = Some(deadline);
        self
    }
}

/// What it has.
impl RequestBuilder {
    pub(crate) fn new(client: Client, inner: reqwest::RequestBuilder) -> Self {
        Self {
            client,
            inner,
            options: None,
            is_ours: true,
        }
    }

    /// A builder that starts from a finished request.
    pub fn from_parts(client: Client, request: Request) -> Self {
        let inner = reqwest::RequestBuilder::from_parts(client.reqwest().clone(), request);
        Self {
            is_ours: false,
            ..Self::new(client, inner)
        }
    }

    /// Adds a header.
    pub fn header<K, V>(mut self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.inner = self.inner.header(key, value);
        self
    }

    /// Sets headers, replacing those of the same name.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.inner = self.inner.headers(headers);
        self
    }

    /// Adds HTTP basic authentication.
    pub fn basic_auth<U, P>(mut self, username: U, password: Option<P>) -> Self
    where
        U: fmt::Display,
        P: fmt::Display,
    {
        self.inner = self.inner.basic_auth(username, password);
        self
    }

    /// Adds HTTP bearer authentication.
    pub fn bearer_auth<T: fmt::Display>(mut self, token: T) -> Self {
        self.inner = self.inner.bearer_auth(token);
        self
    }

    /// Sets the body. One that is a stream cannot be sent again: such a request gets one attempt.
    pub fn body<T: Into<Body>>(mut self, body: T) -> Self {
        self.inner = self.inner.body(body);
        self
    }

    /// The same as [`total_timeout`](Self::total_timeout), under reqwest's name.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.total_timeout(timeout)
    }

    /// Sets the HTTP version.
    pub fn version(mut self, version: Version) -> Self {
        self.inner = self.inner.version(version);
        self
    }

    /// Adds to the query string.
    #[cfg(feature = "query")]
    #[cfg_attr(docsrs, doc(cfg(feature = "query")))]
    pub fn query<T: serde::Serialize + ?Sized>(mut self, query: &T) -> Self {
        self.inner = self.inner.query(query);
        self
    }

    /// Sends a form as the body.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T: serde::Serialize + ?Sized>(mut self, form: &T) -> Self {
        self.inner = self.inner.form(form);
        self
    }

    /// Sends JSON as the body.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::Serialize + ?Sized>(mut self, json: &T) -> Self {
        self.inner = self.inner.json(json);
        self
    }

    /// Sends a multipart form as the body. reqwest streams it, so such a request gets one attempt.
    #[cfg(feature = "multipart")]
    #[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
    pub fn multipart(mut self, form: reqwest::multipart::Form) -> Self {
        self.inner = self.inner.multipart(form);
        self
    }

    /// Finishes the request, to look at it and send it with [`Client::execute`]. What
    /// [`idempotent`](Self::idempotent), [`attempt_timeout`](Self::attempt_timeout) and
    /// [`deadline`](Self::deadline) said is lost, and what was [adopted](Self::adopt): reqwest's request has no
    /// place for it. An
    /// idempotency key and a total timeout stay.
    ///
    /// # Errors
    /// What reqwest found wrong with the URL, a header or the body.
    pub fn build(self) -> reqwest::Result<Request> {
        self.inner.build()
    }

    /// As [`build`](Self::build), and gives the client back.
    pub fn build_split(self) -> (Client, reqwest::Result<Request>) {
        (self.client, self.inner.build())
    }

    /// Sends the request.
    ///
    /// # Errors
    /// [`Error`] says why there is no response. A response with a bad status is `Ok`, as in reqwest:
    /// also one that was retried until the attempts were used up.
    ///
    /// # Cancel safety
    /// Dropping the future drops the attempt or the wait it is in. Its place in the bulkhead and its
    /// probe of a half-open breaker are given back at once. What the server has done stays done.
    pub fn send(self) -> impl Future<Output = Result<Response, Error>> + Send + 'static {
        let request = self.inner.build();
        self.client.send(request, self.options, self.is_ours)
    }

    /// A copy; `None` if the body is a stream, or the request is not valid.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        Some(Self {
            client: self.client.clone(),
            inner: self.inner.try_clone()?,
            options: self.options.clone(),
            is_ours: self.is_ours,
        })
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("client", &self.client.name())
            .field("request", &self.inner)
            .field("options", &self.options)
            .finish()
    }
}
