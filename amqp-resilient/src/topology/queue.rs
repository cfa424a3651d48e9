//! A queue to be declared.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::AMQPValue;

use super::arguments::Arguments;

/// A queue to be declared, under a name of its own or under one that the broker chooses.
///
/// What is not set is left to the broker and its policies.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_amqp::{Overflow, Queue, Topology};
///
/// let topology = Topology::new()
///     .queue(
///         Queue::new("invoices")
///             .quorum()
///             .max_length(100_000)
///             .overflow(Overflow::RejectPublish)
///             .dead_letter_exchange("")
///             .dead_letter_routing_key("invoices.dead"),
///     )
///     .queue(Queue::new("invoices.dead").message_ttl(Duration::from_secs(7 * 24 * 3600)))
///     .queue(Queue::server_named("replies"));
/// assert!(!topology.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a queue is part of a `Topology`"]
pub struct Queue {
    /// The name, or the label of a queue that the broker names.
    pub(super) name: String,
    pub(super) server_named: bool,
    pub(super) options: QueueDeclareOptions,
    pub(super) arguments: Arguments,
}

/// How a queue keeps its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueueType {
    /// On one node.
    Classic,
    /// Replicated, by Raft.
    Quorum,
}

/// What a full queue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// Drops, or dead-letters, its oldest messages. The broker's default.
    DropHead,
    /// Rejects new messages: the publisher gets [`Nacked`](crate::PublishError::Nacked).
    RejectPublish,
    /// Rejects new messages and dead-letters them. Classic queues only.
    RejectPublishDlx,
}

impl Queue {
    /// A durable queue of this name, which other programs may use too.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            server_named: false,
            options: QueueDeclareOptions::durable(),
            arguments: Arguments::default(),
        }
    }

    /// A queue that the broker names, anew at each connect. It is exclusive: this connection's own, and
    /// gone with it. Bindings refer to it by the label, which never leaves this program, and
    /// [`ResilientConnection::queue_name`](crate::ResilientConnection::queue_name) tells its present
    /// name.
    pub fn server_named(label: impl Into<String>) -> Self {
        Self {
            name: label.into(),
            server_named: true,
            options: QueueDeclareOptions::exclusive(),
            arguments: Arguments::default(),
        }
    }

    /// Whether the queue is there again after the broker has restarted. Default true, and false for a
    /// server-named queue, which is not looked for again. RabbitMQ 4.3 and later refuse queues that are
    /// neither durable nor exclusive.
    pub fn durable(mut self, durable: bool) -> Self {
        self.options.durable = durable;
        self
    }

    /// Whether only this connection may use the queue, which is deleted with the connection. Default
    /// false, and true for a server-named queue. After a connection was lost the broker may hold on to an
    /// exclusive queue until it notices, and refuse its name with 405: prefer a server-named one.
    ///
    /// A server-named queue that is not exclusive must be deleted in another way, since each connect
    /// makes a new one: [`auto_delete`](Self::auto_delete) or [`expires`](Self::expires).
    pub fn exclusive(mut self, exclusive: bool) -> Self {
        self.options.exclusive = exclusive;
        self
    }

    /// Deleted by the broker when its last consumer is gone.
    pub fn auto_delete(mut self) -> Self {
        self.options.auto_delete = true;
        self
    }

    /// How the queue keeps its messages (`x-queue-type`). Default: what the virtual host says. A quorum
    /// queue must be durable, not exclusive, and not server-named.
    pub fn queue_type(mut self, queue_type: QueueType) -> Self {
        let name = match queue_type {
            QueueType::Classic => CLASSIC,
            QueueType::Quorum => QUORUM,
        };
        self.arguments.set_text(QUEUE_TYPE, name.to_owned());
        self
    }

    /// A replicated queue: [`queue_type`](Self::queue_type) with [`QueueType::Quorum`].
    pub fn quorum(self) -> Self {
        self.queue_type(QueueType::Quorum)
    }

    /// How long a message may wait before it is dropped or dead-lettered (`x-message-ttl`): whole
    /// milliseconds, at most 4294967295 of them (49 days). Zero drops what no consumer takes at once.
    pub fn message_ttl(mut self, ttl: Duration) -> Self {
        self.arguments.set_millis("x-message-ttl", ttl);
        self
    }

    /// How long the queue may go unused, without consumers or declarations, before it is deleted
    /// (`x-expires`): whole milliseconds, from 1 to 4294967295 (49 days).
    pub fn expires(mut self, after: Duration) -> Self {
        self.arguments.set_positive_millis(EXPIRES, after);
        self
    }

    /// How many ready messages the queue may hold (`x-max-length`).
    pub fn max_length(mut self, messages: u64) -> Self {
        self.arguments.set_count("x-max-length", messages);
        self
    }

    /// How many bytes of bodies of ready messages the queue may hold (`x-max-length-bytes`).
    pub fn max_length_bytes(mut self, bytes: u64) -> Self {
        self.arguments.set_count("x-max-length-bytes", bytes);
        self
    }

    /// What the queue does when it is full (`x-overflow`).
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        let name = match overflow {
            Overflow::DropHead => "drop-head",
            Overflow::RejectPublish => "reject-publish",
            Overflow::RejectPublishDlx => "reject-publish-dlx",
        };
        self.arguments.set_text("x-overflow", name.to_owned());
        self
    }

    /// Where rejected, expired and dropped messages go (`x-dead-letter-exchange`); `""` is the default
    /// exchange, which routes to the queue named by the routing key.
    pub fn dead_letter_exchange(mut self, exchange: impl Into<String>) -> Self {
        self.arguments
            .set_text("x-dead-letter-exchange", exchange.into());
        self
    }

    /// The routing key of dead-lettered messages (`x-dead-letter-routing-key`); their own if not set.
    pub fn dead_letter_routing_key(mut self, routing_key: impl Into<String>) -> Self {
        self.arguments
            .set_text("x-dead-letter-routing-key", routing_key.into());
        self
    }

    /// Sets any other argument; a name of 1 to 255 bytes.
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<AMQPValue>) -> Self {
        self.arguments.set(name, value.into());
        self
    }

    pub(super) fn is_quorum(&self) -> bool {
        let quorum = AMQPValue::LongString(QUORUM.into());
        self.arguments.get(QUEUE_TYPE) == Some(&quorum)
    }

    /// Whether the queue goes away without anybody deleting it.
    pub(super) fn is_temporary(&self) -> bool {
        let options = &self.options;
        options.exclusive || options.auto_delete || self.arguments.get(EXPIRES).is_some()
    }
}

const QUEUE_TYPE: &str = "x-queue-type";
const CLASSIC: &str = "classic";
const QUORUM: &str = "quorum";
const EXPIRES: &str = "x-expires";
