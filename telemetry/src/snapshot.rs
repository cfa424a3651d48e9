//! What a telemetry object is doing, as plain data.

use std::sync::Arc;

use crate::dispatcher::{Detached, Dispatcher};
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
    /// Handlers that were detached because they panicked: the latest 16, the last one last.
    pub detached: Vec<DetachedSnapshot>,
    /// Subscriptions that are alive.
    pub subscriptions: usize,
    /// Events that may wait for the handlers.
    pub queue_capacity: usize,
    /// Events that wait for the handlers now.
    pub queue_waiting: usize,
    /// Events that were queued, of all kinds.
    pub queued: u64,
    /// Events that found the queue full, of all kinds. No handler heard of them.
    pub dropped: u64,
    /// Events that subscriptions missed because they were not read in time, of all kinds and all
    /// subscriptions.
    pub missed: u64,
    /// Panics of sources while their values were collected.
    pub source_panics: u64,
}

/// One attached handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerSnapshot {
    /// The id it was attached under.
    pub id: Arc<str>,
    /// How often handlers of this id panicked and were detached, before this one.
    pub panics: u64,
}

/// One handler that was detached because it panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetachedSnapshot {
    /// The id it was attached under.
    pub id: Arc<str>,
    /// The first line of what it panicked with, shortened to 200 bytes.
    pub panic: Arc<str>,
}

impl Snapshot {
    pub(crate) fn new(registry: &Registry, dispatcher: &Dispatcher) -> Self {
        let sum = |count: fn(&Dispatcher, EventKind) -> u64| {
            EventKind::ALL
                .map(|kind| count(dispatcher, kind))
                .iter()
                .sum()
        };
        let panics = dispatcher.panics();
        let handlers = dispatcher.handlers();
        let handlers = handlers.iter().map(|handler| {
            let id = Arc::clone(handler.id());
            let counted = panics.iter().find(|(counted, _)| *counted == id);
            HandlerSnapshot {
                panics: counted.map_or(0, |(_, panics)| *panics),
                id,
            }
        });
        let detached = dispatcher.detached().into_iter();
        let detached = detached.map(|Detached { id, panic }| DetachedSnapshot { id, panic });
        Self {
            // One source is telemetry's own.
            watched: registry.len().saturating_sub(1),
            handlers: handlers.collect(),
            detached: detached.collect(),
            subscriptions: dispatcher.subscriptions(),
            queue_capacity: dispatcher.capacity(),
            queue_waiting: dispatcher.waiting(),
            queued: sum(Dispatcher::queued),
            dropped: sum(Dispatcher::dropped),
            missed: sum(Dispatcher::missed),
            source_panics: registry.source_panics(),
        }
    }
}
