//! The tables of the adapters.

use super::patterns::{ABANDONED_AS, BREAKER, COUNT, PLACES, SIZE};
use super::{Kind, Shape};

/// Of HTTP clients. Their defaults stand in the README of steadfast-http, to which a test holds these.
pub(super) const HTTP_CLIENT: &Shape = &Shape {
    name: "http_client",
    keys: keys! {
        base_url: Kind::Url, "Where relative URLs begin.";
        user_agent: Kind::Text, "The User-Agent of requests without one.";
        https_only: Kind::Flag, "Whether URLs of http are refused.";
        connect_timeout: Kind::Time, "How long connecting may take.";
        pool_idle_timeout: Kind::Time, "How long a connection that nobody uses is kept.";
        pool_max_idle_per_host: Kind::Whole(0, SIZE), "How many connections that nobody uses are kept for each host.";
        attempt_timeout: Kind::PositiveTime, "How long one attempt may take.",
            default "10 s";
        total_timeout: Kind::PositiveTime, "How long a request may take in all.",
            default "30 s";
        read_timeout: Kind::PositiveTime, "How long a reader of a body may wait for more of it.";
        max_response_bytes: Kind::Whole(1, SIZE), "How large a response body may be, in bytes.";
        max_attempts: Kind::Whole(1, COUNT), "How often a request is attempted at most.",
            default "3";
        base_backoff: Kind::Time, "The longest wait before the first retry.",
            default "100 ms";
        max_backoff: Kind::Time, "The longest backoff; at least base_backoff.",
            default "5 s";
        max_retry_after: Kind::Time, "The longest wait that a Retry-After may ask for.",
            default "30 s";
        max_throttle: Kind::Time, "How long a 429 may hold back an authority.",
            default "600 s";
        budget_share: Kind::Number(0.0, 1.0), "How many retries and hedges each request allows.",
            default "0.2";
        budget_min_per_second: Kind::Number(0.0, f64::MAX), "How many more are allowed per second.",
            default "3.0";
        coalesce: Kind::Flag, "Whether identical GETs in flight are sent as one.",
            default "false";
        max_concurrent: PLACES, "How many calls each authority gets at a time.",
            default "64";
        max_waiting: Kind::Whole(0, SIZE), "How many calls may wait for a place at each authority.",
            default "64";
        checkout_timeout: Kind::Time, "How long a call waits for a place at most.",
            default "5 s";
        failure_threshold: Kind::Whole(1, COUNT), "Failures in a row that open a circuit.",
            default "5";
        reset_timeout: Kind::PositiveTime, "How long after the last failure a run of them is forgotten.",
            default "60 s";
        open_for: Kind::PositiveTime, "How long an open breaker rejects.",
            default "30 s";
        max_probes: Kind::Whole(1, COUNT), "Probes in flight at a time.",
            default "1";
        success_threshold: Kind::Whole(1, COUNT), "Successful probes that close a circuit.",
            default "3";
        half_open_max: Kind::PositiveTime, "How long probes that do not come back may block a breaker.",
            default "30 s";
        abandoned_as: ABANDONED_AS, "What a dropped call counts as.",
            default "ignored";
        max_authorities: Kind::Whole(1, SIZE), "How many authorities are remembered.",
            default "1024";
        own_redirects: Kind::Whole(1, COUNT), "How many redirects the client follows itself.";
        propagation: Kind::Texts, "The origins that are told of attempts and deadlines.";
        default_headers: Kind::Headers, "Headers for requests that do not have them.";
        rate_limit: Kind::Table(RATE_LIMIT), "Attempts a second for each authority, and how many at once.",
            feature "rate-limit";
        hedge: Kind::Table(HEDGE), "When a second attempt is sent beside a slow one.";
        breaker: Kind::Table(BREAKER), "Every setting of the breakers, to begin with.";
    },
    #[cfg(feature = "http")]
    ask: Some(super::ask::<crate::http::HttpClientConfig>),
    #[cfg(not(feature = "http"))]
    ask: None,
};

const RATE_LIMIT: &Shape = &Shape {
    name: "rate_limit",
    keys: keys! {
        per_second: Kind::Number(f64::MIN_POSITIVE, f64::MAX), "Attempts a second.";
        burst: Kind::Whole(1, COUNT), "Attempts at once.";
    },
    ask: None,
};

const HEDGE: &Shape = &Shape {
    name: "hedge",
    keys: keys! {
        delay: Kind::Time, "How long a call goes on before a hedge is sent.";
        percentile: Kind::Number(0.5, 0.999), "The share of earlier calls that took no longer than the delay.";
        on_failure_only: Kind::Flag, "Whether a hedge is sent only when an attempt has failed.";
        min_delay: Kind::Time, "The shortest delay that a percentile leads to.";
        warm_up: Kind::Whole(1, COUNT), "How many latencies must be known before a percentile is used.";
        max_hedges: Kind::Whole(1, 10), "How many hedges a call sends at most.";
        hedge_failures: Kind::Flag, "Whether a failed attempt sends the next hedge at once.";
    },
    ask: Some(super::ask::<crate::retry::HedgeConfig>),
};

/// Of the AMQP connection. The defaults stand in the README of steadfast-amqp, to which a test holds these.
pub(super) const AMQP: &Shape = &Shape {
    name: "amqp",
    keys: keys! {
        name: Kind::Text, "The name of the connection, which the broker and telemetry show.";
        uri: Kind::Url, "Where the broker is and who connects: amqp://user:password@host:port/vhost.",
            default "amqp://guest:guest@localhost:5672/%2f";
        uris: Kind::Urls, "The nodes of a cluster, in place of uri.";
        shuffle: Kind::Flag, "Whether endpoints are tried in an order that is drawn at random.",
            default "true";
        one_connection: Kind::Flag, "Whether publishing and consuming share one connection.",
            default "false";
        connect_timeout: Kind::PositiveTime, "How long connecting to one endpoint may take.",
            default "10 s";
        heartbeat: Kind::PositiveTime, "How often each side lets the other know that it lives; whole seconds from 1 to 65535.",
            default "10 s";
        base_backoff: Kind::PositiveTime, "The longest wait before the first reconnection.",
            default "100 ms";
        max_backoff: Kind::PositiveTime, "The longest wait between two attempts; at least base_backoff.",
            default "30 s";
        failure_threshold: Kind::Whole(1, COUNT), "How many failures in a row open the circuit breaker.",
            default "5";
        open_for: Kind::PositiveTime, "How long the open breaker holds the next attempt back.",
            default "5 s";
        max_channels: PLACES, "Channels that may be checked out at a time, per purpose.",
            default "20";
        max_waiting: Kind::Whole(0, SIZE), "Callers that may wait for a channel, per purpose.",
            default "100";
        checkout_timeout: Kind::PositiveTime, "How long getting a channel may take altogether.",
            default "5 s";
        channel_timeout: Kind::PositiveTime, "How long it may take to open one channel.",
            default "5 s";
        topology_timeout: Kind::PositiveTime, "How long declaring the topology may take altogether.",
            default "10 s";
    },
    ask: None,
};
