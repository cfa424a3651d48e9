//! What the handles, the pools and the supervisor of one connection share.

mod closing;
mod reconnecting;

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Mode, State as BreakerState};
use steadfast_retry::Retry;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::builder::Settings;
use crate::clock;
use crate::endpoint::Endpoint;
use crate::error::AmqpError;
use crate::hook::ChannelHook;
use crate::link::{Event, Link};
use crate::observer::{Observer, Observers, StateChange};
use crate::pools::Pools;
use crate::publish_totals::PublishCounters;
use crate::session::Session;
use crate::state::ConnectionState;
use crate::topology::Plan;

pub(crate) struct Hub {
    pub(crate) name: Arc<str>,
    pub(crate) settings: Settings,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) retry: Retry,
    pub(crate) pools: Pools,
    pub(crate) observers: Observers,
    pub(crate) publishes: PublishCounters,
    /// Declared after every connect.
    pub(crate) topology: Plan,
    pub(crate) on_channel: Option<ChannelHook>,
    link: watch::Sender<Link<Session>>,
    states: watch::Sender<ConnectionState>,
    intent: watch::Sender<Intent>,
    /// Why the connection is to be made anew, until an attempt to do so has begun.
    asked: watch::Sender<Option<Arc<str>>>,
}

/// What a hub is made of.
pub(crate) struct Parts {
    pub(crate) name: Arc<str>,
    /// The one that is tried first, as far as it is known.
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) settings: Settings,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) retry: Retry,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) topology: Plan,
    pub(crate) on_channel: Option<ChannelHook>,
    pub(crate) runtime: Handle,
}

/// What the program wants of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Run,
    /// Close; what is in flight may finish until then.
    Drain(Instant),
    /// Close; nobody is left who could have anything in flight.
    Abandon,
}

/// What a caller who finds the connection down does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Waits while there is a fair chance, and fails at once when the breaker says there is none. To try
    /// again is no fair chance: a broker that hangs takes as long as the connect timeout to be found out.
    UntilBreakerOpens,
    /// Waits until its deadline.
    UntilDeadline,
    /// As before, and goes on with the connection that there is while it is being drained.
    InFlight,
}

