//! The event of an HTTP client.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::attempts_noun;

/// A request of an HTTP client ended: with a response, or without.
///
/// It names the authority and perhaps the path's template, never the path or the query, which may carry
/// secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The client's name.
    pub name: Arc<str>,
    /// The method, in capitals.
    pub method: Cow<'static, str>,
    /// Host and port.
    pub authority: Arc<str>,
    /// The path with placeholders, if the caller gave it.
    pub template: Option<Arc<str>>,
    /// How many times it was sent; 0 if it was rejected before it was sent at all.
    pub attempts: u32,
    /// From the call to the response's head or the last error, waits included.
    pub duration: Duration,
    /// The status of the response, if there was one.
    pub status: Option<u16>,
    /// Why it failed, in the words of the `error.type` attribute: `timeout`, `circuit_open`, a
    /// status code. `None` if it did not fail.
    pub error_type: Option<Cow<'static, str>>,
}

impl HttpRequest {
    /// A request that ended, for now without template, status and error.
    #[must_use]
    pub fn new(
        name: impl Into<Arc<str>>,
        method: impl Into<Cow<'static, str>>,
        authority: impl Into<Arc<str>>,
        attempts: u32,
        duration: Duration,
    ) -> Self {
        Self {
            name: name.into(),
            method: method.into(),
            authority: authority.into(),
            template: None,
            attempts,
            duration,
            status: None,
            error_type: None,
        }
    }

    /// Sets the path with placeholders, such as `/orders/{id}`.
    #[must_use]
    pub fn template(mut self, template: impl Into<Arc<str>>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// Sets the status of the response.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets why it failed.
    #[must_use]
    pub fn error_type(mut self, error_type: impl Into<Cow<'static, str>>) -> Self {
        self.error_type = Some(error_type.into());
        self
    }
}

impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            method,
            authority,
            template,
            attempts,
            duration,
            status,
            error_type,
        } = self;
        let template = template.as_deref().unwrap_or_default();
        write!(f, "http client {name}: {method} {authority}{template}: ")?;
        match (status, error_type) {
            (Some(status), _) => write!(f, "{status}")?,
            (None, Some(error_type)) => f.write_str(error_type)?,
            (None, None) => f.write_str("no response")?,
        }
        let noun = attempts_noun(*attempts);
        write!(f, " after {attempts} {noun} in {duration:?}")
    }
}
