//! A RabbitMQ connection that comes back by itself, with channels from a pool and publishes that end
//! in a confirmation or in an error that says what became of the message. Built on [`lapin`].
//!
//! ```
//! use std::time::Duration;
//! use steadfast_amqp::{AmqpError, Message, PublishError, ResilientConnection};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The broker need not be there yet; here, it never will be.
//! let connection = ResilientConnection::builder("orders")
//!     .uri("amqp://app:secret@127.0.0.1:1/shop")
//!     .connect_lazy()?;
//!
//! let message = Message::new("", "orders", "order 17").deadline(Duration::from_millis(50));
//! let error = connection.publisher().publish(message).await.unwrap_err();
//! assert!(matches!(error, PublishError::Amqp(AmqpError::Disconnected { .. })));
//! assert!(!error.may_be_delivered(), "it was never sent");
//!
//! let report = connection.close(Duration::from_secs(5)).await;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! # When to use it, and when not
//!
//! For a service that must outlive its broker's restarts. Consuming and settling are lapin's: a
//! [`PooledChannel`] is a [`lapin::Channel`]. A consumer ends with its connection and is not subscribed
//! again by itself: wait for the next epoch of [`consuming`](ResilientConnection::consuming), with
//! [`subscribe`](ResilientConnection::subscribe). Exchanges, queues and bindings are declared again by
//! themselves, if they are given as a [`Topology`].
//!
//! A task that waits for each answer publishes one message a round trip: throughput comes from several tasks,
//! or from [`Publisher::send`].
//!
//! # How it decides
//!
//! ```text
//!                    attempt fails: backoff, breaker
//!                  +---------------------------------+
//!                  v                                 |        blocked
//!  start --> Disconnected ---> Connecting ---> Connected <-------------> Blocked
//!                  ^              |                  |     unblocked        |
//!                  |              v lost             |                     |
//!                  |           Refused: max_backoff  |                     |
//!                  +---------------------------------+---------------------+
//!  close(), or the last handle dropped: Draining --> Closed
//! ```
//!
//! - *Attempts.* A failure counts in the circuit breaker, and so does a connection lost within 5 s of
//!   its handshake: it goes on with the backoff where it was. While the breaker is not closed,
//!   [`get_channel`](ResilientConnection::get_channel) fails at once, unless in shadow mode; a publish
//!   waits to its deadline.
//!   Answers about messages and channels (404, returns, rejections), alarms and cancelled calls never
//!   count.
//! - *Endpoints.* An attempt is one round of the endpoints, begun behind the one used last; the first that
//!   takes the connection has it. It is refused only if they all refuse. The
//!   [`resolver`](Builder::resolver) and the [`credentials`](Builder::credentials) are asked before each
//!   round, and the latter again before a secret runs out.
//! - *Two connections.* A broker that is short of memory blocks connections that publish, acknowledgements
//!   included, so channels for [`Purpose::Consume`] are on a connection of their own. It is made when it is
//!   first needed, and [`consuming`](ResilientConnection::consuming) is a view of it; each has its own state
//!   and circuit breaker.
//! - *Topology.* Declared after each handshake, while the state is still `Connecting`, so that whoever
//!   finds the connection up finds its queues too. Each entity is for itself: a refusal closes one channel,
//!   which nobody else uses, and is reported; what needs the entity is skipped; the connection is used. It
//!   counts against the breaker only if the connection is lost over it.
//! - *Messages.* An acknowledgement confirms, unless the message came back first. A rejection, a return
//!   and a channel that the broker closed over the message are final. A lost connection or a missing
//!   answer leads to another attempt under the same id. [`PublishError::Ambiguous`] is what remains when
//!   the deadline passes without an answer to any of them. Messages share a channel; the first to an
//!   exchange, and those of a channel that the broker closed, have one to themselves.
//! - *Channels.* The last one given back is the first one given out. What is broken, of an earlier
//!   [`Epoch`], or not as it was opened, is closed. [`on_channel`](Builder::on_channel) sets up new ones.
//!
//! # Defaults
//!
//! | | |
//! |---|---|
//! | connecting | 10 s an endpoint, heartbeat 10 s, backoff 100 ms to 30 s, breaker 5 failures and 5 s |
//! | channels, per purpose | 20, of 100 callers waiting, for 5 s |
//! | topology | 10 s altogether, 5 s an entity |
//! | publishing | deadline 30 s, an answer within 10 s, 256 in flight, 10,000 and 64 MiB held |
//! | messages | persistent, mandatory |
//!
//! # Cancellation
//!
//! Dropping a future gives its place back at once. A publish dropped after its message was sent is
//! counted as abandoned; its late answer meets nobody else, and when many are missing on a channel, the
//! channel is closed. Handles are counted: with the last one, be it a connection, a publisher, a checked out
//! channel or a message that was taken on, the connection ends, even while it is being made or the broker is
//! down.
//!
//! # Cost
//!
//! Two tasks and one thread (lapin's) a connection; two connections if there are channels for consuming. A
//! publish adds a few short locks to lapin's own work and waits for one round trip; it copies the body as often
//! as it sends it, and a `send` that cannot end at once has a task to itself. A topology takes one round trip an
//! entity, at each connect. On a connection that is watched a publish also has a span and copies its headers; on
//! one that is not, it looks at a flag.
//!
//! # Features
//!
//! - `health`: `ResilientConnection::health_check`, for `steadfast-health`.
//! - `telemetry`: `ResilientConnection` can be watched by `steadfast-telemetry`: metrics, events, and a
//!   PRODUCER span for each message, whose trace context the message carries.
//! - `rustls`, `native-tls`, `openssl`: lapin's choices of TLS. Without one of them an `amqps` address is
//!   refused: lapin would connect in plain text.
//! - `rabbit-tests`: internal, builds this crate's tests against private RabbitMQ nodes.
//!
//! # Minimum Rust version
//!
//! 1.88, which is lapin's.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod asked;
mod blueprint;
mod buffer;
mod builder;
mod channel;
mod classify;
mod clock;
mod close;
mod condition;
mod config_error;
mod connection;
mod credentials;
mod defaults;
mod dial;
mod endpoint;
mod error;
mod flush;
#[cfg(feature = "health")]
mod health;
mod hook;
mod hub;
mod lane;
mod lanes;
mod link;
mod message;
mod observer;
mod opened;
mod pair;
mod pool;
mod pools;
mod publish;
mod publish_error;
mod publish_totals;
mod published;
mod publisher;
mod purpose;
mod session;
mod snapshot;
mod spans;
mod state;
mod supervisor;
#[cfg(feature = "telemetry")]
mod telemetry;
mod topology;
mod wire;
mod wiretap;

