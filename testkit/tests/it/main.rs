//! The peers, tried out over real sockets. What may take time is waited for with a bound.

#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test binary: helpers fail like tests, and nothing is exported"
)]

mod both;
mod chaos;
mod clients;
mod http2;
mod http2_ends;
#[cfg(feature = "otlp")]
mod otlp;
mod prometheus_missing;
mod proxy_cuts;
mod proxy_flow;
mod proxy_gate;
mod rabbit_missing;
mod replies;
mod requests;
mod support;
