//! Telemetry shows what the Steadfast patterns are doing: as OpenTelemetry metrics, as Prometheus
//! text, and as events for your own functions.
//!
#![cfg_attr(feature = "breaker", doc = "```")]
#![cfg_attr(not(feature = "breaker"), doc = "```ignore")]
//! use std::sync::mpsc;
//! use std::time::Duration;
//! use steadfast_breaker::CircuitBreaker;
//! use steadfast_telemetry::{EventKind, Telemetry};
//!
//! let breaker = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
//! let telemetry = Telemetry::new(); // on the global meter provider
//! telemetry.watch(&breaker);
//!
//! let (pager, pages) = mpsc::channel();
//! telemetry.attach("pager", EventKind::BreakerTransition, move |event| {
//!     let _ = pager.send(event.to_string());
//! })?;
//!
//! let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
//! telemetry.flush(Duration::from_secs(1));
//! assert_eq!(
//!     pages.recv()?,
//!     "circuit breaker payments: closed -> open (a call failed)"
//! );
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # When to use it
//! In an application, once: build one [`Telemetry`] next to the meter provider and
//! [`watch`](Telemetry::watch) every component. Libraries should not use it; what they keep in
//! their patterns is there to be watched by whoever they hand them to.
//!
//! It exports through the meter and tracer providers that the application sets up, or has set up by
//! `init_otlp`. Spans and latency histograms are there where a call costs a round trip anyway: those of
//! HTTP clients ([`HttpCall`]) and of messages ([`MessagingPublish`]). Retries, waits and rejections of
//! the plain patterns become [events](SpanEvents) of the application's own spans.
//!
//! # How it works
//! ```text
//!   component ── keeps its counters ◀───── snapshot ─────┐
//!       │                                                │ once for each instrument,
//!       │ rare events: transitions, retries, ...         │ when metrics are collected
//!       ▼                                                │
//!   EventSink ─▶ bounded queue ─▶ one thread ─▶ your     Telemetry ◀── meter provider's reader
//!       │            │ full: drop and count     handlers           ◀── export_prometheus_metrics()
//!       └─▶ ring of each Subscription, full: forget the oldest, count
//! ```
//! Metrics are pulled: every instrument is an observable one, whose callback walks over the watched
//! components. Events are pushed, from the rare edges only. The components are held weakly, and they
//! hold telemetry weakly.
//!
//! The README has every metric, attribute and event in tables; [`names`] has them as constants.
//!
//! # Very many components
//! The hosts of a client and the keys of a keyed set are members of a [group](Telemetry::group): the busiest
//! have series of their own, the rest is told together, so that what is exported is bounded whoever invents
//! keys. In the metrics of HTTP clients and messages it is the first servers that keep their address.
//!
//! # Snapshots and histories
//! [`Telemetry::snapshot`] is everything at one moment, in numbers and in words; [`Telemetry::history`] the
//! last five minutes by the second and the last hour by ten seconds. With the feature `serde` both can be
//! written and read.
//!
//! # Components of your own
//! Implement [`Source`] on what your handles share and [`Watch`] on the handle. A source declares
//! [`Instrument`]s, records [`Samples`] when asked, and pushes events through the [`EventSink`] that
//! it is given. None of that needs an OpenTelemetry type.
//!
//! # Defaults
//! The queue holds 1024 events, 50 members of a group have series of their own, and no history is kept. The
//! meter provider and the tracer provider are the global ones.
//!
//! # What handlers cannot break
//! They run on a thread of their own: a slow one delays the other handlers, never a call. One that panics
//! is detached, counted, and told to the others ([`HandlerDetached`]). [`Telemetry::detach`] returns when the handler is gone
//! for good. A panic in a [`Source`] loses its samples of one instrument in one collection.
//!
//! # Cost
//! A call that succeeds costs the same with and without telemetry, and so does one that is rejected or
//! retried, as long as nobody wants to hear of that: breakers, bulkheads and retries are told whether
//! anybody does ([`Source::interest_changed`]). An event that is wanted takes one short lock, and another
//! for each subscription. A collection reads one snapshot for each
//! component and instrument.
//!
//! An HTTP call that is watched costs its spans, and one record into a histogram for each attempt:
//! together some microseconds, where the network takes hundreds. So does a message: one span, one
//! record into a histogram, and one into a counter each time it is sent.
//!
//! # Limits
//! OpenTelemetry cannot take an instrument back, so a meter provider keeps the (then silent)
//! callbacks of a telemetry object that is gone, and a component keeps the observer of one. With two
//! readers on one meter provider, the SDK may show the last values of a dropped component once more
//! in the reader that collects less often.
//!
//! The mode of a circuit breaker that has come to its end is noticed at the next look, which may be a
//! collection: the breaker's own observers then run inside it, where they must not create instruments.
//! Handlers never do.
//!
//! # Features
//! - `breaker`, `retry`, `hedge`, `bulkhead`, `pool`, `health` (default): `watch` takes the pattern.
//! - `serde`: snapshots and histories can be written and read, as JSON for instance.
//! - `prometheus`: [`Telemetry::export_prometheus_metrics`](Telemetry), the same metrics as Prometheus text.
//! - `tracing`: `EventLog`, a handler that writes the events as `tracing` events.
//! - `bound`, experimental: the durations of HTTP attempts, and what is told of messages, are recorded through
//!   instruments that are bound to their attributes. Needs a meter provider that can bind, as the SDK's can.
//! - `otlp`, `otlp-tls`: `init_otlp` sets up traces and metrics over OTLP, from `OTEL_*` variables.
//!
//! # Minimum Rust version
//! 1.85.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attribute;
mod bound;
mod builder;
mod clock;
mod dispatcher;
mod error;
mod event;
mod filter;
mod guard;
mod handler;
mod history;
mod http;
mod instrument;
#[cfg(feature = "tracing")]
mod log;
mod messaging;
#[cfg(feature = "serde")]
mod millis;
pub mod names;
mod notes;
#[cfg(feature = "otlp")]
mod otlp;
mod own;
mod per_meter;
#[cfg(feature = "prometheus")]
mod prometheus;
mod registry;
mod servers;
mod sink;
mod snapshot;
mod source;
mod span;
mod span_events;
mod subscription;
mod telemetry;
mod w3c;
mod wanted;
mod watch;
#[cfg(any(feature = "breaker", feature = "retry", feature = "bulkhead"))]
mod words;

