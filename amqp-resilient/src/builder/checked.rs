//! The rules that a connection's settings must obey, and what becomes of settings that do.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::{Builder, Listed};
use crate::access::{Access, Endpoints, Order, understand};
use crate::blueprint::Blueprint;
use crate::config_error::{ConfigError, FieldError, Rules};
use crate::defaults;
use crate::endpoint::{Address, Overrides, redact};
use crate::pool::Limits;
use crate::topology::Plan;

/// What is needed once the connection is built.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) base_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) failure_threshold: u32,
    pub(crate) open_for: Duration,
    pub(crate) channel_timeout: Duration,
    pub(crate) topology_timeout: Duration,
    pub(crate) pool: Limits,
}

/// Settings that keep the rules, in the form in which they are used.
pub(super) struct Checked {
    pub(super) blueprint: Blueprint,
    pub(super) topology: Plan,
}

impl Builder {
    /// Whether the settings keep their rules, without connecting to anything: for a configuration that is
    /// looked at before it is used.
    ///
    /// # Errors
    /// [`ConfigError`] lists every setting that breaks its rule, as [`connect`](Self::connect) would.
    ///
    /// # Examples
    /// ```
    /// use steadfast_amqp::ResilientConnection;
    ///
    /// let builder = ResilientConnection::builder("orders").failure_threshold(0);
    /// let error = builder.check().unwrap_err();
    /// assert_eq!(error.fields()[0].field, "failure_threshold");
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        self.understood().map(drop)
    }

    /// The addresses and the topology, if all settings keep their rules.
    fn understood(&self) -> Result<(Vec<Address>, Plan), ConfigError> {
        let mut rules = Rules::default();
        rules.require(
            !self.name.is_empty(),
            "name",
            &self.name,
            "must not be empty",
        );
        let addresses = self.checked_addresses(&mut rules);
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
        rules.longer_than_zero("topology_timeout", self.topology_timeout);
        let topology = Plan::check(&self.topology, &mut rules);
        let fields = rules.into_fields();
        if fields.is_empty() {
            Ok((addresses, topology))
        } else {
            Err(self.broken(fields))
        }
    }

    pub(super) fn checked(&self) -> Result<Checked, ConfigError> {
        let (addresses, topology) = self.understood()?;
        let open_for = defaults::OPEN_FOR.min(self.max_backoff);
        let settings = Settings {
            base_backoff: self.base_backoff,
            max_backoff: self.max_backoff,
            failure_threshold: self.failure_threshold,
            open_for: self.open_for.unwrap_or(open_for),
            channel_timeout: self.channel_timeout,
            topology_timeout: self.topology_timeout,
            pool: self.pool,
        };
        let order = if self.shuffle {
            Order::Shuffled(rand::random())
        } else {
            Order::AsListed
        };
        let access = Access {
            name: Arc::clone(&self.name),
            endpoints: Mutex::new(Endpoints::new(order, addresses)),
            overrides: self.overrides(),
            resolver: self.resolver.clone(),
            provider: self.provider.clone(),
            connect_timeout: self.connect_timeout.unwrap_or(defaults::CONNECT_TIMEOUT),
            tls: self.tls.clone(),
        };
        let blueprint = Blueprint {
            settings,
            access,
            on_channel: self.on_channel.clone(),
            runtime: Handle::current(),
        };
        Ok(Checked {
            blueprint,
            topology,
        })
    }

    fn checked_addresses(&self, rules: &mut Rules) -> Vec<Address> {
        let uri = match &self.uris {
            Some(Listed::Many(uris)) => {
                let understood = understand("uris", uris, self.overrides());
                return understood.unwrap_or_else(|broken| {
                    rules.extend(broken);
                    Vec::new()
                });
            }
            Some(Listed::One(uri)) => uri,
            None if self.resolver.is_some() => return Vec::new(),
            None => defaults::URI,
        };
        match Address::parse(uri, self.overrides()) {
            Ok(address) => vec![address],
            Err(rule) => {
                rules.require(false, "uri", &redact(uri), rule);
                Vec::new()
            }
        }
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            connect_timeout: self.connect_timeout,
            heartbeat: self.heartbeat,
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

/// Stands in for a setting that was not given, when rules are checked.
const ONE_SECOND: Duration = Duration::from_secs(1);
