//! The metrics that a watched client has besides those of its patterns; the README has them as a table.

use steadfast_telemetry::names::{OUTCOME, REASON};
use steadfast_telemetry::{Attribute, Instrument};

/// Requests that have ended, by [`OUTCOME`].
pub const REQUESTS: Instrument = Instrument::counter(
    "resilience.http_client.requests",
    "{request}",
    "Requests that ended, by outcome; a response is one whatever its status.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &[
        "response",
        "invalid_request",
        "circuit_open",
        "bulkhead_full",
        "timeout",
        "deadline_exceeded",
        "throttled",
        "body_too_large",
        "failure",
        "abandoned",
    ],
)])
.with_history();
/// Attempts.
pub const ATTEMPTS: Instrument = Instrument::counter(
    "resilience.http_client.attempts",
    "{attempt}",
    "Attempts handed to the network, retries and hedges included.",
)
.with_history();
/// Requests under way.
pub const IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.http_client.in_flight",
    "{request}",
    "Requests that have neither a response nor an error yet.",
)
.with_history();
/// Responses that nobody got to see, by [`OUTCOME`].
pub const DISCARDED: Instrument = Instrument::counter(
    "resilience.http_client.discarded_responses",
    "{response}",
    "Responses that a retry replaced: read to the end, or cut off at the cost of a connection.",
)
.by(&[Attribute::one_of(OUTCOME, &["drained", "cut_off"])]);
/// Responses of a fallback. They are among the responses of [`REQUESTS`].
pub const FALLBACKS: Instrument = Instrument::counter(
    "resilience.http_client.fallbacks",
    "{request}",
    "Requests whose response came from a fallback.",
);
/// Requests that were not sent, as another that was the same was under way.
pub const COALESCED: Instrument = Instrument::counter(
    "resilience.http_client.coalesced",
    "{request}",
    "Requests that ended in what another brought that was the same.",
);
/// Redirects that the client followed itself. None without
/// [`own_redirects`](crate::Builder::own_redirects): those that reqwest follows are within an attempt.
pub const REDIRECTS: Instrument = Instrument::counter(
    "resilience.http_client.redirects",
    "{redirect}",
    "Redirects that the client followed itself.",
);
/// Attempts that waited for their time, by [`REASON`]: the server has asked for it in a 429, or the
/// client's own rate limit has.
pub const HELD_BACK: Instrument = Instrument::counter(
    "resilience.http_client.held_back",
    "{attempt}",
    "Attempts that waited, as the server or the client's own rate limit wants it.",
)
.by(&[Attribute::one_of(REASON, &["server", "rate_limit"])]);
/// Authorities that have asked in a 429 to be left alone.
pub const THROTTLED: Instrument = Instrument::up_down_counter(
    "resilience.http_client.throttled_authorities",
    "{authority}",
    "Hosts and ports that want to be left alone at the moment.",
);
/// Authorities.
pub const AUTHORITIES: Instrument = Instrument::up_down_counter(
    "resilience.http_client.authorities",
    "{authority}",
    "Hosts and ports that the client remembers.",
);
/// Authorities that had to go.
pub const EVICTED: Instrument = Instrument::counter(
    "resilience.http_client.evicted_authorities",
    "{authority}",
    "Hosts and ports that the client forgot to make room for others.",
);
/// Requests that share their patterns with those of other authorities.
pub const OVERFLOWED: Instrument = Instrument::counter(
    "resilience.http_client.overflowed",
    "{request}",
    "Requests to hosts and ports for which there was no room, so that they shared their patterns.",
);
/// Panics of observers.
pub const OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.http_client.observer_panics",
    "{panic}",
    "Observers of the client that panicked.",
);

/// All of them.
pub const ALL: &[Instrument] = &[
    REQUESTS,
    ATTEMPTS,
    IN_FLIGHT,
    DISCARDED,
    FALLBACKS,
    COALESCED,
    REDIRECTS,
    HELD_BACK,
    THROTTLED,
    AUTHORITIES,
    EVICTED,
    OVERFLOWED,
    OBSERVER_PANICS,
];
