//! The four clients, and what a scenario sets on all of them alike.

mod bare;
mod middleware;
mod steadfast;
mod tower;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Body, Method, Request, Response, StatusCode, Url};
use reqwest_middleware::ClientWithMiddleware;

use crate::support::Name;

/// As ours by default: three attempts, 100 ms before the second, twice that before the third.
const ATTEMPTS: u32 = 3;
const BASE: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Steadfast,
    Reqwest,
    Middleware,
    Tower,
}

impl Kind {
    /// In the order of the columns; ours is the first.
    pub(crate) const ALL: [Self; 4] = [
        Self::Steadfast,
        Self::Reqwest,
        Self::Middleware,
        Self::Tower,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Steadfast => "steadfast-http",
            Self::Reqwest => "reqwest",
            Self::Middleware => "reqwest-retry",
            Self::Tower => "tower-resilience",
        }
    }

    /// A client of this kind with nothing set for the scenario.
    pub(crate) fn client(self) -> Client {
        self.with(&Limits::default())
    }

    pub(crate) fn with(self, limits: &Limits) -> Client {
        match self {
            Self::Steadfast => Client::Steadfast(steadfast::client(limits)),
            Self::Reqwest => Client::Reqwest(bare::client(limits)),
            Self::Middleware => Client::Middleware(middleware::client(limits)),
            Self::Tower => Client::Tower(tower::stack(limits)),
        }
    }
}

/// What a scenario sets; a client that knows a limit is given it, the others go without. `None` is what
/// the client has by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) max_concurrent: Option<usize>,
    pub(crate) open_for: Option<Duration>,
    pub(crate) no_breaker: bool,
    pub(crate) max_body: Option<u64>,
    pub(crate) http2: bool,
    pub(crate) resolver: Option<Arc<Name>>,
}

impl Limits {
    /// The reqwest that is inside all four, with what only it can do.
    fn reqwest(&self) -> reqwest::ClientBuilder {
        let mut builder = reqwest::Client::builder();
        if self.http2 {
            builder = builder.http2_prior_knowledge();
        }
        if let Some(resolver) = &self.resolver {
            builder = builder.dns_resolver(Arc::clone(resolver));
        }
        if let Some(timeout) = self.read_timeout {
            builder = builder.read_timeout(timeout);
        }
        builder
    }
}

#[derive(Clone)]
pub(crate) enum Client {
    Steadfast(steadfast_http::Client),
    Reqwest(reqwest::Client),
    Middleware(ClientWithMiddleware),
    Tower(tower::Stack),
}

impl Client {
    pub(crate) async fn get(&self, url: &str) -> Result<Response, Failure> {
        self.execute(request(Method::GET, url)).await
    }

    pub(crate) async fn post(&self, url: &str) -> Result<Response, Failure> {
        let mut post = request(Method::POST, url);
        *post.body_mut() = Some(Body::from("two chairs"));
        self.execute(post).await
    }

    pub(crate) async fn execute(&self, request: Request) -> Result<Response, Failure> {
        match self {
            Self::Steadfast(client) => client.execute(request).await.map_err(Failure::from),
            Self::Reqwest(client) => client.execute(request).await.map_err(Failure::from),
            Self::Middleware(client) => client.execute(request).await.map_err(Failure::from),
            Self::Tower(stack) => tower::execute(stack, request).await.map_err(Failure::from),
        }
    }

    /// GET, and the whole body.
    pub(crate) async fn read(&self, url: &str) -> Result<(StatusCode, String), Failure> {
        let response = self.get(url).await?;
        let status = response.status();
        Ok((status, response.text().await?))
    }
}

pub(crate) fn request(method: Method, url: &str) -> Request {
    Request::new(method, Url::parse(url).expect("a URL"))
}

/// What the error that a client returned says of itself.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) timeout: bool,
    pub(crate) connect: bool,
    /// What it prints.
    pub(crate) text: String,
    /// What its sources print.
    pub(crate) sources: String,
    /// What it prints to programmers.
    pub(crate) debug: String,
}

impl Failure {
    fn new(error: &dyn Error) -> Self {
        let sources = std::iter::successors(error.source(), |error| (*error).source());
        let sources: Vec<String> = sources.map(ToString::to_string).collect();
        Self {
            timeout: false,
            connect: false,
            text: error.to_string(),
            sources: sources.join(": "),
            debug: format!("{error:?}"),
        }
    }
}

impl From<steadfast_http::Error> for Failure {
    fn from(error: steadfast_http::Error) -> Self {
        Self {
            timeout: error.is_timeout(),
            connect: error.is_connect(),
            ..Self::new(&error)
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self {
            timeout: error.is_timeout(),
            connect: error.is_connect(),
            ..Self::new(&error)
        }
    }
}

impl From<reqwest_middleware::Error> for Failure {
    fn from(error: reqwest_middleware::Error) -> Self {
        Self {
            timeout: error.is_timeout(),
            connect: error.is_connect(),
            ..Self::new(&error)
        }
    }
}

/// The variants are public, and so reqwest's error is no downcast away.
impl From<tower::StackError> for Failure {
    fn from(error: tower::StackError) -> Self {
        let failure = Self {
            timeout: error.is_timeout(),
            ..Self::new(&error)
        };
        match error.application_error() {
            Some(error) => Self {
                timeout: error.is_timeout(),
                connect: error.is_connect(),
                ..failure
            },
            None => failure,
        }
    }
}
