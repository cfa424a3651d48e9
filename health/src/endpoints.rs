//! Answers to probes over HTTP, for any server that has the types of the `http` crate.

use std::fmt;
use std::sync::Arc;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::monitor::Monitor;
use crate::probe::Probe;
use crate::snapshot::Report;

/// The endpoints that orchestrators and load balancers ask, as a function from a request to a
/// response: it brings no server, and fits into all that speak in types of the `http` crate.
///
/// | path | probe |
/// |---|---|
/// | `/livez` | liveness |
/// | `/readyz`, `/healthz` | readiness |
/// | `/startupz` | startup |
///
/// Others are set with [`paths`](Self::paths). A path is compared as it is; in a server that strips
/// a prefix from nested routes, it is what remains.
///
/// - GET and HEAD are answered with the [status](Report::http_status_of) of the probe, from what is known
///   now: a request runs no check, so nobody can wear out a dependency with requests.
/// - Other methods get 405 and what is allowed, other paths 404.
/// - Nothing may be cached (`Cache-Control: no-store`).
/// - The body is `{"status":"pass"}` and no more, unless [`details`](Self::details) says otherwise: messages
///   and details tell strangers about hosts, versions and errors.
///
/// # Examples
/// ```
/// use http::{Request, StatusCode};
/// use steadfast_health::{Check, Endpoints, Monitor, Outcome};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let monitor = Monitor::builder("orders").build()?;
/// monitor.register(Check::new("db", || async { Outcome::unhealthy("10.0.0.7 refused") }))?;
/// monitor.check_now().await;
///
/// let endpoints = Endpoints::new(&monitor);
/// let response = endpoints.respond(&Request::get("/readyz").body(())?);
/// assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
/// assert_eq!(response.body(), r#"{"status":"fail"}"#);
/// assert_eq!(endpoints.respond(&Request::get("/livez").body(())?).status(), StatusCode::OK);
/// # Ok(())
/// # }
/// ```
/// Under axum, next to the routes of the service:
/// ```
/// use axum::Router;
/// use axum::extract::Request;
/// use steadfast_health::{Endpoints, Monitor};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let monitor = Monitor::builder("orders").build()?;
/// let endpoints = Endpoints::new(&monitor);
/// let health = move |request: Request| async move { endpoints.respond(&request) };
/// let app: Router = Router::new()
///     .route("/livez", axum::routing::any(health.clone()))
///     .route("/readyz", axum::routing::any(health.clone()))
///     .route("/startupz", axum::routing::any(health));
/// # drop(app);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub struct Endpoints {
    monitor: Monitor,
    paths: Arc<[(String, Probe)]>,
    details: Details,
}

/// Who gets to see more than the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub enum Details {
    /// Nobody. The default.
    #[default]
    Never,
    /// Whoever adds `?verbose` to the path: for endpoints that strangers cannot reach.
    OnRequest,
    /// Everybody, for endpoints that strangers cannot reach.
    Always,
}

impl Endpoints {
    /// The endpoints of this monitor, at the paths of the table.
    #[must_use]
    pub fn new(monitor: &Monitor) -> Self {
        let paths = DEFAULT_PATHS.map(|(path, probe)| (path.to_owned(), probe));
        Self {
            monitor: monitor.clone(),
            paths: paths.into(),
            details: Details::default(),
        }
    }

    /// Answers at these paths instead. The first of two that are the same counts.
    #[must_use]
    pub fn paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = (P, Probe)>) -> Self {
        self.paths = paths
            .into_iter()
            .map(|(path, probe)| (path.into(), probe))
            .collect();
        self
    }

    /// Who gets the whole [document](Report::to_json_of). Default: nobody.
    #[must_use]
    pub fn details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// Answers a request. The body of the request is not looked at. Runs no check and waits for nothing.
    #[must_use]
    pub fn respond<B>(&self, request: &Request<B>) -> Response<String> {
        let path = request.uri().path();
        let Some((_, probe)) = self.paths.iter().find(|(known, _)| known == path) else {
            return response(StatusCode::NOT_FOUND);
        };
        let head = request.method() == Method::HEAD;
        if !head && request.method() != Method::GET {
            let mut response = response(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            return response;
        }
        let report = self.monitor.get_health();
        let status = StatusCode::from_u16(report.http_status_of(*probe));
        let mut response = response(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE));
        let media_type = HeaderValue::from_static(Report::CONTENT_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        let body = if self.tells_details(request.uri().query()) {
            report.to_json_of(*probe)
        } else {
            report.to_terse_json_of(*probe)
        };
        // The length of what a GET would get.
        let length = HeaderValue::from(body.len());
        response.headers_mut().insert(CONTENT_LENGTH, length);
        if !head {
            *response.body_mut() = body;
        }
        response
    }

    fn tells_details(&self, query: Option<&str>) -> bool {
        let asked = || {
            let mut parts = query.unwrap_or_default().split('&');
            parts.any(|part| part == "verbose" || part.starts_with("verbose="))
        };
        match self.details {
            Details::Never => false,
            Details::OnRequest => asked(),
            Details::Always => true,
        }
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints")
            .field("monitor", &self.monitor.name())
            .field("paths", &self.paths)
            .field("details", &self.details)
            .finish()
    }
}

fn response(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

const DEFAULT_PATHS: [(&str, Probe); 4] = [
    ("/livez", Probe::Liveness),
    ("/readyz", Probe::Readiness),
    ("/healthz", Probe::Readiness),
    ("/startupz", Probe::Startup),
];
