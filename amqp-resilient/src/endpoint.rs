//! Where the broker is: parsing an AMQP address, and showing it without its password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};

use crate::credentials::Credentials;
use crate::defaults;

/// A broker's address, without the credentials: safe to log. Cheap to clone.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast_amqp::ResilientConnection;
///
/// let connection = ResilientConnection::builder("orders")
///     .uri("amqp://app:secret@broker.internal:5673/shop")
///     .connect_lazy()?;
/// let endpoint = connection.endpoint().ok_or("only a resolver knows")?;
/// assert_eq!(endpoint.to_string(), "amqp://broker.internal:5673/shop");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Arc<Parts>);

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    host: String,
    port: u16,
    tls: bool,
    vhost: String,
}

impl Endpoint {
    /// The host name or IP address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The port; 5672 or, with TLS, 5671 unless the address says otherwise.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Whether the address asks for TLS (`amqps`).
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.tls
    }

    /// The virtual host.
    #[must_use]
    pub fn vhost(&self) -> &str {
        &self.0.vhost
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            host,
            port,
            tls,
            vhost,
        } = &*self.0;
        let scheme = if *tls { "amqps" } else { "amqp" };
        let vhost = vhost.replace('%', "%25").replace('/', "%2f");
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}/{vhost}")
        } else {
            write!(f, "{scheme}://{host}:{port}/{vhost}")
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// An address that was understood: what lapin needs (with the credentials), and what may be shown.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) uri: AMQPUri,
    pub(crate) endpoint: Endpoint,
    /// How long connecting to it may take.
    pub(crate) connect_timeout: Duration,
}

/// What the builder says of every address, whatever the address says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overrides {
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
}

impl Address {
    /// Understands an address, or says which rule it breaks.
    pub(crate) fn parse(text: &str, overrides: Overrides) -> Result<Self, &'static str> {
        let mut uri: AMQPUri = text.parse().map_err(|_| NOT_AN_ADDRESS)?;
        if let Some(address) = ipv6_host(text) {
            // lapin's parser does not know IPv6 literals and falls back to "localhost".
            uri.authority.host = address?;
        }
        if query_keys(text).any(|key| !KNOWN_KEYS.contains(&key)) {
            return Err(UNKNOWN_KEY);
        }
        if uri.scheme == AMQPScheme::AMQPS && !TLS_IS_BUILT_IN {
            // lapin would connect in plain text, and send the password with it.
            return Err(NO_TLS);
        }
        if uri.vhost.len() > u8::MAX.into() {
            return Err(LONG_VHOST);
        }
        let query = &mut uri.query;
        if query.heartbeat == Some(0) {
            return Err(NO_HEARTBEAT);
        }
        if query.connection_timeout == Some(0) {
            return Err(NO_TIME);
        }
        let said = query.connection_timeout.map(Duration::from_millis);
        let connect_timeout = overrides.connect_timeout.or(said);
        let heartbeat = overrides.heartbeat.unwrap_or(defaults::HEARTBEAT).as_secs();
        if overrides.heartbeat.is_some() || query.heartbeat.is_none() {
            query.heartbeat = u16::try_from(heartbeat).ok();
        }
        let endpoint = Endpoint(Arc::new(Parts {
            host: uri.authority.host.clone(),
            port: uri.authority.port,
            tls: uri.scheme == AMQPScheme::AMQPS,
            vhost: uri.vhost.clone(),
        }));
        Ok(Self {
            uri,
            endpoint,
            connect_timeout: connect_timeout.unwrap_or(defaults::CONNECT_TIMEOUT),
        })
    }

    /// The same place, for somebody else.
    pub(crate) fn with_credentials(mut self, credentials: &Credentials) -> Self {
        let info = &mut self.uri.authority.userinfo;
        info.username.clone_from(&credentials.user);
        info.password.clone_from(&credentials.secret);
        self
    }

    /// Where it is, and for whom: what makes it another address than others.
    pub(crate) fn identity(&self) -> (&Endpoint, &str) {
        (&self.endpoint, &self.uri.authority.userinfo.username)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// What may be shown of an address that was not understood, in which anything may be the password:
/// scheme, and host and port where they stand beyond doubt.
pub(crate) fn redact(text: &str) -> String {
    let Some((scheme @ ("amqp" | "amqps"), _)) = text.split_once("://") else {
        return "***".to_owned();
    };
    // After a `?` or `#` the `@` may be one of a query, and what follows it a secret.
    let Some((_, after)) = text
        .rsplit_once('@')
        .filter(|(before, _)| !before.contains(['?', '#']))
    else {
        return format!("{scheme}://***");
    };
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            (host, format!(":{port}"))
        }
        Some((host, _)) => (host, String::new()),
        None => (authority, String::new()),
    };
    format!("{scheme}://***@{host}{port}")
}

fn ipv6_host(text: &str) -> Option<Result<String, &'static str>> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.strip_prefix('[')?;
    let (literal, _) = host.split_once(']')?;
    Some(match literal.parse::<std::net::Ipv6Addr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(NOT_AN_ADDRESS),
    })
}

fn query_keys(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split('#').next().unwrap_or_default();
    let query = text.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split('=').next().unwrap_or_default())
}

const TLS_IS_BUILT_IN: bool = cfg!(any(
    feature = "rustls",
    feature = "native-tls",
    feature = "openssl"
));

const KNOWN_KEYS: [&str; 5] = [
    "frame_max",
    "channel_max",
    "heartbeat",
    "connection_timeout",
    "auth_mechanism",
];

const NOT_AN_ADDRESS: &str = "must be an address such as amqp://user:password@host:5672/vhost, with special characters percent-encoded";
const UNKNOWN_KEY: &str = "must have no query parameters but frame_max, channel_max, heartbeat, \
     connection_timeout and auth_mechanism";
const NO_TLS: &str =
    "must be amqp:// unless one of the features rustls, native-tls and openssl is on";
const LONG_VHOST: &str = "must have a virtual host of at most 255 bytes";
const NO_HEARTBEAT: &str =
    "must not turn heartbeats off: without them a broker that hangs is not noticed";
const NO_TIME: &str = "must have a connection_timeout longer than zero";

#[cfg(test)]
pub(crate) fn test_address(text: &str) -> Address {
    let overrides = Overrides {
        connect_timeout: None,
        heartbeat: None,
    };
    Address::parse(text, overrides).unwrap()
}
