//! The kinds of events.

use std::fmt;

/// The kinds of events, to choose by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventKind {
    /// A circuit breaker went from one state to another.
    BreakerTransition,
    /// The mode of a circuit breaker was set, or came to its end.
    BreakerModeChange,
    /// A failed attempt will be made again, or no more; or a hedge was sent, or not allowed.
    Retry,
    /// A caller had to queue for a bulkhead, got in after waiting, or was rejected. One that found
    /// a free place at once is no event: it is only counted.
    BulkheadCheckout,
    /// A health check ended, or a monitor's status changed.
    HealthCheck,
    /// A request of an HTTP client ended.
    HttpRequest,
    /// An AMQP connection changed its state.
    AmqpConnection,
    /// Something to know that no pattern tells of: a task was restarted, settings were read again.
    Notice,
    /// Something about telemetry itself: a handler was detached because it panicked, events were
    /// dropped, two components share a name.
    Telemetry,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::BreakerTransition,
        Self::BreakerModeChange,
        Self::Retry,
        Self::BulkheadCheckout,
        Self::HealthCheck,
        Self::HttpRequest,
        Self::AmqpConnection,
        Self::Notice,
        Self::Telemetry,
    ];

    /// The kind's name in metrics: `breaker_transition`, `breaker_mode_change`, `retry`,
    /// `bulkhead_checkout`, `health_check`, `http_request`, `amqp_connection`, `notice`, `telemetry`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerTransition => "breaker_transition",
            Self::BreakerModeChange => "breaker_mode_change",
            Self::Retry => "retry",
            Self::BulkheadCheckout => "bulkhead_checkout",
            Self::HealthCheck => "health_check",
            Self::HttpRequest => "http_request",
            Self::AmqpConnection => "amqp_connection",
            Self::Notice => "notice",
            Self::Telemetry => "telemetry",
        }
    }
}

/// In words, for people: `circuit breaker state change`, `circuit breaker mode change`, `retry`,
/// `bulkhead checkout`, `health check`, `HTTP client request`, `AMQP connection state`, `telemetry`.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BreakerTransition => "circuit breaker state change",
            Self::BreakerModeChange => "circuit breaker mode change",
            Self::Retry => "retry",
            Self::BulkheadCheckout => "bulkhead checkout",
            Self::HealthCheck => "health check",
            Self::HttpRequest => "HTTP client request",
            Self::AmqpConnection => "AMQP connection state",
            Self::Notice => "notice",
            Self::Telemetry => "telemetry",
        })
    }
}

/// A set of kinds in one word.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(pub(crate) u16);

impl Kinds {
    pub(crate) const ALL: Self = Self((1 << EventKind::ALL.len()) - 1);

    pub(crate) const fn contains(self, kind: EventKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<EventKind> for Kinds {
    fn from(kind: EventKind) -> Self {
        Self(1 << kind as u8)
    }
}

impl FromIterator<EventKind> for Kinds {
    fn from_iter<I: IntoIterator<Item = EventKind>>(kinds: I) -> Self {
        let kinds = kinds.into_iter().map(Self::from);
        kinds.fold(Self::default(), Self::union)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let present = EventKind::ALL
            .into_iter()
            .filter(|kind| self.contains(*kind));
        f.debug_set().entries(present).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{EventKind, Kinds};

    #[test]
    fn a_set_holds_exactly_the_kinds_put_in() {
        for kind in EventKind::ALL {
            let only = Kinds::from(kind);
            let held: Vec<_> = EventKind::ALL
                .into_iter()
                .filter(|kind| only.contains(*kind))
                .collect();
            assert_eq!(held, [kind]);
        }
        assert_eq!(EventKind::ALL.into_iter().collect::<Kinds>(), Kinds::ALL);
    }
}
