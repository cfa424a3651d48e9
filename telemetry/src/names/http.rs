//! The names of HTTP clients: those of OpenTelemetry's HTTP conventions 1.42, and a few of our own.

use super::ERROR_TYPE;
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// `http.request.method`: in capitals, or `_OTHER` for one that the conventions do not know.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// `http.request.method_original`: the method as it was sent, where that is `_OTHER`.
pub const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
/// `http.request.resend_count`: 1 for the first attempt that repeats another. Absent on the first.
pub const HTTP_REQUEST_RESEND_COUNT: &str = "http.request.resend_count";
/// `http.response.status_code`: a number.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// `network.peer.address`: the server's IP address.
pub const NETWORK_PEER_ADDRESS: &str = "network.peer.address";
/// `network.peer.port`: the server's port, as it was connected to.
pub const NETWORK_PEER_PORT: &str = "network.peer.port";
/// `network.protocol.version`: `1.1`, `2`.
pub const NETWORK_PROTOCOL_VERSION: &str = "network.protocol.version";
/// `server.address`: the host of the URL, or of the broker. In metrics [`OTHER_SERVERS`] for one beyond
/// [`own_series`](crate::Builder::own_series).
pub const SERVER_ADDRESS: &str = "server.address";
/// `server.port`: the port of the URL, or of the broker. In metrics absent where the address is
/// [`OTHER_SERVERS`].
pub const SERVER_PORT: &str = "server.port";
/// `url.full`: without what may be secret.
pub const URL_FULL: &str = "url.full";
/// `url.template`: the path with placeholders, if the caller gave it.
pub const URL_TEMPLATE: &str = "url.template";
/// `resilience.attempts`: how many attempts a call took, or a message so far.
pub const ATTEMPTS: &str = "resilience.attempts";
/// `resilience.wait`: seconds.
pub const WAIT: &str = "resilience.wait";

/// The value of [`SERVER_ADDRESS`] that all servers share in metrics that have no series of their own.
pub const OTHER_SERVERS: &str = "other";

/// The span event of a call, or of a message, that waits for its next attempt, with [`WAIT`].
pub const RETRY_EVENT: &str = "resilience.retry";
/// The span event of an attempt that was not let through, with [`ERROR_TYPE`].
pub const REJECTED_EVENT: &str = "resilience.rejected";

/// Attempts, by method, server, and what they ended in.
pub const HTTP_CLIENT_REQUEST_DURATION: Instrument = Instrument::duration(
    "http.client.request.duration",
    "Duration of HTTP client requests, each attempt for itself, to the head of the response.",
)
.by(&[
    Attribute::any(HTTP_REQUEST_METHOD),
    Attribute::any(SERVER_ADDRESS),
    Attribute::any(SERVER_PORT).optional(),
    Attribute::any(URL_TEMPLATE).optional(),
    Attribute::any(HTTP_RESPONSE_STATUS_CODE).optional(),
    Attribute::any(NETWORK_PROTOCOL_VERSION).optional(),
    Attribute::any(ERROR_TYPE).optional(),
]);

/// Where the buckets of durations end, in seconds: those that the conventions recommend.
pub const DURATION_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The metrics of the HTTP conventions.
pub const HTTP: &[Instrument] = &[HTTP_CLIENT_REQUEST_DURATION];
