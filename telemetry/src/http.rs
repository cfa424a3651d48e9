//! The spans and durations of HTTP clients, without OpenTelemetry types in their signatures.
//!
//! ```text
//!   HttpCall     INTERNAL   GET /orders/{id}        the caller's view, waits included
//!    ├─ HttpAttempt  CLIENT     GET /orders/{id}        503
//!    ├─ event    resilience.retry
//!    └─ HttpAttempt  CLIENT     GET /orders/{id}        200, resend_count 1, to the end of its body
//! ```

mod attempt;
mod call;
mod durations;
mod series;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

pub use attempt::HttpAttempt;
pub use call::HttpCall;
pub(crate) use durations::Durations;

/// What is known of an HTTP call when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpStart {
    /// The client's name.
    pub name: Arc<str>,
    /// The method, as it is sent.
    pub method: Cow<'static, str>,
    /// The URL. Leave out what may be secret: credentials, the query.
    pub url: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: Option<u16>,
    /// Its path with placeholders, such as `/orders/{id}`, if the caller said so: a name that all
    /// requests of this sort share.
    pub template: Option<Arc<str>>,
}

impl HttpStart {
    /// A call to a URL, for now without port and template.
    #[must_use]
    pub fn new(
        name: impl Into<Arc<str>>,
        method: impl Into<Cow<'static, str>>,
        url: impl Into<String>,
        host: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            method: method.into(),
            url: url.into(),
            host: host.into(),
            port: None,
            template: None,
        }
    }

    /// Sets the port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the path with placeholders.
    #[must_use]
    pub fn template(mut self, template: impl Into<Arc<str>>) -> Self {
        self.template = Some(template.into());
        self
    }
}

/// The head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpHead {
    /// The status code.
    pub status: u16,
    /// The version of HTTP, `1.1` or `2`, if it is known.
    pub version: Option<&'static str>,
    /// The server's address, if it is known.
    pub peer: Option<SocketAddr>,
}

impl HttpHead {
    /// A head with this status code, for now without version and peer.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            version: None,
            peer: None,
        }
    }

    /// Sets the version of HTTP: `1.1`, `2`.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets the server's address.
    #[must_use]
    pub const fn peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// What it is in the attribute `error.type`, if it is an error for a client: the code itself.
    pub(crate) fn error_type(&self) -> Option<String> {
        (self.status >= 400).then(|| self.status.to_string())
    }
}
