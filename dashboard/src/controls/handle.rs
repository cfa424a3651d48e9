//! What is registered, held weakly.

use std::fmt;

use steadfast_breaker::{CircuitBreaker, Mode, WeakCircuitBreaker};
use steadfast_bulkhead::{Bulkhead, WeakBulkhead};
use steadfast_health::{Monitor, WeakMonitor};
use steadfast_telemetry::Telemetry;

use super::action::Verb;
use crate::view::kinds;

/// One registered component.
#[derive(Clone)]
pub(crate) enum Handle {
    Breaker(WeakCircuitBreaker, String),
    Bulkhead(WeakBulkhead, String),
    Monitor(WeakMonitor),
    #[cfg(feature = "http")]
    HttpClient(steadfast_http::WeakClient, String),
    #[cfg(feature = "amqp")]
    Connection(steadfast_amqp::WeakResilientConnection),
}

impl Handle {
    pub(crate) fn breaker(breaker: &CircuitBreaker) -> Self {
        Self::Breaker(breaker.downgrade(), breaker.name().to_owned())
    }

    pub(crate) fn bulkhead(bulkhead: &Bulkhead) -> Self {
        Self::Bulkhead(bulkhead.downgrade(), bulkhead.name().to_owned())
    }

    pub(crate) fn monitor(monitor: &Monitor) -> Self {
        Self::Monitor(monitor.downgrade())
    }

    #[cfg(feature = "http")]
    pub(crate) fn http_client(client: &steadfast_http::Client) -> Self {
        Self::HttpClient(client.downgrade(), client.name().to_owned())
    }

    #[cfg(feature = "amqp")]
    pub(crate) fn connection(connection: &steadfast_amqp::ResilientConnection) -> Self {
        Self::Connection(connection.downgrade())
    }

    pub(crate) fn watched_by(&self, telemetry: &Telemetry) {
        match self {
            Self::Breaker(breaker, _) => {
                if let Some(breaker) = breaker.upgrade() {
                    telemetry.watch(&breaker);
                }
            }
            Self::Bulkhead(bulkhead, _) => {
                if let Some(bulkhead) = bulkhead.upgrade() {
                    telemetry.watch(&bulkhead);
                }
            }
            // The dashboard reads it itself.
            Self::Monitor(_) => {}
            #[cfg(feature = "http")]
            Self::HttpClient(client, _) => {
                if let Some(client) = client.upgrade() {
                    telemetry.watch(&client);
                }
            }
            #[cfg(feature = "amqp")]
            Self::Connection(connection) => {
                if let Some(connection) = connection.upgrade() {
                    telemetry.watch(&connection);
                }
            }
        }
    }

    /// The name of the one component that it is.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Breaker(_, name) | Self::Bulkhead(_, name) => Some(name),
            Self::Monitor(_) => None,
            #[cfg(feature = "http")]
            Self::HttpClient(..) => None,
            #[cfg(feature = "amqp")]
            Self::Connection(_) => None,
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        match self {
            Self::Breaker(breaker, _) => breaker.upgrade().is_some(),
            Self::Bulkhead(bulkhead, _) => bulkhead.upgrade().is_some(),
            Self::Monitor(monitor) => monitor.upgrade().is_some(),
            #[cfg(feature = "http")]
            Self::HttpClient(client, _) => client.upgrade().is_some(),
            #[cfg(feature = "amqp")]
            Self::Connection(connection) => connection.upgrade().is_some(),
        }
    }

    /// Whether both are of one component.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Breaker(one, _), Self::Breaker(other, _)) => one.ptr_eq(other),
            (Self::Bulkhead(one, _), Self::Bulkhead(other, _)) => one.ptr_eq(other),
            (Self::Monitor(one), Self::Monitor(other)) => one.ptr_eq(other),
            #[cfg(feature = "http")]
            (Self::HttpClient(one, _), Self::HttpClient(other, _)) => one.ptr_eq(other),
            #[cfg(feature = "amqp")]
            (Self::Connection(one), Self::Connection(other)) => one.ptr_eq(other),
            _ => false,
        }
    }

    /// Whether what it stands for is shown, given the monitor whose checks are.
    pub(crate) fn has_rows(&self, shown: Option<&Monitor>) -> bool {
        match self {
            Self::Monitor(monitor) => shown.is_some_and(|shown| shown.downgrade().ptr_eq(monitor)),
            _ => true,
        }
    }

    /// The handle of the component that this row is of, if this one is or has it.
    pub(crate) fn for_row(&self, kind: &str, name: &str) -> Option<Self> {
        match self {
            Self::Breaker(breaker, own) => {
                let fits = kind == kinds::BREAKER && name == own && breaker.upgrade().is_some();
                fits.then(|| self.clone())
            }
            Self::Bulkhead(bulkhead, own) => {
                let fits = kind == kinds::BULKHEAD && name == own && bulkhead.upgrade().is_some();
                fits.then(|| self.clone())
            }
            Self::Monitor(monitor) => {
                let fits = kind == kinds::HEALTH_CHECK && monitor.upgrade().is_some();
                fits.then(|| self.clone())
            }
            #[cfg(feature = "http")]
            Self::HttpClient(client, own) => {
                let authority = name.strip_prefix(own.as_str())?.strip_prefix('/')?;
                if kind != kinds::BREAKER {
                    return None;
                }
                let breaker = client.upgrade()?.breaker(authority)?;
                Some(Self::breaker(&breaker))
            }
            // The one for consuming has a row of its own.
            #[cfg(feature = "amqp")]
            Self::Connection(connection) => {
                let connection = connection.upgrade().filter(|_| kind == kinds::AMQP)?;
                Some(Self::connection(&connection.named(name)?))
            }
        }
    }

    /// What it would take now.
    pub(crate) fn verbs(&self) -> Vec<Verb> {
        match self {
            Self::Breaker(breaker, _) => {
                let automatic = breaker
                    .upgrade()
                    .is_none_or(|breaker| breaker.mode() == Mode::Automatic);
                let mut verbs = vec![Verb::ForceOpen, Verb::ForceClosed, Verb::Disable];
                if !automatic {
                    verbs.push(Verb::Automatic);
                }
                verbs.push(Verb::Reset);
                verbs
            }
            Self::Bulkhead(bulkhead, _) => {
                let closed = bulkhead
                    .upgrade()
                    .is_none_or(|bulkhead| bulkhead.snapshot().closed);
                if closed {
                    Vec::new()
                } else {
                    vec![Verb::SetLimit]
                }
            }
            Self::Monitor(_) => vec![Verb::CheckNow],
            #[cfg(feature = "http")]
            Self::HttpClient(..) => Vec::new(),
            #[cfg(feature = "amqp")]
            Self::Connection(connection) => {
                use steadfast_amqp::ConnectionState::{Closed, Draining};
                let state = connection.upgrade().map(|connection| connection.state());
                match state {
                    None | Some(Closed | Draining) => Vec::new(),
                    Some(_) => vec![Verb::Reconnect],
                }
            }
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breaker(_, name) => f.debug_tuple("Breaker").field(name).finish(),
            Self::Bulkhead(_, name) => f.debug_tuple("Bulkhead").field(name).finish(),
            Self::Monitor(_) => f.debug_tuple("Monitor").finish(),
            #[cfg(feature = "http")]
            Self::HttpClient(_, name) => f.debug_tuple("HttpClient").field(name).finish(),
            #[cfg(feature = "amqp")]
            Self::Connection(_) => f.debug_tuple("Connection").finish(),
        }
    }
}
