//! The name of a part of a topology.

use std::fmt;

/// A part of a topology, as reports name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// An exchange.
    Exchange {
        /// Its name.
        name: String,
    },
    /// A queue with a name of its own.
    Queue {
        /// Its name.
        name: String,
    },
    /// A queue that the broker names.
    ServerNamedQueue {
        /// What the topology calls it.
        label: String,
    },
    /// A binding of an exchange.
    ExchangeBinding {
        /// The exchange that gets the messages.
        destination: String,
        /// The exchange they come from.
        source: String,
        /// Its routing key.
        routing_key: String,
    },
    /// A binding of a queue.
    QueueBinding {
        /// The queue, by name or label.
        queue: String,
        /// The exchange the messages come from.
        exchange: String,
        /// Its routing key.
        routing_key: String,
    },
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange { name } => write!(f, "exchange {name:?}"),
            Self::Queue { name } => write!(f, "queue {name:?}"),
            Self::ServerNamedQueue { label } => write!(f, "server-named queue {label:?}"),
            Self::ExchangeBinding {
                destination,
                source,
                routing_key,
            } => write!(
                f,
                "binding of exchange {destination:?} to exchange {source:?} with key {routing_key:?}"
            ),
            Self::QueueBinding {
                queue,
                exchange,
                routing_key,
            } => write!(
                f,
                "binding of queue {queue:?} to exchange {exchange:?} with key {routing_key:?}"
            ),
        }
    }
}
