//! `[amqp]`: the connection to the broker.

use std::time::Duration;

use serde::Serialize;

use super::{Secret, written};
use crate::amqp::{Builder, ResilientConnection};

/// The settings of the AMQP connection. The [`Builder`] has a method of the same name for each field, which
/// explains it and its default; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AmqpConfig {
    /// The name of the connection, which the broker and telemetry show. Default `amqp`.
    pub name: String,
    /// Where the broker is and who connects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<Secret>,
    /// The nodes of a cluster, in place of `uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uris: Option<Vec<Secret>>,
    /// Whether endpoints are tried in an order that is drawn at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffle: Option<bool>,
    /// Whether publishing and consuming share one connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_connection: Option<bool>,
    /// How long connecting to one endpoint may take; longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub connect_timeout: Option<Duration>,
    /// How often each side lets the other know that it lives; whole seconds from 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub heartbeat: Option<Duration>,
    /// The longest wait before the first reconnection; longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub base_backoff: Option<Duration>,
    /// The longest wait between two attempts; at least `base_backoff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub max_backoff: Option<Duration>,
    /// How many failures in a row open the circuit breaker; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<u32>,
    /// How long the open breaker holds the next attempt back; longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub open_for: Option<Duration>,
    /// Channels that may be checked out at a time, per purpose; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_channels: Option<usize>,
    /// Callers that may wait for a channel, per purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_waiting: Option<usize>,
    /// How long getting a channel may take altogether; longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub checkout_timeout: Option<Duration>,
    /// How long it may take to open one channel; longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub channel_timeout: Option<Duration>,
    /// How long declaring the topology may take altogether; longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "written::some_duration")]
    pub topology_timeout: Option<Duration>,
}

impl Default for AmqpConfig {
    fn default() -> Self {
        Self {
            name: "amqp".to_owned(),
            uri: None,
            uris: None,
            shuffle: None,
            one_connection: None,
            connect_timeout: None,
            heartbeat: None,
            base_backoff: None,
            max_backoff: None,
            failure_threshold: None,
            open_for: None,
            max_channels: None,
            max_waiting: None,
            checkout_timeout: None,
            channel_timeout: None,
            topology_timeout: None,
        }
    }
}

impl AmqpConfig {
    /// A builder of a connection with these settings.
    pub fn builder(&self) -> Builder {
        let mut builder = ResilientConnection::builder(self.name.as_str());
        if let Some(uri) = &self.uri {
            builder = builder.uri(uri.expose());
        }
        if let Some(uris) = &self.uris {
            builder = builder.uris(uris.iter().map(Secret::expose));
        }
        macro_rules! set {
            ($($name:ident,)*) => {$(
                if let Some(value) = self.$name {
                    builder = builder.$name(value);
                }
            )*};
        }
        set! {
            shuffle,
            one_connection,
            connect_timeout,
            heartbeat,
            base_backoff,
            max_backoff,
            failure_threshold,
            open_for,
            max_channels,
            max_waiting,
            checkout_timeout,
            channel_timeout,
            topology_timeout,
        }
        builder
    }
}
