//! The events about telemetry itself.

use std::fmt;
use std::sync::Arc;

use super::EventKind;

/// An event handler panicked. It is detached and dropped with all it owned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerDetached {
    /// The id it was attached under.
    pub id: Arc<str>,
    /// The first line of what it panicked with, shortened to 200 bytes.
    pub panic: Arc<str>,
}

impl HandlerDetached {
    pub(crate) fn new(id: Arc<str>, panic: Arc<str>) -> Self {
        Self { id, panic }
    }
}

impl fmt::Display for HandlerDetached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, panic } = self;
        write!(f, "event handler {id}: detached, it panicked: {panic}")
    }
}

/// Events found the handlers' queue full. Told at most once a second for each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventsDropped {
    /// Their kind.
    pub kind: EventKind,
    /// How many, since this was last told.
    pub count: u64,
}

impl EventsDropped {
    pub(crate) fn new(kind: EventKind, count: u64) -> Self {
        Self { kind, count }
    }
}

impl fmt::Display for EventsDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, count } = self;
        let noun = if *count == 1 { "event" } else { "events" };
        write!(
            f,
            "telemetry: the queue was full, {count} {noun} dropped ({kind})"
        )
    }
}

/// A component began to be watched that has the kind and the name of another one that is alive. Its
/// series carry `resilience.instance` to tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameShared {
    /// The name.
    pub name: Arc<str>,
    /// The one just watched: 2 for the second, and so on.
    pub instance: usize,
    /// What sort of components they are: `circuit_breaker`, `retry`, ...
    pub kind: &'static str,
}

impl NameShared {
    pub(crate) fn new(name: Arc<str>, instance: usize, kind: &'static str) -> Self {
        Self {
            name,
            instance,
            kind,
        }
    }
}

impl fmt::Display for NameShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            instance,
            kind,
        } = self;
        write!(
            f,
            "telemetry: another {kind} is named {name}, its series have resilience.instance {instance}"
        )
    }
}
