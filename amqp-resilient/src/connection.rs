//! The handle.

mod consuming;
mod ending;
mod reconnecting;
mod topology;
mod way_out;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::Retry;
use tokio::sync::watch;
use tokio::time::timeout_at;

use crate::builder::Builder;
use crate::channel::PooledChannel;
use crate::clock;
use crate::endpoint::Endpoint;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::observer::Observer;
use crate::pair::Pair;
use crate::publisher::{Publisher, PublisherBuilder};
use crate::purpose::Purpose;
use crate::session::ChannelMode;
use crate::snapshot::{self, Snapshot};
use crate::state::{ConnectionState, Epoch};

/// A connection to a RabbitMQ broker that comes back by itself. A cheap handle: clones share one
/// connection, and when the last of them is gone (publishers and checked out channels count) the
/// connection is closed.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast_amqp::{Message, Purpose, ResilientConnection};
/// use steadfast_amqp::lapin::options::QueueDeclareOptions;
/// use steadfast_amqp::lapin::types::FieldTable;
///
/// let connection = ResilientConnection::builder("orders")
///     .uri("amqp://app:secret@broker.internal/shop")
///     .connect()
///     .await?;
///
/// let channel = connection.get_channel(Purpose::Admin).await?;
/// channel
///     .queue_declare("orders".into(), QueueDeclareOptions::durable(), FieldTable::default())
///     .await?;
/// drop(channel);
///
/// let published = connection
///     .publisher()
///     .publish(Message::new("", "orders", "one order"))
///     .await?;
/// assert_eq!(published.attempts, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ResilientConnection {
    pair: Arc<Pair>,
    /// The one of the two that this handle is for.
    hub: Arc<Hub>,
}

