//! What kind of error it is, under reqwest's names and our own.

use super::Error;
use crate::body::BodyError;

impl Error {
    /// Whether time ran out: an attempt timeout, the deadline, or a timeout inside reqwest. A wait
    /// for the bulkhead that took too long is [`is_bulkhead_full`](Self::is_bulkhead_full).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self.root() {
            Self::AttemptTimeout { .. } | Self::DeadlineExceeded { .. } => true,
            _ => self.reqwest().is_some_and(reqwest::Error::is_timeout),
        }
    }

    /// Whether it is about a status: from
    /// [`error_for_status`](reqwest::Response::error_for_status). [`status`](Self::status) has it.
    #[must_use]
    pub fn is_status(&self) -> bool {
        self.reqwest().is_some_and(reqwest::Error::is_status)
    }

    /// Whether the body of a response could not be decoded: it is not the JSON that was expected, or
    /// it broke off, which reqwest tells in the same way.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.reqwest().is_some_and(reqwest::Error::is_decode)
    }

    /// Whether it is about a body, that of the request or that of the response: one that is
    /// [too large](Self::is_body_too_large) among them.
    #[must_use]
    pub fn is_body(&self) -> bool {
        self.is_body_too_large() || self.reqwest().is_some_and(reqwest::Error::is_body)
    }

    /// Whether a redirect could not be followed.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.root(), Self::Redirect { .. })
            || self.reqwest().is_some_and(reqwest::Error::is_redirect)
    }

    /// Whether a request, or a client, could not be built: a request that
    /// [is not valid](Self::is_invalid_request), or settings that break their rules.
    #[must_use]
    pub fn is_builder(&self) -> bool {
        matches!(
            self.root(),
            Self::InvalidRequest { .. } | Self::Config { .. }
        )
    }

    /// Whether it comes from sending the request, as far as the head of the response. What breakers,
    /// bulkheads and timeouts say is of that kind too; a redirect that could not be followed is not.
    #[must_use]
    pub fn is_request(&self) -> bool {
        match self.root() {
            Self::InvalidRequest { source } | Self::Request { source, .. } => source.is_request(),
            Self::Config { .. }
            | Self::Response { .. }
            | Self::BodyTooLarge { .. }
            | Self::Redirect { .. } => false,
            _ => true,
        }
    }

    /// Whether the name of the host could not be resolved.
    #[must_use]
    pub fn is_dns(&self) -> bool {
        self.reqwest().is_some_and(reqwest::Error::is_dns)
    }

    /// Whether a connection could not be taken over for another protocol.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.reqwest().is_some_and(reqwest::Error::is_upgrade)
    }

    /// Whether no connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.reqwest().is_some_and(reqwest::Error::is_connect)
    }

    /// Whether a circuit breaker did not let the request through.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        matches!(self.root(), Self::CircuitOpen { .. })
    }

    /// Whether there was no place in the bulkhead.
    #[must_use]
    pub fn is_bulkhead_full(&self) -> bool {
        matches!(self.root(), Self::BulkheadFull { .. })
    }

    /// Whether the authority wanted to be left alone, or the client's own rate limit was reached.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self.root(), Self::Throttled { .. })
    }

    /// Whether the response body was larger than allowed.
    #[must_use]
    pub fn is_body_too_large(&self) -> bool {
        match self.root() {
            Self::BodyTooLarge { .. } => true,
            Self::Response { source } => {
                matches!(BodyError::find(source), Some(BodyError::TooLarge { .. }))
            }
            _ => false,
        }
    }

    /// Whether the time for the whole request ran out.
    #[must_use]
    pub fn is_deadline_exceeded(&self) -> bool {
        matches!(self.root(), Self::DeadlineExceeded { .. })
    }

    /// Whether the request itself is not valid.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        matches!(self.root(), Self::InvalidRequest { .. })
    }
}
