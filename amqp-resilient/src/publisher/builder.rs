//! Building a publisher: its settings, their defaults and the rules they must obey.

use std::sync::Arc;
use std::time::Duration;

use super::core::Settings;
use super::{Publisher, PublisherCore};
use crate::buffer::Backpressure;
use crate::config_error::{ConfigError, Rules};
use crate::connection::ResilientConnection;
use crate::defaults;

/// Settings of a [`Publisher`] to be; made by [`ResilientConnection::publisher_builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PublisherBuilder {
    connection: ResilientConnection,
    name: Arc<str>,
    settings: Settings,
}

impl PublisherBuilder {
    pub(crate) fn new(connection: ResilientConnection, name: Arc<str>) -> Self {
        Self {
            connection,
            name,
            settings: Settings {
                deadline: defaults::DEADLINE,
                confirm_timeout: defaults::CONFIRM_TIMEOUT,
                max_in_flight: defaults::MAX_IN_FLIGHT,
                max_messages: defaults::BUFFER_MESSAGES,
                max_bytes: defaults::BUFFER_BYTES,
                backpressure: Backpressure::default(),
            },
        }
    }

    /// How long publishing a message may take, from the call to the answer; longer than zero.
    /// Default 30 s: long enough for a broker to be restarted.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// How long to wait for the broker's answer before the message is sent again on another
    /// channel; longer than zero. Default 10 s. A lost connection is noticed by itself, long
    /// before that; this is for a broker that forgets a message.
    pub fn confirm_timeout(mut self, timeout: Duration) -> Self {
        self.settings.confirm_timeout = timeout;
        self
    }

    /// Messages in flight at a time; from 1 to 65535. Default 256. When the connection is lost, so
    /// many may have to be sent again, and may then be there twice.
    pub fn max_in_flight(mut self, messages: usize) -> Self {
        self.settings.max_in_flight = messages;
        self
    }

    /// Messages that the publisher holds at a time, those in flight included; at least `max_in_flight`.
    /// Default 10,000. Together with [`buffer_bytes`](Self::buffer_bytes) it bounds the memory that messages
    /// take while the broker is away.
    pub fn buffer_messages(mut self, messages: usize) -> Self {
        self.settings.max_messages = messages;
        self
    }

    /// Bytes of the messages that the publisher holds, properties included; at least 1. A message that is
    /// larger is refused. Default 64 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_bytes = bytes;
        self
    }

    /// What happens to a message that would have to wait, for room in the buffer or for the connection.
    /// Default [`Backpressure::Wait`].
    pub fn backpressure(mut self, backpressure: Backpressure) -> Self {
        self.settings.backpressure = backpressure;
        self
    }

    /// Builds the publisher. Its channels are opened as they are needed.
    ///
    /// # Errors
    /// [`ConfigError`] lists every setting that breaks its rule.
    pub fn build(self) -> Result<Publisher, ConfigError> {
        let mut rules = Rules::default();
        let settings = &self.settings;
        rules.require(
            !self.name.is_empty(),
            "name",
            &self.name,
            "must not be empty",
        );
        rules.longer_than_zero("deadline", settings.deadline);
        rules.longer_than_zero("confirm_timeout", settings.confirm_timeout);
        rules.require(
            (1..=usize::from(u16::MAX)).contains(&settings.max_in_flight),
            "max_in_flight",
            &settings.max_in_flight,
            "must be from 1 to 65535",
        );
        rules.require(
            (settings.max_in_flight..=MOST).contains(&settings.max_messages),
            "buffer_messages",
            &settings.max_messages,
            "must be at least max_in_flight, and at most 4294967295",
        );
        rules.require(
            (1..=MOST).contains(&settings.max_bytes),
            "buffer_bytes",
            &settings.max_bytes,
            "must be at least 1, and at most 4294967295",
        );
        let fields = rules.into_fields();
        if fields.is_empty() {
            let core = self.core();
            Ok(Publisher::new(core, self.connection))
        } else {
            Err(ConfigError::new("amqp publisher", &self.name, fields))
        }
    }

    /// The settings have been checked, or are the defaults.
    pub(crate) fn core(&self) -> Arc<PublisherCore> {
        PublisherCore::new(self.connection.hub(), &self.name, self.settings)
    }
}

/// What can be counted in one step.
const MOST: usize = u32::MAX as usize;