impl ResilientConnection {
    /// Starts building a connection. The broker lists it under this name; it appears in events and
    /// metrics too.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(pair: Pair) -> Self {
        Self {
            hub: Arc::clone(pair.primary()),
            pair: Arc::new(pair),
        }
    }

    /// Checks out an open channel from the pool of its purpose. Those for [`Purpose::Consume`] are on
    /// the [connection for consuming](Self::consuming), whose first checkout makes it.
    ///
    /// While the connection is down this waits for it, unless the circuit breaker is open, and
    /// while it is blocked this waits for the end of the alarm, in all for at most the checkout
    /// timeout.
    ///
    /// # Errors
    /// At once: [`PoolFull`](AmqpError::PoolFull), [`CircuitOpen`](AmqpError::CircuitOpen),
    /// [`Refused`](AmqpError::Refused), [`ChannelLimit`](AmqpError::ChannelLimit) and
    /// [`Closed`](AmqpError::Closed); and [`ChannelHook`](AmqpError::ChannelHook) when the code given to
    /// [`on_channel`](Builder::on_channel) failed. At the end of the wait:
    /// [`CheckoutTimeout`](AmqpError::CheckoutTimeout),
    /// [`Disconnected`](AmqpError::Disconnected), [`Blocked`](AmqpError::Blocked) and
    /// [`ChannelTimeout`](AmqpError::ChannelTimeout), whichever it was that was waited for.
    ///
    /// # Cancel safety
    /// Dropping the future gives its place back, and closes a channel it had just opened.
    pub async fn get_channel(
        &self,
        purpose: impl Into<Purpose>,
    ) -> Result<PooledChannel, AmqpError> {
        let purpose = purpose.into();
        let serving = self.serving(&purpose);
        let hub = serving.hub();
        let deadline = clock::after(hub.settings.pool.checkout_timeout);
        let pool = hub.pools.of(hub, &purpose);
        let channel = pool
            .checkout(hub, deadline, Patience::UntilBreakerOpens)
            .await?;
        Ok(PooledChannel::new(channel, purpose, serving))
    }

    /// The connection's publisher with the default settings. All that this gives out share one set
    /// of channels; it may be called as often as is convenient. Never on the connection for consuming.
    #[must_use]
    pub fn publisher(&self) -> Publisher {
        let primary = self.primary();
        let core = self.pair.publishing.get_or_init(|| {
            let builder = PublisherBuilder::new(primary.clone(), "publisher".into());
            builder.core()
        });
        Publisher::new(Arc::clone(core), primary)
    }

    /// Starts building a publisher with settings, and channels, of its own. Never on the connection for
    /// consuming.
    pub fn publisher_builder(&self, name: impl Into<Arc<str>>) -> PublisherBuilder {
        PublisherBuilder::new(self.primary(), name.into())
    }

    /// The state at this moment; of the primary connection, as all that this handle tells, unless it is the
    /// view of the one for [consuming](Self::consuming).
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.hub().read(|link| link.state().clone())
    }

    /// The state as it changes. Every receiver sees the latest state; one that is slow misses those
    /// in between, where an [`Observer`] sees them all.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<ConnectionState> {
        self.hub().watch_states()
    }

    /// The epoch of the connection, while it is up.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.state().epoch()
    }

    /// Waits until the connection is up and not blocked.
    ///
    /// # Errors
    /// As for [`get_channel`](Self::get_channel), but an open circuit breaker is waited out.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the connection.
    pub async fn wait_connected(&self, patience: Duration) -> Result<Epoch, AmqpError> {
        let deadline = clock::after(patience);
        let session = self.hub().session(deadline, Patience::UntilDeadline);
        session.await.map(|session| session.epoch())
    }

    /// Asks the broker for a sign of life: opens a channel and closes it. Waits for no
    /// reconnection, and takes no place in a pool.
    ///
    /// # Errors
    /// [`Disconnected`](AmqpError::Disconnected), [`CircuitOpen`](AmqpError::CircuitOpen),
    /// [`Refused`](AmqpError::Refused), [`Blocked`](AmqpError::Blocked) or [`Closed`](AmqpError::Closed) at
    /// once, [`ChannelTimeout`](AmqpError::ChannelTimeout) when the broker did not answer in time.
    /// [`ChannelLimit`](AmqpError::ChannelLimit) and [`Lapin`](AmqpError::Lapin) are answers of a broker that
    /// lives, and of a connection that is being lost.
    ///
    /// # Cancel safety
    /// Dropping the future closes the channel if it was opened.
    pub async fn probe(&self, patience: Duration) -> Result<(), AmqpError> {
        let hub = self.hub();
        let deadline = clock::after(patience);
        let began = clock::now();
        let session = hub.session(began, Patience::UntilBreakerOpens).await?;
        let channel = session.open_channel(ChannelMode::Plain, deadline).await?;
        match timeout_at(deadline, channel.close(200, "probe".into())).await {
            Ok(closed) => closed.map_err(AmqpError::Lapin),
            Err(_) => Err(AmqpError::ChannelTimeout {
                waited: began.elapsed(),
            }),
        }
    }

    /// State, pools and counts, read at this moment. Asks nothing of the broker. That of the connection for
    /// consuming is part of it, once there is one.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let other = self.other();
        Snapshot {
            consuming: other.map(|hub| Box::new(snapshot::take(&hub))),
            ..snapshot::take(self.hub())
        }
    }

    /// The name given to [`builder`](Self::builder); that of the connection for consuming ends in `/consume`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.hub().name
    }

    /// Where the broker is: the endpoint of the present connection, or of the attempt under way, or else the
    /// last one of either. `None` until a [`resolver`](Builder::resolver) has answered for the first time.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.hub().read(|link| link.endpoint().cloned())
    }

    /// The circuit breaker in front of connecting, to be watched, or to have its mode set. Forced open it
    /// holds back attempts to connect until that ends, and leaves alone a connection that is up. In
    /// shadow mode it holds back nothing, and callers wait whatever its state.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.hub().breaker
    }

    /// The retry that spaces the attempts to connect, to be watched.
    #[must_use]
    pub fn retry(&self) -> &Retry {
        &self.hub().retry
    }

    /// The bulkhead in front of the channels of a purpose, to be watched. That of [`Purpose::Consume`]
    /// belongs to the connection for consuming, which is made if there is none yet.
    #[must_use]
    pub fn bulkhead(&self, purpose: impl Into<Purpose>) -> Bulkhead {
        let purpose = purpose.into();
        let serving = self.serving(&purpose);
        let hub = serving.hub();
        hub.pools.of(hub, &purpose).bulkhead().clone()
    }

    /// Adds an observer of changes of state, of both connections. Observers stay for good.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        self.pair.add_observer(observer);
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl fmt::Debug for ResilientConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResilientConnection")
            .field("name", &self.hub().name)
            .field("endpoint", &self.endpoint())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
