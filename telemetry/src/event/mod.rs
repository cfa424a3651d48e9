//! What handlers hear.

mod amqp;
mod http;
mod kind;
mod notice;
mod own;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use amqp::{AmqpConnection, AmqpState};
pub use http::HttpRequest;
pub use kind::EventKind;
pub(crate) use kind::Kinds;
pub use notice::{Notice, NoticeLevel};
pub use own::{EventsDropped, HandlerDetached, NameShared};

/// Something that happened to a watched component.
///
/// Its `Display` is one line for a log: `circuit breaker payments: closed -> open (5 consecutive
/// calls failed)`.
///
/// A clone is one reference count.
#[derive(Debug, Clone)]
pub struct Event {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    at: SystemTime,
    detail: Detail,
}

impl Event {
    pub(crate) fn new(at: SystemTime, detail: Detail) -> Self {
        Self {
            inner: Arc::new(Inner { at, detail }),
        }
    }

    /// When it happened, by the wall clock. Handlers may run later.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.inner.at
    }

    /// Which of the kinds it is.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.detail().kind()
    }

    /// The name of the component it happened to.
    #[must_use]
    pub fn name(&self) -> &str {
        self.detail().name()
    }

    /// What happened.
    #[must_use]
    pub fn detail(&self) -> &Detail {
        &self.inner.detail
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.detail().fmt(f)
    }
}

/// What happened, with all that is known about it.
///
/// The events of a pattern are that pattern's own types, and are there with its feature.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Detail {
    /// A circuit breaker went from one state to another.
    #[cfg(feature = "breaker")]
    BreakerTransition(steadfast_breaker::Transition),
    /// The mode of a circuit breaker was set, or came to its end.
    #[cfg(feature = "breaker")]
    BreakerModeChange(steadfast_breaker::ModeChange),
    /// An attempt failed and another will follow.
    #[cfg(feature = "retry")]
    Retrying(steadfast_retry::Retrying),
    /// A retried call was given up.
    #[cfg(feature = "retry")]
    RetryGaveUp(steadfast_retry::GaveUp),
    /// A hedge was sent.
    #[cfg(feature = "hedge")]
    Hedged(steadfast_retry::Hedged),
    /// A hedge was due, and its budget did not allow it.
    #[cfg(feature = "hedge")]
    HedgeSuppressed(steadfast_retry::HedgeSuppressed),
    /// A caller joined the queue of a bulkhead.
    #[cfg(feature = "bulkhead")]
    BulkheadQueued(steadfast_bulkhead::Queued),
    /// A caller that had queued got its place.
    #[cfg(feature = "bulkhead")]
    BulkheadAcquired(steadfast_bulkhead::Acquired),
    /// A bulkhead rejected a caller: full, timed out or closed.
    #[cfg(feature = "bulkhead")]
    BulkheadRejected(steadfast_bulkhead::Rejected),
    /// A run of a health check ended.
    #[cfg(feature = "health")]
    HealthChecked(steadfast_health::Checked),
    /// The status of a health check or of a roll-up changed.
    #[cfg(feature = "health")]
    HealthChanged(steadfast_health::Changed),
    /// A request of an HTTP client ended.
    HttpRequest(HttpRequest),
    /// An AMQP connection changed its state.
    AmqpConnection(AmqpConnection),
    /// Something to know that no pattern tells of.
    Notice(Notice),
    /// An event handler panicked and is detached.
    HandlerDetached(HandlerDetached),
    /// Events found the handlers' queue full.
    EventsDropped(EventsDropped),
    /// Two live components of one kind have one name.
    NameShared(NameShared),
}

