//! Building a connection: the settings, their defaults and the rules they must obey.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use steadfast_breaker::CircuitBreaker;
use steadfast_retry::{Jitter, Retry};
use tokio::runtime::Handle;

use crate::config_error::{ConfigError, FieldError, Rules};
use crate::connection::ResilientConnection;
use crate::defaults::{self, RESET_TIMEOUT, STABLE_AFTER};
use crate::dial::Dialer;
use crate::endpoint::{Address, redact};
use crate::error::AmqpError;
use crate::hook::{ChannelHook, HookFuture};
use crate::hub::{Hub, Parts};
use crate::observer::Observer;
use crate::pool::Limits;
use crate::purpose::Purpose;
use crate::supervisor::{BreakerMoved, Supervisor};

/// What is needed once the connection is built.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) connect_timeout: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) channel_timeout: Duration,
    pub(crate) pool: Limits,
}

impl Settings {
    /// From the end of one attempt to the end of the next.
    fn longest_attempt(&self) -> Duration {
        self.max_backoff.saturating_add(self.connect_timeout)
    }
}

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
    /// longer than zero. It bounds [`connect`](Self::connect) too. Default 10 s, or what the
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
    /// line, for the connection, and for the broker to open the channel. Longer than zero.
    /// Default 5 s.
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.pool.checkout_timeout = timeout;
        self
    }

    /// How long it may take to open one channel, and then for [`on_channel`](Self::on_channel) to set it
    /// up; longer than zero. Default 5 s.
    pub fn channel_timeout(mut self, timeout: Duration) -> Self {
        self.channel_timeout = timeout;
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
        let patience = self.checked()?.0.connect_timeout;
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
        let (settings, dialer, open_for) = self.checked()?;
        let breaker_moved = BreakerMoved::default();
        let breaker = CircuitBreaker::builder(Arc::clone(&self.name))
            .failure_threshold(self.failure_threshold)
            .success_threshold(1)
            .open_for(open_for)
            // Longer than the longest probe, and than the longest time between two failures.
            .half_open_max(settings.connect_timeout.saturating_add(2 * STABLE_AFTER))
            .reset_timeout(RESET_TIMEOUT.max(settings.longest_attempt().saturating_mul(2)))
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
            on_channel: self.on_channel,
            runtime: runtime.clone(),
        }));
        let supervisor = Supervisor {
            hub: Arc::clone(&hub),
            dialer,
            breaker_moved,
        };
        runtime.spawn(supervisor.run());
        Ok(ResilientConnection::new(hub))
    }

    fn checked(&self) -> Result<(Settings, Dialer, Duration), ConfigError> {
        let mut rules = Rules::default();
        rules.require(
            !self.name.is_empty(),
            "name",
            &self.name,
            "must not be empty",
        );
        let address = self.checked_address(&mut rules);
        rules.longer_than_zero(
            "connect_timeout",
            self.connect_timeout.unwrap_or(ONE_SECOND),
        );
        rules.require(
            self.heartbeat.is_none_or(is_heartbeat),
            "heartbeat",
            &self.heartbeat.unwrap_or_default(),
            "must be whole seconds from 1 to 65535",
        );
        rules.longer_than_zero("base_backoff", self.base_backoff);
        rules.require(
            self.max_backoff >= self.base_backoff,
            "max_backoff",
            &self.max_backoff,
            "must be at least base_backoff",
        );
        rules.require(
            self.failure_threshold > 0,
            "failure_threshold",
            &self.failure_threshold,
            "must be at least 1",
        );
        rules.longer_than_zero("open_for", self.open_for.unwrap_or(ONE_SECOND));
        self.pool.check("max_channels", &mut rules);
        rules.longer_than_zero("checkout_timeout", self.pool.checkout_timeout);
        rules.longer_than_zero("channel_timeout", self.channel_timeout);
        let fields = rules.into_fields();
        let Some(mut address) = address.filter(|_| fields.is_empty()) else {
            return Err(self.broken(fields));
        };

        let query = &mut address.uri.query;
        let said = query.connection_timeout.map(Duration::from_millis);
        let connect_timeout = self.connect_timeout.or(said);
        let heartbeat = self.heartbeat.unwrap_or(defaults::HEARTBEAT).as_secs();
        if self.heartbeat.is_some() || query.heartbeat.is_none() {
            query.heartbeat = u16::try_from(heartbeat).ok();
        }
        let settings = Settings {
            connect_timeout: connect_timeout.unwrap_or(defaults::CONNECT_TIMEOUT),
            max_backoff: self.max_backoff,
            channel_timeout: self.channel_timeout,
            pool: self.pool,
        };
        let dialer = Dialer {
            address,
            client_name: self.name.to_string(),
            tls: self.tls.clone(),
        };
        let open_for = self
            .open_for
            .unwrap_or(defaults::OPEN_FOR.min(self.max_backoff));
        Ok((settings, dialer, open_for))
    }

    fn checked_address(&self, rules: &mut Rules) -> Option<Address> {
        match Address::parse(&self.uri) {
            Ok(address) => {
                let query = &address.uri.query;
                rules.require(
                    query.heartbeat != Some(0),
                    "uri",
                    &"heartbeat=0",
                    "must not turn heartbeats off: without them a broker that hangs is not noticed",
                );
                rules.require(
                    query.connection_timeout != Some(0),
                    "uri",
                    &"connection_timeout=0",
                    "must have a connection_timeout longer than zero",
                );
                Some(address)
            }
            Err(rule) => {
                rules.require(false, "uri", &redact(&self.uri), rule);
                None
            }
        }
    }

    fn broken(&self, fields: Vec<FieldError>) -> ConfigError {
        ConfigError::new("amqp connection", &self.name, fields)
    }
}

impl Limits {
    pub(crate) fn check(&self, max_concurrent: &'static str, rules: &mut Rules) {
        rules.require(
            (1..=usize::from(u16::MAX)).contains(&self.max_concurrent),
            max_concurrent,
            &self.max_concurrent,
            "must be from 1 to 65535, as many channels as a connection can have",
        );
    }
}

fn is_heartbeat(interval: Duration) -> bool {
    interval.subsec_nanos() == 0 && (1..=u64::from(u16::MAX)).contains(&interval.as_secs())
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
            .field("on_channel", &self.on_channel)
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}

/// Stands in for a setting that was not given, when rules are checked.
const ONE_SECOND: Duration = Duration::from_secs(1);
