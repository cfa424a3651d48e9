//! The connection's state machine: what is known of the connection, and how each event changes it.
//! It does nothing by itself and takes the time as an argument.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::close::CloseReport;
use crate::endpoint::Endpoint;
use crate::error::AmqpError;
use crate::snapshot::Totals;
use crate::state::{ConnectionState, Epoch};
use crate::topology::TopologyReport;

/// `S` is the live connection.
#[derive(Debug)]
pub(crate) struct Link<S> {
    state: ConnectionState,
    entered: Instant,
    session: Option<Arc<S>>,
    /// Of the session, of the attempt under way, or of the last of either.
    endpoint: Option<Endpoint>,
    resolver_error: Option<Arc<AmqpError>>,
    /// When the session's secret runs out, and why the last one to replace it was not taken.
    secret_until: Option<Instant>,
    secret_error: Option<Arc<AmqpError>>,
    epoch: u64,
    down_since: Option<Instant>,
    retry_at: Option<Instant>,
    last_error: Option<Arc<AmqpError>>,
    topology: Option<Arc<TopologyReport>>,
    report: Option<CloseReport>,
    totals: Totals,
}

/// What happened to the connection.
#[derive(Debug)]
pub(crate) enum Event<S> {
    AttemptBegan {
        attempt: u32,
        /// The one that is tried first, as far as it is known.
        endpoint: Option<Endpoint>,
    },
    /// The resolver was asked.
    Resolved {
        error: Option<Arc<AmqpError>>,
    },
    /// An endpoint is tried.
    Dialing {
        endpoint: Endpoint,
    },
    /// It took the connection, with a secret that is good until then.
    Dialed {
        secret_until: Option<Instant>,
    },
    AttemptFailed {
        error: Arc<AmqpError>,
    },
    Connected {
        session: Arc<S>,
        /// What came of declaring the topology, if there is one.
        topology: Option<Arc<TopologyReport>>,
    },
    Lost {
        error: Arc<AmqpError>,
    },
    /// The attempt that has just begun was asked for.
    ReconnectBegan,
    RetryPlanned {
        at: Instant,
    },
    Blocked {
        reason: String,
    },
    Unblocked,
    SecretRefreshed {
        secret_until: Option<Instant>,
    },
    RefreshFailed {
        error: Arc<AmqpError>,
    },
    Draining,
    Closed {
        report: CloseReport,
    },
}

impl<S> Link<S> {
    pub(crate) fn new(endpoint: Option<Endpoint>, now: Instant) -> Self {
        Self {
            state: ConnectionState::Disconnected,
            entered: now,
            session: None,
            endpoint,
            resolver_error: None,
            secret_until: None,
            secret_error: None,
            epoch: 0,
            down_since: Some(now),
            retry_at: None,
            last_error: None,
            topology: None,
            report: None,
            totals: Totals::default(),
        }
    }

    /// Takes in an event; returns the session it ended, if any, and whether the state changed.
    ///
    /// A closed connection takes in nothing. A draining one is only lost or closed.
    pub(crate) fn apply(&mut self, event: Event<S>, now: Instant) -> Applied<S> {
        let draining = matches!(self.state, ConnectionState::Draining);
        let mut ended = None;
        let next = match event {
            _ if self.state.is_closed() => None,
            Event::Closed { report } => {
                ended = self.session.take();
                self.down_since.get_or_insert(now);
                self.retry_at = None;
                self.forget_secret();
                self.report = Some(report);
                Some(ConnectionState::Closed)
            }
            Event::Lost { error } => {
                ended = self.session.take();
                // One that was ended on purpose is not lost.
                let on_purpose = matches!(*error, AmqpError::Reconnect { .. });
                if ended.is_some() && !on_purpose {
                    self.totals.lost += 1;
                }
                self.down_since.get_or_insert(now);
                self.last_error = Some(error);
                self.forget_secret();
                (!draining).then_some(ConnectionState::Disconnected)
            }
            _ if draining => None,
            Event::AttemptBegan { attempt, endpoint } => {
                self.totals.attempts += 1;
                self.retry_at = None;
                self.endpoint = endpoint.or(self.endpoint.take());
                Some(ConnectionState::Connecting { attempt })
            }
            Event::Resolved { error } => {
                self.resolver_error = error;
                None
            }
            Event::Dialing { endpoint } => {
                self.endpoint = Some(endpoint);
                None
            }
            Event::Dialed { secret_until } => {
                self.secret_until = secret_until;
                self.secret_error = None;
                None
            }
            Event::SecretRefreshed { secret_until } => {
                self.totals.secrets_refreshed += 1;
                self.secret_until = secret_until;
                self.secret_error = None;
                None
            }
            Event::RefreshFailed { error } => {
                self.totals.refreshes_failed += 1;
                self.secret_error = Some(error);
                None
            }
            Event::AttemptFailed { error } => {
                let state = match *error {
                    AmqpError::Refused { kind, .. } => {
                        self.totals.refused += 1;
                        ConnectionState::Refused { kind }
                    }
                    _ => ConnectionState::Disconnected,
                };
                self.totals.failed += 1;
                self.last_error = Some(error);
                // There may have been one: the handshake is not the end of an attempt.
                self.forget_secret();
                Some(state)
            }
            Event::Connected { session, topology } => {
                self.totals.connected += 1;
                self.epoch += 1;
                ended = self.session.replace(session);
                self.topology = topology;
                self.down_since = None;
                self.retry_at = None;
                Some(self.up())
            }
            Event::ReconnectBegan => {
                self.totals.reconnects_asked += 1;
                None
            }
            Event::RetryPlanned { at } => {
                self.retry_at = Some(at);
                None
            }
            Event::Blocked { reason } => self.session.is_some().then(|| {
                self.totals.blocked += u64::from(!self.state.is_blocked());
                ConnectionState::Blocked {
                    epoch: Epoch::new(self.epoch),
                    reason,
                }
            }),
            Event::Unblocked => self.state.is_blocked().then(|| self.up()),
            Event::Draining => Some(ConnectionState::Draining),
        };
        let from = next
            .filter(|next| *next != self.state)
            .map(|next| std::mem::replace(&mut self.state, next));
        if from.is_some() {
            self.entered = now;
        }
        Applied { from, ended }
    }