impl Detail {
    /// Which kind of event this is.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match self {
            #[cfg(feature = "breaker")]
            Self::BreakerTransition(_) => EventKind::BreakerTransition,
            #[cfg(feature = "breaker")]
            Self::BreakerModeChange(_) => EventKind::BreakerModeChange,
            #[cfg(feature = "retry")]
            Self::Retrying(_) | Self::RetryGaveUp(_) => EventKind::Retry,
            #[cfg(feature = "hedge")]
            Self::Hedged(_) | Self::HedgeSuppressed(_) => EventKind::Retry,
            #[cfg(feature = "bulkhead")]
            Self::BulkheadQueued(_) | Self::BulkheadAcquired(_) | Self::BulkheadRejected(_) => {
                EventKind::BulkheadCheckout
            }
            #[cfg(feature = "health")]
            Self::HealthChecked(_) | Self::HealthChanged(_) => EventKind::HealthCheck,
            Self::HttpRequest(_) => EventKind::HttpRequest,
            Self::AmqpConnection(_) => EventKind::AmqpConnection,
            Self::Notice(_) => EventKind::Notice,
            Self::HandlerDetached(_) | Self::EventsDropped(_) | Self::NameShared(_) => {
                EventKind::Telemetry
            }
        }
    }

    /// The name of the component it happened to. For telemetry itself: the id of the detached
    /// handler, the kind of the dropped events, the shared name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            #[cfg(feature = "breaker")]
            Self::BreakerTransition(transition) => &transition.name,
            #[cfg(feature = "breaker")]
            Self::BreakerModeChange(change) => &change.name,
            #[cfg(feature = "retry")]
            Self::Retrying(retrying) => &retrying.name,
            #[cfg(feature = "retry")]
            Self::RetryGaveUp(gave_up) => &gave_up.name,
            #[cfg(feature = "hedge")]
            Self::Hedged(hedged) => &hedged.name,
            #[cfg(feature = "hedge")]
            Self::HedgeSuppressed(suppressed) => &suppressed.name,
            #[cfg(feature = "bulkhead")]
            Self::BulkheadQueued(queued) => &queued.name,
            #[cfg(feature = "bulkhead")]
            Self::BulkheadAcquired(acquired) => &acquired.name,
            #[cfg(feature = "bulkhead")]
            Self::BulkheadRejected(rejected) => rejected.name(),
            #[cfg(feature = "health")]
            Self::HealthChecked(checked) => &checked.name,
            #[cfg(feature = "health")]
            Self::HealthChanged(changed) => &changed.name,
            Self::HttpRequest(request) => &request.name,
            Self::AmqpConnection(connection) => &connection.name,
            Self::Notice(notice) => &notice.name,
            Self::HandlerDetached(detached) => &detached.id,
            Self::EventsDropped(dropped) => dropped.kind.as_str(),
            Self::NameShared(shared) => &shared.name,
        }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "breaker")]
            Self::BreakerTransition(t) => {
                let (name, from, to, cause) = (&t.name, t.from, t.to, t.cause);
                write!(f, "circuit breaker {name}: {from} -> {to} ({cause})")
            }
            #[cfg(feature = "breaker")]
            Self::BreakerModeChange(change) => write_mode_change(f, change),
            #[cfg(feature = "retry")]
            Self::Retrying(r) => {
                let (name, attempt, wait) = (&r.name, r.attempt, r.wait);
                write!(
                    f,
                    "retry {name}: attempt {attempt} failed, next in {wait:?}"
                )
            }
            #[cfg(feature = "retry")]
            Self::RetryGaveUp(g) => {
                let (name, attempts, elapsed, reason) = (&g.name, g.attempts, g.elapsed, g.reason);
                let noun = attempts_noun(attempts);
                write!(
                    f,
                    "retry {name}: gave up after {attempts} {noun} in {elapsed:?} ({reason})"
                )
            }
            #[cfg(feature = "hedge")]
            Self::Hedged(h) => {
                let (name, number, after) = (&h.name, h.number, h.after);
                write!(f, "hedge {name}: attempt {number} sent after {after:?}")
            }
            #[cfg(feature = "hedge")]
            Self::HedgeSuppressed(s) => {
                let (name, number, spent) = (&s.name, s.number, &s.spent);
                write!(f, "hedge {name}: attempt {number} not sent: {spent}")
            }
            #[cfg(feature = "bulkhead")]
            Self::BulkheadQueued(q) => {
                write!(f, "bulkhead {}: queued at {}", q.name, q.position)
            }
            #[cfg(feature = "bulkhead")]
            Self::BulkheadAcquired(a) => {
                write!(f, "bulkhead {}: acquired", a.name)?;
                match a.waited {
                    Some(waited) => write!(f, " after {waited:?}"),
                    None => Ok(()),
                }
            }
            #[cfg(feature = "bulkhead")]
            Self::BulkheadRejected(rejected) => rejected.fmt(f),
            #[cfg(feature = "health")]
            Self::HealthChecked(c) => {
                let (name, component, result) = (&c.name, &c.component, c.result);
                write!(f, "health {name}: {component} is {result}")?;
                match &c.message {
                    Some(message) => write!(f, ": {message}"),
                    None => Ok(()),
                }
            }
            #[cfg(feature = "health")]
            Self::HealthChanged(c) => {
                let (name, subject, from, to) = (&c.name, &c.subject, c.from, c.to);
                write!(f, "health {name}: {subject}: {from} -> {to}")
            }
            Self::HttpRequest(request) => request.fmt(f),
            Self::AmqpConnection(connection) => connection.fmt(f),
            Self::Notice(notice) => notice.fmt(f),
            Self::HandlerDetached(detached) => detached.fmt(f),
            Self::EventsDropped(dropped) => dropped.fmt(f),
            Self::NameShared(shared) => shared.fmt(f),
        }
    }
}

