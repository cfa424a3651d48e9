//! What a telemetry object is doing, as plain data.

use std::sync::Arc;

use crate::dispatcher::Dispatcher;
use crate::event::EventKind;
use crate::registry::Registry;

/// A reading of one [`Telemetry`](crate::Telemetry) object. The numbers are read one after another
/// while events go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Components that are watched and alive.
    pub watched: usize,
    /// Handlers that are attached, in that order.
    pub handlers: Vec<HandlerSnapshot>,
    /// Events that may wait for the handlers.
    pub queue_capacity: usize,
    /// Events that wait for the handlers now.
    pub queue_waiting: usize,
    /// Events that were queued, of all kinds.
    pub queued: u64,
    /// Events that found the queue full, of all kinds. No handler heard of them.
    pub dropped: u64,
    /// Panics of sources while their values were collected.
    pub source_panics: u64,
}

/// One attached handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerSnapshot {
    /// The id it was attached under.
    pub id: Arc<str>,
    /// How often it panicked.
    pub panics: u64,
}

impl Snapshot {
    pub(crate) fn new(registry: &Registry, dispatcher: &Dispatcher) -> Self {
        let sum = |count: fn(&Dispatcher, EventKind) -> u64| {
            EventKind::ALL
                .map(|kind| count(dispatcher, kind))
                .iter()
                .sum()
        };
        let handlers = dispatcher.handlers();
        let handlers = handlers.iter().map(|handler| HandlerSnapshot {
            id: Arc::from(handler.id()),
            panics: handler.panics(),
        });
        Self {
            // One source is telemetry's own.
            watched: registry.len().saturating_sub(1),
            handlers: handlers.collect(),
            queue_capacity: dispatcher.capacity(),
            queue_waiting: dispatcher.waiting(),
            queued: sum(Dispatcher::queued),
            dropped: sum(Dispatcher::dropped),
            source_panics: registry.source_panics(),
        }
    }
}
