//! Where the broker is, and who connects.

use super::{Builder, Listed};
use crate::asked::Asked;
use crate::credentials::Credentials;
use crate::hook::HookError;

impl Builder {
    /// Where the broker is and who connects: `amqp://user:password@host:port/vhost`, with special
    /// characters percent-encoded; the default vhost `/` is written `%2f`. Default:
    /// `amqp://guest:guest@localhost:5672/%2f`, as a fresh RabbitMQ has it.
    ///
    /// The query parameters `frame_max`, `channel_max`, `heartbeat` (seconds),
    /// `connection_timeout` (milliseconds) and `auth_mechanism` are understood. A host name with several
    /// addresses is one endpoint; its addresses share the connect timeout. Replaces [`uris`](Self::uris).
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uris = Some(Listed::One(uri.into()));
        self
    }

    /// The nodes of a cluster, one address each, as [`uri`](Self::uri) takes it; at least one. TLS, virtual
    /// host, user and timeouts may differ. The same node for the same user twice counts once. Replaces
    /// `uri`.
    ///
    /// One attempt to connect goes once through the list, until a node takes the connection. It begins with
    /// the one behind the one that was tried last, so that after a loss the other nodes come first, and each
    /// node has its own [`connect_timeout`](Self::connect_timeout). An attempt in which none took it is one
    /// failure, in the circuit breaker too, and a refusal only if every node refused. The list is
    /// [shuffled](Self::shuffle).
    ///
    /// # Examples
    /// ```
    /// use steadfast_amqp::ResilientConnection;
    ///
    /// let nodes = [1, 2, 3].map(|node| format!("amqp://app:secret@rabbit-{node}.internal/shop"));
    /// let builder = ResilientConnection::builder("orders").uris(nodes);
    /// # drop(builder);
    /// ```
    pub fn uris<U: Into<String>>(mut self, uris: impl IntoIterator<Item = U>) -> Self {
        self.uris = Some(Listed::Many(uris.into_iter().map(Into::into).collect()));
        self
    }

    /// Whether endpoints are tried in an order that is drawn at random when the connection is built, and
    /// kept. Default true: a thousand clients spread over the nodes. False takes them as they are listed,
    /// the first one first; after a loss it is still the one behind the lost one that is tried.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Code that names the endpoints, for a cluster whose nodes come and go: it is asked at the beginning of
    /// every attempt, and returns addresses as [`uris`](Self::uris) takes them. It may take as long as the
    /// [`connect_timeout`](Self::connect_timeout) given to the builder. Default: none.
    ///
    /// When it fails, panics, takes longer, or returns no address or one that is not understood, the
    /// endpoints stay as they were: those of its last good answer, or else those given with `uri` or `uris`.
    /// What went wrong is in [`Snapshot::resolver_error`](crate::Snapshot::resolver_error), and with no
    /// endpoints from before it fails the attempt, as [`AmqpError::Resolver`](crate::AmqpError::Resolver).
    ///
    /// The primary connection and the one for consuming ask by themselves. One attempt spends at most three
    /// connect timeouts on its endpoints, however many they are, and the next one goes on behind them. The
    /// code is dropped when the connection is.
    ///
    /// # Examples
    /// ```
    /// use steadfast_amqp::ResilientConnection;
    ///
    /// let builder = ResilientConnection::builder("orders").resolver(|| async {
    ///     let nodes = tokio::fs::read_to_string("/etc/orders/rabbitmq-nodes").await?;
    ///     Ok(nodes.lines().map(|host| format!("amqp://{host}/shop")).collect())
    /// });
    /// # drop(builder);
    /// ```
    pub fn resolver<C, F>(mut self, resolver: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<String>, HookError>> + Send + 'static,
    {
        self.resolver = Some(Asked::new(resolver));
        self
    }

    /// Code that says who connects, in place of what the addresses say: for passwords that are rotated, and
    /// for tokens. It is asked once at the beginning of every attempt, for all its endpoints, so a secret
    /// that was wrong is put right without a restart. It may take as long as the
    /// [`connect_timeout`](Self::connect_timeout) given to the builder. The primary connection and the one for
    /// consuming ask by themselves. Default: none.
    ///
    /// When it fails, panics or takes longer, the attempt has failed, as
    /// [`AmqpError::Credentials`](crate::AmqpError::Credentials), and is repeated with the usual backoff;
    /// no broker was asked. Its error is shown in messages: keep secrets out of it.
    ///
    /// # Refresh
    ///
    /// Credentials with [`valid_for`](Credentials::valid_for) are renewed while the connection is up. When
    /// four fifths of their life are over this code is asked again, and the broker is given the new secret
    /// (`connection.update-secret`), which it has to take within the
    /// [`channel_timeout`](Self::channel_timeout). A failure is repeated with backoff until the broker
    /// closes the connection, which then is made anew; so is one on a connection that is blocked, where
    /// nothing can be sent. Each outcome is told to
    /// [`Observer::secret_refreshed`](crate::Observer::secret_refreshed) and counted in the snapshot. The
    /// user of a connection cannot be changed: another one counts from the next attempt.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use steadfast_amqp::{Credentials, ResilientConnection};
    ///
    /// let builder = ResilientConnection::builder("orders").credentials(|| async {
    ///     let token = tokio::fs::read_to_string("/run/secrets/rabbitmq-token").await?;
    ///     Ok(Credentials::token(token.trim()).valid_for(Duration::from_secs(600)))
    /// });
    /// # drop(builder);
    /// ```
    pub fn credentials<C, F>(mut self, provider: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Credentials, HookError>> + Send + 'static,
    {
        self.provider = Some(Asked::new(provider));
        self
    }
}
