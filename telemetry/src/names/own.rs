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
/// Events that came faster than subscriptions were read, by [`EVENT`].
pub const MISSED_EVENTS: Instrument = Instrument::counter(
    "resilience.telemetry.missed_events",
    "{event}",
    "Events that a subscription missed because it was not read in time, each subscription for itself.",
)
.by(&[Attribute::one_of(EVENT, &EVENT_KINDS)]);
/// Panics of event handlers by [`HANDLER`]: of those that are attached, and of those that were detached
/// for it, up to 64 of them and the rest as `other`.
pub const HANDLER_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.handler_panics",
    "{panic}",
    "Panics of the event handler, each of which detached it.",
)
.by(&[Attribute::any(HANDLER)]);
/// Panics of sources.
pub const SOURCE_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.source_panics",
    "{panic}",
    "Panics of sources that were asked or told something; what they would have said was left out.",
);

/// The metrics about telemetry itself.
pub const TELEMETRY: &[Instrument] = &[EVENTS, MISSED_EVENTS, HANDLER_PANICS, SOURCE_PANICS];