pub use attribute::Attribute;
pub use builder::Builder;
pub use error::{AttachError, ConfigError, FieldError};
pub use event::{
    AmqpConnection, AmqpState, Detail, Event, EventKind, EventsDropped, HandlerDetached,
    HttpRequest, NameShared, Notice, NoticeLevel,
};
pub use filter::Filter;
pub use history::{ComponentHistory, History, SeriesHistory};
pub use http::{HttpAttempt, HttpCall, HttpHead, HttpStart};
pub use instrument::{Instrument, InstrumentKind};
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub use log::EventLog;
pub use messaging::{MessagingPublish, MessagingStart};
pub use notes::{ErrorNote, Note, Notes};
pub use opentelemetry;
#[cfg(feature = "otlp")]
#[cfg_attr(docsrs, doc(cfg(feature = "otlp")))]
pub use opentelemetry_sdk;
#[cfg(feature = "otlp")]
#[cfg_attr(docsrs, doc(cfg(feature = "otlp")))]
pub use otlp::{Otlp, OtlpBuilder, OtlpError, OtlpSnapshot, Undelivered, init_otlp};
#[cfg(feature = "prometheus")]
#[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
pub use prometheus::PROMETHEUS_CONTENT_TYPE;
pub use sink::{EventSink, EventSinks};
pub use snapshot::{
    ComponentId, ComponentSnapshot, DetachedSnapshot, HandlerSnapshot, Number, Snapshot,
    ValueSnapshot,
};
pub use source::{Samples, Source};
pub use span_events::SpanEvents;
pub use subscription::Subscription;
pub use telemetry::{Telemetry, WeakTelemetry};
pub use watch::Watch;

#[cfg(all(doctest, feature = "breaker"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