/// The reason is somebody's own words, so in quotes, and on one line whatever they are.
#[cfg(feature = "breaker")]
fn write_mode_change(
    f: &mut fmt::Formatter<'_>,
    change: &steadfast_breaker::ModeChange,
) -> fmt::Result {
    let (name, from, to) = (&change.name, change.from, change.to);
    write!(f, "circuit breaker {name}: mode {from} -> {to}")?;
    match (&change.reason, change.expires_in) {
        (Some(reason), Some(wait)) => write!(f, " ({reason:?}, for {wait:?})"),
        (Some(reason), None) => write!(f, " ({reason:?})"),
        (None, Some(wait)) => write!(f, " (for {wait:?})"),
        (None, None) => Ok(()),
    }
}

pub(crate) fn attempts_noun(attempts: u32) -> &'static str {
    if attempts == 1 { "attempt" } else { "attempts" }
}

macro_rules! from {
    ($($(#[$gate:meta])? $payload:ty => $variant:ident,)*) => {$(
        $(#[$gate])?
        impl From<$payload> for Detail {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        }
    )*};
}

from! {
    #[cfg(feature = "breaker")] steadfast_breaker::Transition => BreakerTransition,
    #[cfg(feature = "breaker")] steadfast_breaker::ModeChange => BreakerModeChange,
    #[cfg(feature = "retry")] steadfast_retry::Retrying => Retrying,
    #[cfg(feature = "retry")] steadfast_retry::GaveUp => RetryGaveUp,
    #[cfg(feature = "hedge")] steadfast_retry::Hedged => Hedged,
    #[cfg(feature = "hedge")] steadfast_retry::HedgeSuppressed => HedgeSuppressed,
    #[cfg(feature = "bulkhead")] steadfast_bulkhead::Queued => BulkheadQueued,
    #[cfg(feature = "bulkhead")] steadfast_bulkhead::Acquired => BulkheadAcquired,
    #[cfg(feature = "bulkhead")] steadfast_bulkhead::Rejected => BulkheadRejected,
    #[cfg(feature = "health")] steadfast_health::Checked => HealthChecked,
    #[cfg(feature = "health")] steadfast_health::Changed => HealthChanged,
    HttpRequest => HttpRequest,
    AmqpConnection => AmqpConnection,
    Notice => Notice,
    HandlerDetached => HandlerDetached,
    EventsDropped => EventsDropped,
    NameShared => NameShared,
}
