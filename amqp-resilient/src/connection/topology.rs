//! What the handle says of topologies.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ResilientConnection;
use crate::clock;
use crate::config_error::{ConfigError, Rules};
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::topology::{Declaring, Plan, Topology, TopologyReport};

impl ResilientConnection {
    /// What came of declaring the topology given to the builder, on the present connection or on the last
    /// one. `None` without a topology, and before the first connection.
    ///
    /// The exclusive and server-named queues, and what is bound to them, are declared by the [connection for
    /// consuming](Self::consuming) alone: what came of them is told beside the rest, by name and epoch of the
    /// primary connection, and there is no report before both have one. The view of the connection for
    /// consuming has its own, of everything.
    #[must_use]
    pub fn topology(&self) -> Option<Arc<TopologyReport>> {
        let report = |hub: &Hub| hub.read(|link| link.topology().cloned());
        let Some(other) = self.other().filter(|it| it.topology.has_own()) else {
            return report(self.hub());
        };
        let plan = &self.hub().topology;
        if plan.is_empty() {
            return report(&other);
        }
        let (shared, other) = (report(self.hub())?, report(&other)?);
        Some(shared.and_the_rest(plan, &other))
    }

    /// The name that the broker chose for a server-named queue of the topology given to the builder, on the
    /// present [connection for consuming](Self::consuming). `None` while that is down, since the queue is
    /// gone then, and when the queue could not be declared.
    ///
    /// The name changes with every connection, at the same moment as its epoch. So ask for it each time,
    /// after the channel for [`Purpose::Consume`](crate::Purpose::Consume): should the connection be lost in
    /// between, the channel is lost too, and a consumer is never set on the wrong queue.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(
    /// #     connection: steadfast_amqp::ResilientConnection,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_amqp::lapin::options::BasicConsumeOptions;
    /// use steadfast_amqp::lapin::types::FieldTable;
    /// use steadfast_amqp::{Message, Purpose};
    ///
    /// // Again after each reconnection: `connection.subscribe()` tells of them.
    /// let channel = connection.get_channel(Purpose::Consume).await?;
    /// let queue = connection.queue_name("replies").ok_or("see connection.topology()")?;
    /// let options = BasicConsumeOptions::default();
    /// let replies = channel
    ///     .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
    ///     .await?;
    ///
    /// // A request names the queue for the answer: one from before a reconnection finds no queue.
    /// let properties = steadfast_amqp::lapin::BasicProperties::default()
    ///     .with_reply_to(queue.as_str().into());
    /// let request = Message::new("", "questions", "how much?").properties(properties);
    /// connection.publisher().publish(request).await?;
    /// # drop(replies);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queue_name(&self, label: &str) -> Option<String> {
        let other = self.other();
        let hub = other.as_ref().unwrap_or(self.hub());
        hub.read(|link| link.queue_name(label).cloned())
    }

    /// Declares a topology once, on the present connection: for what becomes known only at run time, or to
    /// try again what was refused. It is not declared again after a reconnection, and
    /// [`topology`](Self::topology) and [`queue_name`](Self::queue_name) do not know of it; its
    /// server-named queues are in the report.
    ///
    /// With an exclusive or server-named queue in it, it is declared on the [connection for
    /// consuming](Self::consuming), as nobody could consume from that queue on another.
    ///
    /// Takes no place in a pool, and waits for the connection as [`get_channel`](Self::get_channel) does.
    /// All of it may take as long as the [`topology_timeout`](crate::Builder::topology_timeout), and one entity
    /// as long as the [`channel_timeout`](crate::Builder::channel_timeout).
    ///
    /// # Errors
    /// [`Config`](AmqpError::Config) names every entity that breaks a rule.
    /// [`Topology`](AmqpError::Topology) has the report when something was refused, skipped or not
    /// answered; the rest was declared. [`Lapin`](AmqpError::Lapin) is the error of a connection that was
    /// lost meanwhile, over the topology too: RabbitMQ closes the connection, and all that is on it, over an
    /// exchange of a kind it does not know. Otherwise as for [`get_channel`](Self::get_channel).
    ///
    /// # Cancel safety
    /// Dropping the future closes its channel. What the broker was asked for so far stays declared.
    pub async fn declare(&self, topology: &Topology) -> Result<TopologyReport, AmqpError> {
        let mut rules = Rules::default();
        let plan = Plan::check(topology, &mut rules);
        let fields = rules.into_fields();
        if !fields.is_empty() {
            let name = &self.hub().name;
            return Err(ConfigError::new("amqp topology of", name, fields).into());
        }
        let declaring_on = if plan.has_own() {
            self.consuming()
        } else {
            self.clone()
        };
        let hub = declaring_on.hub();
        let deadline = clock::after(hub.settings.topology_timeout);
        let session = hub.session(deadline, Patience::UntilBreakerOpens).await?;
        let _under_way = hub.pools.begin_to_declare();
        let patience = hub.settings.channel_timeout;
        let mut declaring = Declaring::new(&plan, &session, patience, hub.pools.runtime());
        declaring.run(&BTreeMap::new(), deadline).await?;
        let report = declaring.report(&hub.name);
        if report.is_complete() {
            Ok(report)
        } else {
            Err(AmqpError::Topology(Arc::new(report)))
        }
    }
}