impl Hub {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            name,
            endpoint,
            settings,
            breaker,
            retry,
            observers,
            topology,
            on_channel,
            runtime,
        } = parts;
        Self {
            pools: Pools::new(&settings, runtime),
            name,
            settings,
            breaker,
            retry,
            observers: Observers::new(observers),
            publishes: PublishCounters::default(),
            topology,
            on_channel,
            link: watch::Sender::new(Link::new(endpoint, clock::now())),
            states: watch::Sender::new(ConnectionState::Disconnected),
            intent: watch::Sender::new(Intent::Run),
            asked: watch::Sender::new(None),
        }
    }

    /// Takes in an event. Only the supervisor calls this, so that changes are told in their order.
    pub(crate) fn apply(&self, event: Event<Session>) {
        let now = clock::now();
        // They may hold errors of somebody else's, which are not to be dropped under the lock.
        let _errors = self.read(Link::errors);
        let mut applied = None;
        self.link
            .send_modify(|link| applied = Some(link.apply(event, now)));
        let Some(applied) = applied else { return };
        if let Some(session) = applied.ended {
            session.cut();
            self.pools.forget_idle();
        }
        let Some(from) = applied.from else { return };
        let (to, error) = {
            let link = self.link.borrow();
            (link.state().clone(), link.last_error().cloned())
        };
        self.states.send_replace(to.clone());
        let down = to.epoch().is_none() && !matches!(to, ConnectionState::Connecting { .. });
        let change = StateChange {
            name: Arc::clone(&self.name),
            from,
            to,
            error: error.filter(|_| down),
        };
        #[cfg(feature = "telemetry")]
        crate::telemetry::push(self, &change);
        self.observers
            .tell(|observer| observer.state_changed(&change));
    }

    /// Reads the link. The closure must be short: it holds the lock.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Link<Session>) -> T) -> T {
        read(&self.link.borrow())
    }

    pub(crate) fn watch_link(&self) -> watch::Receiver<Link<Session>> {
        self.link.subscribe()
    }

    pub(crate) fn watch_states(&self) -> watch::Receiver<ConnectionState> {
        self.states.subscribe()
    }

    /// Asks the supervisor to end. An intent once stated is only ever made stronger.
    pub(crate) fn intend(&self, intent: Intent) {
        self.intent.send_if_modified(|current| {
            let stronger = match (*current, intent) {
                (Intent::Run, _) | (Intent::Drain(_), Intent::Abandon) => true,
                (Intent::Drain(now), Intent::Drain(new)) => new < now,
                (Intent::Drain(_), Intent::Run) | (Intent::Abandon, _) => false,
            };
            if stronger {
                *current = intent;
            }
            stronger
        });
    }

    pub(crate) fn intent(&self) -> Intent {
        *self.intent.borrow()
    }

    pub(crate) fn watch_intent(&self) -> watch::Receiver<Intent> {
        self.intent.subscribe()
    }

    /// A connection that is up and not blocked, waited for until the deadline.
    pub(crate) async fn session(
        &self,
        deadline: Instant,
        patience: Patience,
    ) -> Result<Arc<Session>, AmqpError> {
        if let Some(session) = self.usable(patience) {
            return Ok(session);
        }
        let mut link = self.link.subscribe();
        loop {
            let now = clock::now();
            let standing = self.judge(&link.borrow_and_update(), patience, now);
            let look_again = match standing {
                Standing::Up(session) => return Ok(session),
                Standing::Hopeless(error) => return Err(error),
                Standing::Wait => deadline,
                Standing::Down { retry_in, last } => match self.circuit_open(retry_in, last) {
                    Some(error) => return Err(error),
                    None => deadline,
                },
                Standing::Unsettled => deadline.min(now + UNSETTLED),
            };
            let news = timeout_at(look_again, link.changed()).await;
            if news.is_err() && look_again >= deadline {
                return Err(self.gave_up_waiting());
            }
        }
    }

    /// Waits until the connection is down or blocked, and tells how it is.
    pub(crate) async fn unusable(&self) -> AmqpError {
        let mut link = self.link.subscribe();
        loop {
            if let Err(error) = self.session(clock::now(), Patience::InFlight).await {
                return error;
            }
            // There is always somebody to tell of changes: this hub.
            let _ = link.changed().await;
        }
    }

    /// Whether the connection is up and not blocked, at this moment.
    pub(crate) fn is_usable(&self) -> bool {
        self.read(|link| link.session().is_some_and(|session| session.is_usable()))
    }

    /// The connection, if it is up and not blocked: the look that costs next to nothing.
    fn usable(&self, patience: Patience) -> Option<Arc<Session>> {
        let link = self.link.borrow();
        let fits = match link.state() {
            ConnectionState::Connected { .. } => true,
            ConnectionState::Draining => patience == Patience::InFlight,
            _ => false,
        };
        let session = link.session().filter(|_| fits)?;
        session.is_usable().then(|| Arc::clone(session))
    }

    fn judge(&self, link: &Link<Session>, patience: Patience, now: Instant) -> Standing {
        match link.state() {
            ConnectionState::Connected { .. } => match link.session() {
                Some(session) if session.is_usable() => Standing::Up(Arc::clone(session)),
                _ => Standing::Unsettled,
            },
            ConnectionState::Draining if patience == Patience::InFlight => match link.session() {
                Some(session) if session.is_usable() => Standing::Up(Arc::clone(session)),
                Some(session) if session.is_up() => Standing::Unsettled,
                _ => Standing::Hopeless(AmqpError::Closed),
            },
            ConnectionState::Draining | ConnectionState::Closed => {
                Standing::Hopeless(AmqpError::Closed)
            }
            ConnectionState::Refused { .. } => match link.last_error().map(|error| &**error) {
                Some(error @ AmqpError::Refused { .. }) => Standing::Hopeless(error.clone()),
                _ => Standing::Wait,
            },
            ConnectionState::Disconnected | ConnectionState::Connecting { .. }
                if patience == Patience::UntilBreakerOpens =>
            {
                Standing::Down {
                    retry_in: link.retry_in(now),
                    last: link.last_error().cloned(),
                }
            }
            ConnectionState::Disconnected
            | ConnectionState::Connecting { .. }
            | ConnectionState::Blocked { .. } => Standing::Wait,
        }
    }

    /// The error of a caller who finds the connection down, if the breaker says that there is no chance.
    /// In shadow mode it only says so. A look at the breaker may run its observers: hold no lock.
    fn circuit_open(
        &self,
        retry_in: Option<Duration>,
        last: Option<Arc<AmqpError>>,
    ) -> Option<AmqpError> {
        if self.breaker.state() == BreakerState::Closed {
            return None;
        }
        let breaker = self.breaker.snapshot();
        let rejects = breaker.state != BreakerState::Closed && breaker.mode != Mode::Shadow;
        // While an attempt is under way nobody knows when the next one is.
        let unknown = self.settings.base_backoff;
        rejects.then(|| AmqpError::CircuitOpen {
            retry_after: retry_in.max(breaker.retry_after).unwrap_or(unknown),
            last,
        })
    }

    /// The error of a caller whose wait for the connection has come to its end.
    pub(crate) fn gave_up_waiting(&self) -> AmqpError {
        let now = clock::now();
        let link = self.link.borrow();
        match link.state() {
            ConnectionState::Blocked { reason, .. } => AmqpError::Blocked {
                reason: reason.clone(),
                since: link.in_state_for(now),
            },
            _ if link.session().is_some_and(|session| session.is_blocked()) => AmqpError::Blocked {
                reason: String::new(),
                since: Duration::ZERO,
            },
            _ => AmqpError::Disconnected {
                since: link.down_for(now),
                last: link.last_error().cloned(),
            },
        }
    }
}

enum Standing {
    Up(Arc<Session>),
    /// Changes only with an event, of which the supervisor tells.
    Wait,
    /// lapin knows more than the supervisor has told yet.
    Unsettled,
    /// The breaker knows whether there is a chance.
    Down {
        retry_in: Option<Duration>,
        last: Option<Arc<AmqpError>>,
    },
    Hopeless(AmqpError),
}

/// How soon to look again at what the supervisor is about to tell.
const UNSETTLED: Duration = Duration::from_millis(20);
