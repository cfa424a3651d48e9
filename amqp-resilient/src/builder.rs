//! Building a connection: the settings, their defaults and the rules they must obey.

mod channels;
mod checked;
mod connecting;
mod endpoints;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;

use self::checked::Checked;
pub(crate) use self::checked::Settings;
use crate::asked::Asked;
use crate::config_error::ConfigError;
use crate::connection::ResilientConnection;
use crate::credentials::Credentials;
use crate::defaults;
use crate::endpoint::redact;
use crate::error::AmqpError;
use crate::hook::ChannelHook;
use crate::observer::Observer;
use crate::pair::Pair;
use crate::pool::Limits;
use crate::topology::Topology;

/// Settings of a [`ResilientConnection`] to be; made by [`ResilientConnection::builder`].
#[must_use = "a builder does nothing until `connect` or `connect_lazy` is called"]
pub struct Builder {
    name: Arc<str>,
    /// `None`: the default, unless there is a resolver.
    uris: Option<Listed>,
    shuffle: bool,
    resolver: Option<Asked<Vec<String>>>,
    provider: Option<Asked<Credentials>>,
    one_connection: bool,
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

/// Addresses, by the setting that they were given with.
enum Listed {
    One(String),
    Many(Vec<String>),
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            uris: None,
            shuffle: defaults::SHUFFLE,
            resolver: None,
            provider: None,
            one_connection: defaults::ONE_CONNECTION,
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

    /// Adds an observer of changes of state, of both connections; may be called more than once.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Begins to connect, and waits for the first connection; and for the one for consuming too, if the
    /// topology has queues of its own for it.
    ///
    /// # Errors
    /// [`AmqpError::Config`] lists every setting that breaks its rule. [`AmqpError::Refused`] comes
    /// at once when the broker says no. Anything else comes after as long as one attempt may take: the
    /// [`connect_timeout`](Self::connect_timeout) of each endpoint (three of them with a
    /// [`resolver`](Self::resolver)), one more for a resolver and one for
    /// [`credentials`](Self::credentials), and the [`topology_timeout`](Self::topology_timeout) if there is a
    /// topology. It is the error of the last attempt. With an error nothing goes on in the background; use
    /// [`connect_lazy`](Self::connect_lazy) to start without the broker.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt and leaves nothing behind.
    pub async fn connect(self) -> Result<ResilientConnection, AmqpError> {
        let checked = self.checked()?;
        let patience = checked.blueprint.longest_attempt(&checked.topology);
        let connection = self.start(checked);
        // So that an attempt that takes the whole of its time comes to its own end.
        let patience = patience.saturating_add(SLACK);
        connection.wait_all_connected(patience).await?;
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
        Ok(self.start(checked))
    }

    fn start(self, checked: Checked) -> ResilientConnection {
        let Checked {
            blueprint,
            topology,
        } = checked;
        let one_connection = self.one_connection;
        let pair = Pair::new(
            self.name,
            blueprint,
            topology,
            self.observers,
            one_connection,
        );
        ResilientConnection::new(pair)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("uris", &self.uris)
            .field("shuffle", &self.shuffle)
            .field("resolver", &self.resolver)
            .field("credentials", &self.provider)
            .field("one_connection", &self.one_connection)
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

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uris = match self {
            Self::One(uri) => std::slice::from_ref(uri),
            Self::Many(uris) => uris,
        };
        f.debug_list()
            .entries(uris.iter().map(|uri| redact(uri)))
            .finish()
    }
}

/// For what an attempt does besides waiting.
const SLACK: Duration = Duration::from_millis(100);
