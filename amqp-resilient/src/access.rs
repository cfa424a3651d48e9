//! Where the broker is and who connects: what each attempt begins with.

mod endpoints;

use std::sync::Arc;
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use parking_lot::Mutex;

pub(crate) use self::endpoints::{Endpoints, Order};
use crate::asked::Asked;
use crate::clock;
use crate::config_error::{ConfigError, Rules};
use crate::credentials::{Credentials, Lease};
use crate::dial::Dialer;
use crate::endpoint::{Address, Endpoint, Overrides, redact};
use crate::error::AmqpError;
use crate::hook::HookFailure;

/// The endpoints, the code that names them and the code that says who connects.
pub(crate) struct Access {
    /// By which the broker lists the connection.
    pub(crate) name: Arc<str>,
    pub(crate) endpoints: Mutex<Endpoints>,
    pub(crate) overrides: Overrides,
    pub(crate) resolver: Option<Asked<Vec<String>>>,
    pub(crate) provider: Option<Asked<Credentials>>,
    /// How long resolver and provider may take, each.
    pub(crate) connect_timeout: Duration,
    pub(crate) tls: OwnedTLSConfig,
}

impl Access {
    /// The same for another connection, which goes its own way through the endpoints.
    pub(crate) fn for_connection(&self, name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            endpoints: Mutex::new(self.endpoints.lock().anew()),
            overrides: self.overrides,
            resolver: self.resolver.clone(),
            provider: self.provider.clone(),
            connect_timeout: self.connect_timeout,
            tls: self.tls.clone(),
        }
    }

    /// Asks the resolver, if there is one, for the endpoints. After a failure they are the ones from before.
    pub(crate) async fn resolve(&self) -> Option<Result<(), AmqpError>> {
        let resolver = self.resolver.as_ref()?;
        let answer = resolver.ask(clock::after(self.connect_timeout)).await;
        let understood = answer.and_then(|uris| {
            let addresses = understand("resolver", &uris, self.overrides);
            addresses.map_err(|rules| {
                let fields = rules.into_fields();
                let error = ConfigError::new("amqp connection", &self.name, fields);
                HookFailure::Failed(Arc::new(error))
            })
        });
        Some(match understood {
            Ok(addresses) => {
                self.endpoints.lock().replace(addresses);
                Ok(())
            }
            Err(failure) => Err(AmqpError::Resolver { failure }),
        })
    }

    /// Asks the provider, if there is one, who is to connect.
    pub(crate) async fn authorize(&self) -> Result<Option<Grant>, AmqpError> {
        let Some(provider) = &self.provider else {
            return Ok(None);
        };
        let asked_at = clock::now();
        let answer = provider.ask(clock::after(self.connect_timeout)).await;
        let credentials = answer.map_err(|failure| AmqpError::Credentials { failure })?;
        let lease = credentials.lease(asked_at);
        Ok(Some(Grant { credentials, lease }))
    }

    /// The endpoints in the order in which this attempt tries them.
    pub(crate) fn round(&self) -> Vec<Address> {
        self.endpoints.lock().round()
    }

    /// The endpoint that the next attempt tries first, as far as it is known.
    pub(crate) fn first(&self) -> Option<Endpoint> {
        self.endpoints.lock().first().cloned()
    }

    /// What connects to one of the endpoints, which thereby is the one tried last.
    pub(crate) fn dialer(&self, address: Address, grant: Option<&Grant>) -> Dialer {
        self.endpoints.lock().tried(&address);
        Dialer {
            address: match grant {
                Some(grant) => address.with_credentials(&grant.credentials),
                None => address,
            },
            client_name: self.name.to_string(),
            tls: self.tls.clone(),
        }
    }

    /// How long trying the endpoints may take, in one attempt. What a resolver names has a fixed time, as
    /// nobody knows how many there will be; those that it is too short for come first in the next attempt.
    pub(crate) fn round_time(&self) -> Duration {
        if self.resolver.is_some() {
            return self.connect_timeout.saturating_mul(RESOLVED_ROUND);
        }
        let endpoints = self.endpoints.lock();
        let times = endpoints.all().iter().map(|it| it.connect_timeout);
        times.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// How long one attempt may take: to ask for endpoints and credentials, and to try the endpoints.
    pub(crate) fn longest_attempt(&self) -> Duration {
        let asked = u32::from(self.resolver.is_some()) + u32::from(self.provider.is_some());
        let asking = self.connect_timeout.saturating_mul(asked);
        self.round_time().saturating_add(asking)
    }
}

/// Who connects, and until when.
pub(crate) struct Grant {
    pub(crate) credentials: Credentials,
    pub(crate) lease: Option<Lease>,
}

/// Understands every address of a list, or says which rule each of the bad ones breaks.
pub(crate) fn understand(
    field: &'static str,
    uris: &[String],
    overrides: Overrides,
) -> Result<Vec<Address>, Rules> {
    let mut rules = Rules::default();
    rules.require(
        !uris.is_empty(),
        field,
        &uris,
        "must name at least one address",
    );
    let mut addresses = Vec::with_capacity(uris.len());
    for (index, uri) in uris.iter().enumerate() {
        match Address::parse(uri, overrides) {
            Ok(address) => addresses.push(address),
            Err(rule) => {
                let shown = redact(uri);
                rules.require(false, field, &format_args!("[{index}] {shown:?}"), rule);
            }
        }
    }
    if rules.is_empty() {
        Ok(addresses)
    } else {
        Err(rules)
    }
}

/// How many connect timeouts an attempt has for endpoints that a resolver named.
const RESOLVED_ROUND: u32 = 3;
