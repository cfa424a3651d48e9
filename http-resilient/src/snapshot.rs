//! What a client is doing and has done, as plain data.

use std::sync::Arc;
use std::time::Duration;

/// What a client is doing and has done.
///
/// Each pattern's part is consistent in itself; between the parts the numbers can be off by what
/// happened while they were read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The client's name.
    pub name: Arc<str>,
    /// Requests that have begun and have neither a response nor an error.
    pub in_flight: u64,
    /// The patterns of every authority the client remembers, sorted by name.
    pub authorities: Vec<AuthoritySnapshot>,
    /// The retry that all requests go through.
    pub retry: steadfast_retry::Snapshot,
    /// The budget of retries and hedges, unless there is none.
    pub budget: Option<steadfast_retry::BudgetSnapshot>,
    /// The hedge of all requests that have none of their own, if there is one.
    pub hedge: Option<steadfast_retry::HedgeSnapshot>,
    /// Counts since the client was built.
    pub totals: Totals,
}

/// The patterns of one authority.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuthoritySnapshot {
    /// Host and port: `api.example:443`.
    pub authority: Arc<str>,
    /// Its circuit breaker, called `client/authority`.
    pub breaker: steadfast_breaker::Snapshot,
    /// Its bulkhead, called `client/authority`. A place is taken until the response body has ended.
    pub bulkhead: steadfast_bulkhead::Snapshot,
    /// How long it still wants to be left alone, if it has said so in a 429.
    pub throttled_for: Option<Duration>,
}

/// Counts since a client was built.
///
/// Every request that was begun ends in exactly one of `responses`, `invalid`, `circuit_open`,
/// `bulkhead_full`, `throttled`, `timed_out`, `deadline_exceeded`, `too_large`, `failed` and `abandoned`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Requests begun.
    pub requests: u64,
    /// Attempts handed to reqwest: what the network saw, but for redirects that reqwest follows.
    pub attempts: u64,
    /// Requests that ended in a response, whatever its status.
    pub responses: u64,
    /// Requests that ended in [`Error::InvalidRequest`](crate::Error::InvalidRequest).
    pub invalid: u64,
    /// Requests that ended in [`Error::CircuitOpen`](crate::Error::CircuitOpen).
    pub circuit_open: u64,
    /// Requests that ended in [`Error::BulkheadFull`](crate::Error::BulkheadFull).
    pub bulkhead_full: u64,
    /// Requests that ended in [`Error::AttemptTimeout`](crate::Error::AttemptTimeout).
    pub timed_out: u64,
    /// Requests that ended in [`Error::DeadlineExceeded`](crate::Error::DeadlineExceeded).
    pub deadline_exceeded: u64,
    /// Requests that ended in [`Error::Request`](crate::Error::Request) or
    /// [`Error::Redirect`](crate::Error::Redirect).
    pub failed: u64,
    /// Requests that ended in [`Error::Throttled`](crate::Error::Throttled).
    pub throttled: u64,
    /// Requests that ended in [`Error::BodyTooLarge`](crate::Error::BodyTooLarge).
    pub too_large: u64,
    /// Requests that were dropped before they ended.
    pub abandoned: u64,
    /// Responses that a retry, or a redirect of the [client's own](crate::Builder::own_redirects), discarded
    /// after reading them whole, so that their connection lives on.
    pub drained: u64,
    /// Responses that were discarded unread or half read, as they were too long or too slow. Over
    /// HTTP/1 this costs the connection.
    pub cut_off: u64,
    /// Requests whose response came from a fallback. They are among `responses`.
    pub fallbacks: u64,
    /// Requests that ended in what another brought that was the same. Each is also counted by how it ended.
    pub coalesced: u64,
    /// Redirects that the client followed [itself](crate::Builder::own_redirects).
    pub redirects: u64,
    /// Attempts that waited because the server wants to be left alone, by a 429.
    pub throttle_waits: u64,
    /// Attempts that waited because of the client's own `rate_limit` (feature `rate-limit`).
    pub rate_limit_waits: u64,
    /// Authorities forgotten to make room for others.
    pub evicted: u64,
    /// Requests to an authority for which there was no room, so that they shared the patterns of all such.
    pub overflowed: u64,
    /// Observer calls that panicked.
    pub observer_panics: u64,
}
