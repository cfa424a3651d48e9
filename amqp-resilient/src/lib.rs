//! Being built.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod channel;
mod classify;
mod clock;
mod close;
mod config_error;
mod connection;
mod dial;
mod endpoint;
mod error;
#[cfg(feature = "health")]
mod health;
mod hub;
mod lease;
mod link;
mod message;
mod observer;
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
mod state;
mod supervisor;
#[cfg(feature = "telemetry")]
mod telemetry;
mod wire;
mod wiretap;

pub use lapin;

pub use self::builder::Builder;
pub use self::channel::PooledChannel;
pub use self::close::CloseReport;
pub use self::config_error::{ConfigError, FieldError};
pub use self::connection::ResilientConnection;
pub use self::endpoint::Endpoint;
pub use self::error::{AmqpError, ConnectStep, RefusedKind};
pub use self::message::Message;
pub use self::observer::{Observer, StateChange};
pub use self::publish_error::{PublishError, ReturnedMessage};
pub use self::publish_totals::PublishTotals;
pub use self::published::Published;
pub use self::publisher::{Publisher, PublisherBuilder};
pub use self::purpose::Purpose;
pub use self::snapshot::{ChannelPoolSnapshot, Snapshot, Totals};
pub use self::state::{ConnectionState, Epoch};