    fn forget_secret(&mut self) {
        self.secret_until = None;
        self.secret_error = None;
    }

    fn up(&self) -> ConnectionState {
        ConnectionState::Connected {
            epoch: Epoch::new(self.epoch),
        }
    }

    pub(crate) fn state(&self) -> &ConnectionState {
        &self.state
    }

    pub(crate) fn session(&self) -> Option<&Arc<S>> {
        self.session.as_ref()
    }

    /// The epoch that the next connection will have.
    pub(crate) fn next_epoch(&self) -> Epoch {
        Epoch::new(self.epoch + 1)
    }

    pub(crate) fn in_state_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.entered)
    }

    pub(crate) fn down_for(&self, now: Instant) -> Duration {
        self.down_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    pub(crate) fn retry_in(&self, now: Instant) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_duration_since(now))
    }

    /// Whether it is down and waits for the next attempt, of which it is known when it is.
    pub(crate) fn is_waiting(&self) -> bool {
        self.session.is_none() && self.retry_at.is_some()
    }

    /// Whether it could be made anew: it is not being made just now, and not being closed.
    pub(crate) fn may_reconnect(&self) -> bool {
        !matches!(
            self.state,
            ConnectionState::Connecting { .. }
                | ConnectionState::Draining
                | ConnectionState::Closed
        )
    }

    pub(crate) fn last_error(&self) -> Option<&Arc<AmqpError>> {
        self.last_error.as_ref()
    }

    /// Every error that it has.
    pub(crate) fn errors(&self) -> [Option<Arc<AmqpError>>; 3] {
        [&self.last_error, &self.resolver_error, &self.secret_error].map(Clone::clone)
    }

    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    pub(crate) fn resolver_error(&self) -> Option<&Arc<AmqpError>> {
        self.resolver_error.as_ref()
    }

    pub(crate) fn secret_expires_in(&self, now: Instant) -> Option<Duration> {
        self.secret_until
            .map(|until| until.saturating_duration_since(now))
    }

    pub(crate) fn secret_error(&self) -> Option<&Arc<AmqpError>> {
        self.secret_error.as_ref()
    }

    /// What came of declaring the topology on the present connection, or on the last one.
    pub(crate) fn topology(&self) -> Option<&Arc<TopologyReport>> {
        self.topology.as_ref()
    }

    /// The name that a server-named queue has on the present connection.
    pub(crate) fn queue_name(&self, label: &str) -> Option<&String> {
        let topology = self.topology.as_ref().filter(|_| self.session.is_some())?;
        topology.queue_names.get(label)
    }

    pub(crate) fn report(&self) -> Option<CloseReport> {
        self.report
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }
}

/// What an event did.
#[derive(Debug)]
pub(crate) struct Applied<S> {
    /// The state that was left, if the state changed.
    pub(crate) from: Option<ConnectionState>,
    /// The session that ended. To be dropped outside of any lock.
    pub(crate) ended: Option<Arc<S>>,
}

#[cfg(test)]
mod tests;
