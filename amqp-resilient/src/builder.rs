//! Building a connection: the settings, their defaults and the rules they must obey.

mod checked;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use steadfast_breaker::CircuitBreaker;
use steadfast_retry::{Jitter, Retry};
use tokio::runtime::Handle;

use self::checked::Checked;
pub(crate) use self::checked::Settings;
use crate::config_error::ConfigError;
use crate::connection::ResilientConnection;
use crate::defaults::{self, RESET_TIMEOUT, STABLE_AFTER};
use crate::endpoint::redact;
use crate::error::AmqpError;
use crate::hook::{ChannelHook, HookFuture};
use crate::hub::{Hub, Parts};
use crate::observer::Observer;
use crate::pool::Limits;
use crate::purpose::Purpose;
use crate::supervisor::{Barred, BreakerMoved, Supervisor};
use crate::topology::Topology;

/// Settings of a [`ResilientConnection`] to be; made by [`ResilientConnection::builder`].
#[must_use = "a builder does nothing until `connect` or `connect_lazy` is called"]
pub struct Builder {
    name: Arc<str>,
    uri: String,
    tls: OwnedTLSConfig,
    connect_timeout: Option<Duration>,
    heartbeat: Option<Duration>,
    base_backoff: Duration,
    max_backoff: Duration,
    failure_threshold: u32,
    open_for: Option<Duration>,
    pool: Limits,
    channel_timeout: Duration,
    topology: Topology,
    topology_timeout: Duration,
    on_channel: Option<ChannelHook>,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            uri: defaults::URI.to_owned(),
            tls: OwnedTLSConfig::default(),
            connect_timeout: None,
            heartbeat: None,
            base_backoff: defaults::BASE_BACKOFF,
            max_backoff: defaults::MAX_BACKOFF,
            failure_threshold: defaults::FAILURE_THRESHOLD,
            open_for: None,
            pool: Limits {
                max_concurrent: defaults::MAX_CHANNELS,
                max_waiting: defaults::MAX_WAITING,
                checkout_timeout: defaults::CHECKOUT_TIMEOUT,
            },
            channel_timeout: defaults::CHANNEL_TIMEOUT,
            topology: Topology::new(),
            topology_timeout: defaults::TOPOLOGY_TIMEOUT,
            on_channel: None,
            observers: Vec::new(),
        }
    }

    /// Where the broker is and who connects: `amqp://user:password@host:port/vhost`, with special
    /// characters percent-encoded; the default vhost `/` is written `%2f`. Default:
    /// `amqp://guest:guest@localhost:5672/%2f`, as a fresh RabbitMQ has it.
    ///
    /// The query parameters `frame_max`, `channel_max`, `heartbeat` (seconds),
    /// `connection_timeout` (milliseconds) and `auth_mechanism` are understood.
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uri = uri.into();
        self
    }

    /// Certificates for `amqps`: authorities to trust besides the usual ones, and the client's own.
    pub fn tls(mut self, tls: OwnedTLSConfig) -> Self {
        self.tls = tls;
        self
    }

    /// How long one attempt to connect may take, from the name lookup to the end of the handshake;
    /// longer than zero. It bounds [`connect`](Self::connect) too, together with
    /// [`topology_timeout`](Self::topology_timeout) if there is a topology. Default 10 s, or what the
    /// address says.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How often each side lets the other know that it lives; whole seconds from 1 to 65535. A
    /// peer that was silent for twice as long is taken for dead, which is the only way to notice
    /// one that hangs. Default 10 s, or what the address says. The broker may ask for less.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = Some(interval);
        self
    }

    /// The longest wait before the first reconnection; longer than zero. It doubles with each
    /// failure, and each wait is a random share of it (full jitter). Default 100 ms.
    pub fn base_backoff(mut self, backoff: Duration) -> Self {
        self.base_backoff = backoff;
        self
    }

    /// The longest wait between two attempts; after a refusal the wait is four fifths of it at least.
    /// At least `base_backoff`. There is no limit to the number of attempts. Default 30 s.
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// How many failures in a row, to connect or to stay connected, open the circuit breaker; at
    /// least one. Open, it turns [`get_channel`](ResilientConnection::get_channel) away at once
    /// instead of letting callers wait. Default 5, reached after about a second of outage.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// How long the open breaker holds the next attempt back; longer than zero. Default 5 s, or
    /// `max_backoff` where that is shorter: the breaker does not make an outage longer than the
    /// backoff does.
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.open_for = Some(open_for);
        self
    }

    /// Channels that may be checked out at a time, per purpose; at least 1. Default 20.
    pub fn max_channels(mut self, channels: usize) -> Self {
        self.pool.max_concurrent = channels;
        self
    }

    /// Callers that may wait for a channel, per purpose; 0 means none. Default 100.
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.pool.max_waiting = callers;
        self
    }

    /// How long [`get_channel`](ResilientConnection::get_channel) may take altogether: the wait in
    /// line, for the connection, for the broker to open the channel, and for
    /// [`on_channel`](Self::on_channel) to set it up. Longer than zero.
    /// Default 5 s.
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.pool.checkout_timeout = timeout;
        self
    }

    /// How long it may take to open one channel, then for [`on_channel`](Self::on_channel) to set it up,
    /// and how long to declare one entity of a topology; longer than zero. Default 5 s.
    pub fn channel_timeout(mut self, timeout: Duration) -> Self {
        self.channel_timeout = timeout;
        self
    }

    /// What there should be at the broker, declared after every connect and before the connection is
    /// announced: whoever finds it [`Connected`](crate::ConnectionState::Connected) finds its queues, too.
    /// Called again, it replaces the topology before. Default: nothing.
    ///
    /// What the broker refuses does not keep the connection from being used: it is reported by
    /// [`topology`](ResilientConnection::topology), to observers and by the health check, and tried again
    /// with the next connection. A connection that is lost meanwhile counts as an attempt that failed,
    /// with one exception: an entity over which the broker closes the connection, instead of a channel,
    /// has failed, and the attempts that follow leave it out.
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// How long declaring the topology may take altogether, after each connect; longer than zero. What is
    /// left then is skipped and reported, and the connection is used. Default 10 s: one entity may stay
    /// without an answer, and there is time for the others.
    pub fn topology_timeout(mut self, timeout: Duration) -> Self {
        self.topology_timeout = timeout;
        self
    }

    /// Code that sets up every channel that a pool opens, before anybody gets it: to set a prefetch count,
    /// for instance, or to declare something. Called again, it replaces the code before. Default: none.
    ///
    /// It gets the channel and what it is for; the channels of publishers are for
    /// [`Purpose::Publish`], and in confirm mode. It may take as long as
    /// [`channel_timeout`](Self::channel_timeout) allows. When it fails, panics or takes longer, the
    /// channel is closed and the caller who was to have it gets
    /// [`AmqpError::ChannelHook`]. It is dropped when that caller goes away.
    ///
    /// # Examples
    /// ```
    /// use steadfast_amqp::lapin::options::BasicQosOptions;
    /// use steadfast_amqp::{Purpose, ResilientConnection};
    ///
    /// let builder = ResilientConnection::builder("orders").on_channel(|channel, purpose| {
    ///     Box::pin(async move {
    ///         if *purpose == Purpose::Consume {
    ///             channel.basic_qos(50, BasicQosOptions::default()).await?;
    ///         }
    ///         Ok(())
    ///     })
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_channel<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a lapin::Channel, &'a Purpose) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.on_channel = Some(ChannelHook::new(hook));
        self
    }

    /// Adds an observer of changes of state; may be called more than once.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Begins to connect, and waits for the first connection.
    ///
    /// # Errors
    /// [`AmqpError::Config`] lists every setting that breaks its rule. [`AmqpError::Refused`] comes
    /// at once when the broker says no. Anything else comes after the connect timeout and is the
    /// error of the last attempt. With an error nothing goes on in the background; use
    /// [`connect_lazy`](Self::connect_lazy) to start without the broker.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt and leaves nothing behind.
    pub async fn connect(self) -> Result<ResilientConnection, AmqpError> {
        let patience = self.checked()?.longest_attempt();
        let connection = self.connect_lazy()?;
        connection.wait_connected(patience).await?;
        Ok(connection)
    }

    /// Begins to connect in the background, and returns at once. The broker need not be there yet.
    ///
    /// # Errors
    /// [`ConfigError`] lists every setting that breaks its rule.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn connect_lazy(self) -> Result<ResilientConnection, ConfigError> {
        let checked = self.checked()?;
        let longest_attempt = checked.longest_attempt();
        let Checked {
            settings,
            dialer,
            open_for,
            topology,
        } = checked;
        let between_attempts = settings.max_backoff.saturating_add(longest_attempt);
        let breaker_moved = BreakerMoved::default();
        let breaker = CircuitBreaker::builder(Arc::clone(&self.name))
            .failure_threshold(self.failure_threshold)
            .success_threshold(1)
            .open_for(open_for)
            // Longer than the longest probe, and than the longest time between two failures.
            .half_open_max(longest_attempt.saturating_add(2 * STABLE_AFTER))
            .reset_timeout(RESET_TIMEOUT.max(between_attempts.saturating_mul(2)))
            .observer(breaker_moved.clone())
            .build()
            .expect("the settings are checked");
        let retry = Retry::builder(Arc::clone(&self.name))
            .max_attempts(u32::MAX)
            .base_backoff(self.base_backoff)
            .max_backoff(self.max_backoff)
            .max_retry_after(self.max_backoff)
            .jitter(Jitter::Full)
            .history(0)
            .build()
            .expect("the settings are checked");
        let runtime = Handle::current();
        let hub = Arc::new(Hub::new(Parts {
            name: self.name,
            endpoint: dialer.address.endpoint.clone(),
            settings,
            breaker,
            retry,
            observers: self.observers,
            topology,
            on_channel: self.on_channel,
            runtime: runtime.clone(),
        }));
        let supervisor = Supervisor {
            hub: Arc::clone(&hub),
            dialer,
            breaker_moved,
            barred: Barred::default(),
        };
        runtime.spawn(supervisor.run());
        Ok(ResilientConnection::new(hub))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("uri", &redact(&self.uri))
            .field("connect_timeout", &self.connect_timeout)
            .field("heartbeat", &self.heartbeat)
            .field("base_backoff", &self.base_backoff)
            .field("max_backoff", &self.max_backoff)
            .field("failure_threshold", &self.failure_threshold)
            .field("open_for", &self.open_for)
            .field("pool", &self.pool)
            .field("channel_timeout", &self.channel_timeout)
            .field("topology", &self.topology)
            .field("topology_timeout", &self.topology_timeout)
            .field("on_channel", &self.on_channel)
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}
