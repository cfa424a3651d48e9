//! A binding to be made.

use lapin::types::AMQPValue;

use super::arguments::Arguments;

/// A binding: a queue, or an exchange, gets messages from an exchange.
///
/// # Examples
/// ```
/// use steadfast_amqp::Binding;
/// use steadfast_amqp::lapin::types::{AMQPValue, LongString};
///
/// let by_pattern = Binding::queue("invoices", "orders").routing_key("order.*");
/// let between_exchanges = Binding::exchange("audit", "orders").routing_key("#");
/// let by_header = Binding::queue("invoices", "headers")
///     .argument("x-match", LongString::from("all"))
///     .argument("country", LongString::from("NL"));
/// assert_ne!(by_pattern, by_header);
/// # let _ = (between_exchanges, AMQPValue::Void);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a binding is part of a `Topology`"]
pub struct Binding {
    pub(super) destination: Destination,
    pub(super) source: String,
    pub(super) routing_key: String,
    pub(super) arguments: Arguments,
}

/// What gets the messages.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Destination {
    /// By name, or by label where the broker names it.
    Queue(String),
    Exchange(String),
}

impl Binding {
    /// The queue gets messages from the exchange. A server-named queue is given by its label.
    pub fn queue(queue: impl Into<String>, exchange: impl Into<String>) -> Self {
        Self::new(Destination::Queue(queue.into()), exchange.into())
    }

    /// The exchange gets messages from the source, another exchange.
    pub fn exchange(exchange: impl Into<String>, source: impl Into<String>) -> Self {
        Self::new(Destination::Exchange(exchange.into()), source.into())
    }

    fn new(destination: Destination, source: String) -> Self {
        Self {
            destination,
            source,
            routing_key: String::new(),
            arguments: Arguments::default(),
        }
    }

    /// Which messages: the routing key, or the pattern of a topic exchange; at most 255 bytes.
    /// Default: empty, which is all that a fanout or headers exchange needs.
    pub fn routing_key(mut self, routing_key: impl Into<String>) -> Self {
        self.routing_key = routing_key.into();
        self
    }

    /// Sets an argument, such as a header to match; a name of 1 to 255 bytes.
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<AMQPValue>) -> Self {
        self.arguments.set(name, value.into());
        self
    }
}
