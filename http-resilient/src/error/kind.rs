//! The kinds of errors, as metrics, spans and breakers name them.

use super::Error;

impl Error {
    /// The kind of error in the words of OpenTelemetry's `error.type`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::InvalidRequest { .. } => "invalid_request",
            Self::Config { .. } => "config",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::BulkheadFull { .. } => "bulkhead_full",
            Self::Throttled { .. } => "throttled",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::Response { .. } => "response",
            Self::AttemptTimeout { .. } => "timeout",
            Self::DeadlineExceeded { .. } => "deadline_exceeded",
            Self::Redirect { .. } => "redirect",
            Self::Request { source, .. } => kind_of(source),
            Self::Coalesced { source } => source.kind(),
            #[cfg(feature = "middleware")]
            Self::Middleware { .. } => "middleware",
        }
    }
}

/// The kind of an error of reqwest in place of a response.
pub(crate) fn kind_of(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "connect"
    } else if error.is_timeout() {
        "timeout"
    } else if error.is_redirect() {
        "redirect"
    } else {
        "transport"
    }
}
