//! An exchange to be declared.

use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::AMQPValue;

use super::arguments::Arguments;

/// An exchange to be declared. Durable unless it is made [`transient`](Self::transient).
///
/// # Examples
/// ```
/// use steadfast_amqp::{Exchange, Topology};
///
/// let topology = Topology::new()
///     .exchange(Exchange::topic("orders").alternate_exchange("unrouted"))
///     .exchange(Exchange::fanout("unrouted").internal());
/// assert!(!topology.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an exchange is part of a `Topology`"]
pub struct Exchange {
    pub(super) name: String,
    pub(super) kind: ExchangeKind,
    pub(super) options: ExchangeDeclareOptions,
    pub(super) arguments: Arguments,
}

impl Exchange {
    /// A durable exchange of any kind, those of plugins included. RabbitMQ closes the whole connection
    /// over a kind it does not know: such an exchange costs an attempt to connect, and is left out of
    /// the following ones.
    pub fn new(name: impl Into<String>, kind: ExchangeKind) -> Self {
        Self {
            name: name.into(),
            kind,
            options: ExchangeDeclareOptions {
                durable: true,
                ..ExchangeDeclareOptions::default()
            },
            arguments: Arguments::default(),
        }
    }

    /// Routes to the queues bound with the message's routing key.
    pub fn direct(name: impl Into<String>) -> Self {
        Self::new(name, ExchangeKind::Direct)
    }

    /// Routes to every bound queue.
    pub fn fanout(name: impl Into<String>) -> Self {
        Self::new(name, ExchangeKind::Fanout)
    }

    /// Routes by patterns of routing keys: `*` stands for one word, `#` for any number of them.
    pub fn topic(name: impl Into<String>) -> Self {
        Self::new(name, ExchangeKind::Topic)
    }

    /// Routes by the message's headers.
    pub fn headers(name: impl Into<String>) -> Self {
        Self::new(name, ExchangeKind::Headers)
    }

    /// Gone when the broker restarts.
    pub fn transient(mut self) -> Self {
        self.options.durable = false;
        self
    }

    /// Deleted by the broker when the last queue or exchange is unbound from it.
    pub fn auto_delete(mut self) -> Self {
        self.options.auto_delete = true;
        self
    }

    /// Takes messages from other exchanges only, never from publishers.
    pub fn internal(mut self) -> Self {
        self.options.internal = true;
        self
    }

    /// Where messages go that this exchange cannot route (`alternate-exchange`).
    pub fn alternate_exchange(mut self, exchange: impl Into<String>) -> Self {
        self.arguments
            .set_text("alternate-exchange", exchange.into());
        self
    }

    /// Sets any other argument; a name of 1 to 255 bytes.
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<AMQPValue>) -> Self {
        self.arguments.set(name, value.into());
        self
    }
}
