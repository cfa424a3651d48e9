//! The metrics about telemetry itself.

use crate::instrument::Instrument;

/// Events that some handler wanted, by [`EVENT`](super::EVENT) and [`OUTCOME`](super::OUTCOME): `queued`, `dropped`.
pub const EVENTS: Instrument = Instrument::counter(
    "resilience.telemetry.events",
    "{event}",
    "Events that some handler wanted: queued, or dropped because the queue was full.",
);
/// Events that came faster than subscriptions were read, by [`EVENT`](super::EVENT).
pub const MISSED_EVENTS: Instrument = Instrument::counter(
    "resilience.telemetry.missed_events",
    "{event}",
    "Events that a subscription missed because it was not read in time, each subscription for itself.",
);
/// Panics of event handlers by [`HANDLER`](super::HANDLER): of those that are attached, and of those that
/// were detached for it, up to 64 of them and the rest as `other`.
pub const HANDLER_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.handler_panics",
    "{panic}",
    "Panics of the event handler, each of which detached it.",
);
/// Panics of sources.
pub const SOURCE_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.source_panics",
    "{panic}",
    "Collections of a source that panicked; its samples were left out.",
);

/// The metrics about telemetry itself.
pub const TELEMETRY: &[Instrument] = &[EVENTS, MISSED_EVENTS, HANDLER_PANICS, SOURCE_PANICS];
