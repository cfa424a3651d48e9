//! The metrics about telemetry itself.

use super::{EVENT, HANDLER, OUTCOME};
use crate::attribute::Attribute;
use crate::event::EventKind;
use crate::instrument::Instrument;

/// The events by name, taken from [`EventKind`] so that none can be missing.
const EVENT_KINDS: [&str; EventKind::ALL.len()] = {
    let mut names = [""; EventKind::ALL.len()];
    let mut next = 0;
    while next < names.len() {
        names[next] = EventKind::ALL[next].as_str();
        next += 1;
    }
    names
};

/// Events that some handler wanted, by [`EVENT`] and [`OUTCOME`].
pub const EVENTS: Instrument = Instrument::counter(
    "resilience.telemetry.events",
    "{event}",
    "Events that some handler wanted: queued, or dropped because the queue was full.",
)
.by(&[
    Attribute::one_of(EVENT, &EVENT_KINDS),
    Attribute::one_of(OUTCOME, &["queued", "dropped"]),
]);
/// Panics of event handlers by [`HANDLER`].
pub const HANDLER_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.handler_panics",
    "{panic}",
    "Calls of the event handler that panicked.",
)
.by(&[Attribute::any(HANDLER)]);
/// Panics of sources.
pub const SOURCE_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.source_panics",
    "{panic}",
    "Collections of a source that panicked; its samples were left out.",
);

/// The metrics about telemetry itself.
pub const TELEMETRY: &[Instrument] = &[EVENTS, HANDLER_PANICS, SOURCE_PANICS];
