//! The metrics about telemetry itself.

use crate::instrument::Instrument;

/// Events that some handler wanted, by [`EVENT`](super::EVENT) and [`OUTCOME`](super::OUTCOME): `queued`, `dropped`.
pub const EVENTS: Instrument = Instrument::counter(
    "resilience.telemetry.events",
    "{event}",
    "Events that some handler wanted: queued, or dropped because the queue was full.",
);
/// Panics of event handlers by [`HANDLER`](super::HANDLER).
pub const HANDLER_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.handler_panics",
    "{panic}",
    "Calls of the event handler that panicked.",
);
/// Panics of sources.
pub const SOURCE_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.source_panics",
    "{panic}",
    "Collections of a source that panicked; its samples were left out.",
);

/// The metrics about telemetry itself.
pub const TELEMETRY: &[Instrument] = &[EVENTS, HANDLER_PANICS, SOURCE_PANICS];