#[cfg(feature = "telemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
pub mod metrics;
pub use lapin;

pub use self::buffer::Backpressure;
pub use self::builder::Builder;
pub use self::channel::PooledChannel;
pub use self::close::CloseReport;
pub use self::condition::{Condition, Health};
pub use self::config_error::{ConfigError, FieldError};
pub use self::connection::ResilientConnection;
pub use self::credentials::Credentials;
pub use self::endpoint::Endpoint;
pub use self::error::{AmqpError, ConnectStep, RefusedKind};
pub use self::flush::FlushReport;
pub use self::hook::{HookError, HookFailure, HookFuture};
pub use self::message::Message;
pub use self::observer::{Observer, Reconnecting, SecretRefresh, StateChange};
pub use self::publish_error::{PublishError, ReturnedMessage};
pub use self::publish_totals::PublishTotals;
pub use self::published::Published;
pub use self::publisher::{PublishHandle, Publisher, PublisherBuilder};
pub use self::purpose::Purpose;
pub use self::snapshot::{ChannelPoolSnapshot, PublisherSnapshot, Snapshot, Totals};
pub use self::state::{ConnectionState, Epoch};
pub use self::topology::{
    Binding, Entity, Exchange, FailedEntity, Overflow, Queue, QueueType, SkipReason, SkippedEntity,
    Topology, TopologyReport,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
