//! Publishing: the handle and its settings.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lapin::types::ShortString;
use steadfast_bulkhead::Bulkhead;

use crate::clock;
use crate::config_error::{ConfigError, Rules};
use crate::connection::ResilientConnection;
use crate::defaults;
use crate::message::Message;
use crate::pool::{ChannelPool, Limits};
use crate::publish::Publishing;
use crate::publish_error::PublishError;
use crate::published::Published;

/// Publishes messages, each until the broker has confirmed it or a typed error says what became of
/// it. A cheap handle: clones share channels and limits, and tasks may use them all at once.
///
/// Every publish has a channel in confirm mode to itself. That is what makes the answers right: on a
/// channel with several messages in flight, lapin 4.12 was seen to give one message the answer, or
/// the return, of another.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: steadfast_amqp::ResilientConnection) {
/// use steadfast_amqp::{Message, PublishError};
///
/// let publisher = connection.publisher();
/// match publisher.publish(Message::new("orders", "order.created", "17")).await {
///     Ok(published) => println!("safe, sent {} times", published.attempts),
///     Err(PublishError::Returned(message)) => println!("no queue for {}", message.routing_key),
///     Err(error) if error.may_be_delivered() => println!("perhaps: {error}"),
///     Err(error) => println!("not sent: {error}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    core: Arc<PublisherCore>,
    connection: ResilientConnection,
}

/// What publishers share; it does not keep the connection open.
pub(crate) struct PublisherCore {
    pub(crate) pool: Arc<ChannelPool>,
    pub(crate) deadline: Duration,
    pub(crate) confirm_timeout: Duration,
    ids: MessageIds,
}

impl Publisher {
    pub(crate) fn new(core: Arc<PublisherCore>, connection: ResilientConnection) -> Self {
        Self { core, connection }
    }

    /// Publishes a message and waits for the broker to confirm it.
    ///
    /// While the connection is down this waits for it, and while it is blocked for the end of the
    /// alarm; nothing is begun on a blocked connection, since it could not be taken back. When the
    /// outcome of sending the message is lost with its connection, or does not come within the
    /// confirm timeout, it is sent again, under the same message id. All of this goes on until the
    /// deadline: that of the message, or of the publisher.
    ///
    /// # Errors
    /// [`PublishError`] tells what became of the message. [`PoolFull`](crate::AmqpError::PoolFull)
    /// comes at once when as many publishes are in flight, and waiting, as the publisher allows,
    /// and [`Refused`](crate::AmqpError::Refused) when the broker refuses the connection.
    ///
    /// # Cancel safety
    /// Dropping the future gives its place back. Once the message was handed to the connection it
    /// may be delivered all the same.
    pub async fn publish(&self, message: Message) -> Result<Published, PublishError> {
        let hub = self.connection.hub();
        let counting = Counting { hub: Some(hub) };
        let deadline = message.own_deadline().unwrap_or(self.core.deadline);
        let deadline = clock::after(deadline);
        let result = match message.prepare(|| self.core.ids.next()) {
            Ok(message) => {
                Publishing::new(hub, &self.core, &message, deadline)
                    .run()
                    .await
            }
            Err(field) => Err(PublishError::Invalid(field)),
        };
        counting.ended(&result);
        result
    }

    /// The bulkhead in front of the publisher's channels, to be watched.
    #[must_use]
    pub fn bulkhead(&self) -> &Bulkhead {
        self.core.pool.bulkhead()
    }

    /// The connection it publishes on.
    #[must_use]
    pub fn connection(&self) -> &ResilientConnection {
        &self.connection
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("name", &self.bulkhead().name())
            .field("deadline", &self.core.deadline)
            .field("confirm_timeout", &self.core.confirm_timeout)
            .finish_non_exhaustive()
    }
}

/// Counts a publish when it ends, or when it is dropped before that.
struct Counting<'h> {
    hub: Option<&'h Arc<crate::hub::Hub>>,
}

impl Counting<'_> {
    fn ended(mut self, result: &Result<Published, PublishError>) {
        if let Some(hub) = self.hub.take() {
            hub.publishes.ended(result);
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if let Some(hub) = self.hub {
            hub.publishes.abandoned();
        }
    }
}

/// Settings of a [`Publisher`] to be; made by [`ResilientConnection::publisher_builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PublisherBuilder {
    connection: ResilientConnection,
    name: Arc<str>,
    deadline: Duration,
    confirm_timeout: Duration,
    max_in_flight: usize,
    max_waiting: usize,
}

impl PublisherBuilder {
    pub(crate) fn new(connection: ResilientConnection, name: Arc<str>) -> Self {
        Self {
            connection,
            name,
            deadline: defaults::DEADLINE,
            confirm_timeout: defaults::CONFIRM_TIMEOUT,
            max_in_flight: defaults::MAX_IN_FLIGHT,
            max_waiting: defaults::MAX_PUBLISHES_WAITING,
        }
    }

    /// How long publishing a message may take, from the call to the answer; longer than zero.
    /// Default 30 s: long enough for a broker to be restarted.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long to wait for the broker's answer before the message is sent again on another
    /// channel; longer than zero. Default 10 s. A lost connection is noticed by itself, long
    /// before that; this is for a broker that forgets a message.
    pub fn confirm_timeout(mut self, timeout: Duration) -> Self {
        self.confirm_timeout = timeout;
        self
    }

    /// Messages in flight at a time, each on a channel of its own; at least 1. Default 20.
    pub fn max_in_flight(mut self, messages: usize) -> Self {
        self.max_in_flight = messages;
        self
    }

    /// Publishes that may wait in line; 0 means none. Default 100. It bounds the memory that
    /// messages take while the broker is away.
    pub fn max_waiting(mut self, publishes: usize) -> Self {
        self.max_waiting = publishes;
        self
    }

    /// Builds the publisher. Its channels are opened as they are needed.
    ///
    /// # Errors
    /// [`ConfigError`] lists every setting that breaks its rule.
    pub fn build(self) -> Result<Publisher, ConfigError> {
        let mut rules = Rules::default();
        rules.require(
            !self.name.is_empty(),
            "name",
            &self.name,
            "must not be empty",
        );
        rules.longer_than_zero("deadline", self.deadline);
        rules.longer_than_zero("confirm_timeout", self.confirm_timeout);
        self.limits().check("max_in_flight", &mut rules);
        let fields = rules.into_fields();
        if fields.is_empty() {
            let core = Arc::new(self.core());
            Ok(Publisher::new(core, self.connection))
        } else {
            Err(ConfigError::new("amqp publisher", &self.name, fields))
        }
    }

    /// The settings have been checked, or are the defaults.
    pub(crate) fn core(&self) -> PublisherCore {
        let pools = &self.connection.hub().pools;
        PublisherCore {
            pool: pools.for_publisher(&self.name, self.limits()),
            deadline: self.deadline,
            confirm_timeout: self.confirm_timeout,
            ids: MessageIds::new(),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            max_concurrent: self.max_in_flight,
            max_waiting: self.max_waiting,
            // The deadline of each publish bounds its wait; this only has to be no shorter.
            checkout_timeout: Duration::MAX,
        }
    }
}

/// Makes message ids: a random part for the publisher, and a number.
struct MessageIds {
    publisher: u128,
    next: AtomicU64,
}

impl MessageIds {
    fn new() -> Self {
        Self {
            publisher: rand::random(),
            next: AtomicU64::new(1),
        }
    }

    fn next(&self) -> ShortString {
        // Only uniqueness matters, hence relaxed.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:032x}-{number}", self.publisher).into()
    }
}
