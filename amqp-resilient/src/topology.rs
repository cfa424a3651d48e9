//! Which exchanges, queues and bindings there should be, as a value.

mod arguments;
mod binding;
mod declare;
mod entity;
mod exchange;
mod plan;
mod queue;
mod report;
mod split;

pub use self::binding::Binding;
pub(crate) use self::declare::Declaring;
pub use self::entity::Entity;
pub use self::exchange::Exchange;
pub(crate) use self::plan::Plan;
pub use self::queue::{Overflow, Queue, QueueType};
pub use self::report::{FailedEntity, SkipReason, SkippedEntity, TopologyReport};

/// The exchanges, queues and bindings that a program needs.
///
/// Given to a connection with [`Builder::topology`](crate::Builder::topology) it is declared after every
/// connect; [`ResilientConnection::declare`](crate::ResilientConnection::declare) declares one once. Each
/// entity stands for itself: one that the broker refuses is reported, what needs it is skipped, and
/// everything else is declared all the same. Exchanges come first, then their bindings, then queues and
/// theirs, each in the order in which they were added.
///
/// A topology only ever adds. What it no longer names stays at the broker, and a queue whose arguments
/// have changed is refused with 406 until somebody deletes it.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_amqp::{Binding, Exchange, Queue, ResilientConnection, Topology};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let topology = Topology::new()
///     .exchange(Exchange::topic("orders"))
///     .exchange(Exchange::fanout("dead"))
///     .existing_exchange("audit")
///     .queue(Queue::new("invoices").quorum().dead_letter_exchange("dead"))
///     .queue(Queue::new("dead").message_ttl(Duration::from_secs(3600)).max_length(10_000))
///     .queue(Queue::server_named("replies"))
///     .bind(Binding::exchange("audit", "orders").routing_key("#"))
///     .bind(Binding::queue("invoices", "orders").routing_key("order.created"))
///     .bind(Binding::queue("dead", "dead"))
///     .bind(Binding::queue("replies", "orders").routing_key("reply.web-1"));
///
/// let connection = ResilientConnection::builder("orders")
///     .uri("amqp://127.0.0.1:1")
///     .topology(topology)
///     .connect_lazy()?;
/// // Of a connection that is up, this is the name that the broker chose.
/// assert_eq!(connection.queue_name("replies"), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a topology does nothing until it is given to a connection"]
pub struct Topology {
    exchanges: Vec<Exchange>,
    existing_exchanges: Vec<String>,
    queues: Vec<Queue>,
    existing_queues: Vec<String>,
    bindings: Vec<Binding>,
}

impl Topology {
    /// A topology of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an exchange. The same one twice counts once; two that differ under one name are an error.
    pub fn exchange(mut self, exchange: Exchange) -> Self {
        if !self.exchanges.contains(&exchange) {
            self.exchanges.push(exchange);
        }
        self
    }

    /// Adds an exchange that somebody else declares: the broker is only asked whether it exists, in
    /// whatever form. One of the broker's own, such as `amq.topic`, is named this way too.
    pub fn existing_exchange(mut self, name: impl Into<String>) -> Self {
        push_new(&mut self.existing_exchanges, name.into());
        self
    }

    /// Adds a queue. The same one twice counts once; two that differ under one name are an error.
    pub fn queue(mut self, queue: Queue) -> Self {
        if !self.queues.contains(&queue) {
            self.queues.push(queue);
        }
        self
    }

    /// Adds a queue that somebody else declares: the broker is only asked whether it exists, in
    /// whatever form.
    pub fn existing_queue(mut self, name: impl Into<String>) -> Self {
        push_new(&mut self.existing_queues, name.into());
        self
    }

    /// Adds a binding. What it binds must be part of the topology, as declared or as existing.
    pub fn bind(mut self, binding: Binding) -> Self {
        if !self.bindings.contains(&binding) {
            self.bindings.push(binding);
        }
        self
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            exchanges,
            existing_exchanges,
            queues,
            existing_queues,
            bindings,
        } = self;
        exchanges.is_empty()
            && existing_exchanges.is_empty()
            && queues.is_empty()
            && existing_queues.is_empty()
            && bindings.is_empty()
    }
}

fn push_new(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}
