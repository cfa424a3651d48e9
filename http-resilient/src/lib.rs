//! reqwest with circuit breakers, bulkheads, safe retries and deadlines: the same calls, the same
//! [`reqwest::Response`], and a service that keeps standing while the servers it calls do not.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use steadfast_testkit::{HttpUpstream, Reply};
//! # let upstream = HttpUpstream::start().await;
//! # upstream.script([Reply::status(503), Reply::reset(), Reply::ok("in stock")]);
//! # let url = upstream.url("/stock");
//! use std::time::Duration;
//! use steadfast_http::{Client, ResponseExt};
//!
//! let client = Client::builder()
//!     .name("inventory")
//!     .attempt_timeout(Duration::from_secs(2))
//!     .total_timeout(Duration::from_secs(10))
//!     .build()?;
//!
//! // The server answers 503, then resets the connection, then is well again.
//! let response: reqwest::Response = client.get(url).send().await?;
//! assert_eq!(response.attempts(), 3);
//! assert_eq!(response.text().await?, "in stock");
//! # Ok(())
//! # }
//! ```
//!
//! # When to use it
//! For calls to servers that can be slow, overloaded or down, where a request lasts seconds. Not for
//! streams without an end, unless with a client of their own whose
//! [`total_timeout`](Builder::total_timeout) is [`Duration::MAX`](std::time::Duration::MAX).
//!
//! # What happens to a request
//! ```text
//! total timeout ─▶ retry ─▶ for each authority: breaker ─▶ bulkhead ─▶ attempt timeout ─▶ reqwest
//! └── until the body has ended ──┘              └─── until the body has ended ───┘
//! ```
//! A [fallback](Builder::fallback) comes between the total timeout and the rest, a
//! [hedge](Builder::hedge) between that and the retry, and [coalescing](Builder::coalesce) before all of
//! them; there are none unless they are asked for.
//!
//! An authority is host and port: one dead server opens its own circuit and nobody else's.
//!
//! | what an attempt ends in | retried | for the breaker |
//! |---|---|---|
//! | could not connect | yes: nothing was sent | failure |
//! | reset, closed, garbled, attempt timeout | if repeatable | failure |
//! | 500, 502, 503, 504 | if repeatable | failure |
//! | 408, 425, 429 | if repeatable | nothing |
//! | 501 | no | success |
//! | any other 5xx | no | failure |
//! | any other status | no | success, once the body has ended |
//! | body cut short, stalled, or larger than allowed | no: the caller has the response | failure |
//! | circuit open, throttled, no place in the bulkhead | no | |
//!
//! **Repeatable** is a request that may reach the server twice: its method is GET, HEAD, OPTIONS,
//! TRACE, PUT or DELETE, or it has an `Idempotency-Key`, or
//! [`idempotent(true)`](RequestBuilder::idempotent) was called. **A POST is never sent twice.** A
//! connect error is no proof once reqwest has followed a redirect, and then does not count as one. A body that
//! is a stream cannot be sent again at all.
//!
//! **A 429 holds back everybody**: until the time it states, in `Retry-After` or a `RateLimit` header, no
//! request is sent to that authority. Requests wait for it if they can, and are
//! [`Error::Throttled`] at once if not; see [`Builder::max_throttle`].
//!
//! A retry waits for a random time up to 100 ms, then 200 ms, ..., or as long as `Retry-After` says.
//! A wait that would pass the total timeout, or a `Retry-After` beyond
//! [`max_retry_after`](Builder::max_retry_after), is not begun. When retries end on a status, the
//! response is returned as `Ok`, whole. Retries and hedges have a [budget](Builder::budget_share): a fifth
//! of the requests, and three a second.
//!
//! Redirects are reqwest's, inside one attempt, and count for the authority that was asked first; or the
//! client's own, each hop through the patterns of its authority: see [`Builder::own_redirects`].
//!
//! # Services that call services
//! With [`Builder::propagation`] servers on an allow list are told the number of the attempt and the time
//! that is left. [`RequestBuilder::adopt`] takes both over from a request that came in: the deadline
//! holds, and what is a retry already is not retried on top, so that retries do not multiply.
//!
//! # When a call is over
//! A response holds its place in the bulkhead, and the breaker's permit, until its **body** has
//! ended, failed, or been dropped. Dropped unread, or between two reads, it is a success: the status
//! was fine and the caller has what it wanted. Dropped while the caller waits for more of it, it is
//! abandoned, as is a request dropped before its response: it counts as
//! [`abandoned_as`](Builder::abandoned_as) says. A timeout counts as a failure only if the server had
//! at least half of the time that attempts usually have, so a caller in a hurry opens no circuit.
//!
#![cfg_attr(doc, doc = "# Recipes")]
#![cfg_attr(
    doc,
    doc = "A JSON API, a language model, a sender of webhooks: see the [cookbook].\n"
)]
//!
//! # Defaults
//! See the setters of [`Builder`], and the table in the README. [`Builder::breaker`] reaches every setting
//! of the circuit breakers, such as rates of failures and slow calls.
//!
//! # Cost
//! Against reqwest alone, two allocations more for a request without a body whose answer is small: the
//! response is put together again. An answer of up to 16 KiB that has come with its head is over at once,
//! before it is read. One that is longer, or of unknown length, is wrapped, for a few more, and so is any
//! over HTTP/2, which may have trailers, and any of a reqwest client that was given. There is one short lock in
//! the map of authorities and one in the budget, and no task is spawned.
//!
//! # Features
//! - `rustls`, `rustls-no-provider`, `native-tls`: reqwest's TLS; none is chosen for you.
//! - `http2`, `gzip`, `stream`: reqwest's, and `json`, `query`, `form`, `multipart`: reqwest's, with
//!   the methods of that name. Any other feature of reqwest can be turned on in reqwest itself.
//! - `middleware`: [`Client::middleware`](Client#method.middleware), for `reqwest-middleware`.
//! - `health`: [`Client::health_check`](Client#method.health_check).
//! - `telemetry`: `telemetry.watch(&client)`: metrics, events, and spans that the servers' spans join by
//!   `traceparent`.
//! - `rate-limit`: [`Builder::rate_limit`](Builder#method.rate_limit), by governor.
//! - `serde`: `HttpClientConfig`, a client's settings in a file, and `Clients`, all clients of a program.
//!
//! # Minimum Rust version
//! 1.85.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod authority;
mod body;
mod builder;
mod call;
mod classify;
mod client;
mod clock;
mod coalesce;
#[cfg(feature = "serde")]
mod config;
mod config_error;
mod copied;
mod counters;
mod enter;
mod error;
mod fallback;
#[cfg(feature = "health")]
mod health;
mod hedge;
#[cfg(feature = "telemetry")]
mod latencies;
mod leg;
#[cfg(feature = "middleware")]
mod middleware;
mod names;
mod noted;
mod observer;
mod options;
mod past;
mod propagation;
mod rate_headers;
#[cfg(feature = "rate-limit")]
mod rate_limit;
mod read_ahead;
mod redirected;
mod redirects;
mod request;
mod response;
mod retries;
mod retry_after;
mod run;
mod service;
mod settings;
mod shield;
mod snapshot;
mod spans;
mod summary;
#[cfg(feature = "telemetry")]
mod telemetry;
mod throttle;
mod transport;
mod url;
mod versions;

pub use body::BodyError;
pub use builder::Builder;
#[cfg(feature = "serde")]
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
pub use client::reconfigure::Changed;
pub use client::{Client, WeakClient};
#[cfg(feature = "serde")]
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
pub use config::{ClientProblem, Clients, ClientsConfig, ClientsError, HttpClientConfig};
pub use config_error::{ConfigError, FieldError};
pub use error::{Error, Last, Phase, RedirectReason, ThrottledBy};
pub use fallback::Failed;
#[cfg(feature = "middleware")]
#[cfg_attr(docsrs, doc(cfg(feature = "middleware")))]
pub use middleware::ResilienceMiddleware;
pub use names::*;
pub use observer::{Finished, Observer};
pub use past::Past;
pub use propagation::{OnTop, Origins, Propagation};
pub use request::RequestBuilder;
pub use response::{ResponseExt, ServedBy};
pub use retries::Retries;
pub use snapshot::{AuthoritySnapshot, Snapshot, Totals};
pub use summary::RequestSummary;
pub use url::IntoUrl;

#[cfg(any(doc, doctest))]
pub mod cookbook;
#[cfg(feature = "telemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
pub mod metrics;

/// The reqwest that this crate is built on.
pub use reqwest;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
