//! The metrics of sets of circuit breakers and bulkheads, one for each key.

use super::OUTCOME;
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Keys of a set.
pub const BREAKER_KEYED_KEYS: Instrument = Instrument::up_down_counter(
    "resilience.circuit_breaker.keyed.keys",
    "{key}",
    "Keys that have a circuit breaker of their own.",
);
/// Room of a set.
pub const BREAKER_KEYED_LIMIT: Instrument = Instrument::up_down_counter(
    "resilience.circuit_breaker.keyed.limit",
    "{key}",
    "Keys that may have a circuit breaker of their own at a time.",
);
/// What became of the circuit breakers of a set, by [`OUTCOME`].
pub const BREAKER_KEYED_CHANGES: Instrument = Instrument::counter(
    "resilience.circuit_breaker.keyed.changes",
    "{key}",
    "Circuit breakers of the set, created, or gone for a reason.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &["created", "evicted", "removed"],
)]);
/// Uses of the shared one.
pub const BREAKER_KEYED_OVERFLOWED: Instrument = Instrument::counter(
    "resilience.circuit_breaker.keyed.overflowed",
    "{use}",
    "Times that a key was answered with the circuit breaker that keys share for which there is no room.",
);
/// Panics of observers.
pub const BREAKER_KEYED_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.keyed.observer_panics",
    "{panic}",
    "Observers of the set that panicked.",
);

/// The metrics of a set of circuit breakers, besides those of each circuit breaker.
pub const BREAKER_KEYED: &[Instrument] = &[
    BREAKER_KEYED_KEYS,
    BREAKER_KEYED_LIMIT,
    BREAKER_KEYED_CHANGES,
    BREAKER_KEYED_OVERFLOWED,
    BREAKER_KEYED_OBSERVER_PANICS,
];

/// Keys of a set.
pub const BULKHEAD_KEYED_KEYS: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.keyed.keys",
    "{key}",
    "Keys that have a bulkhead of their own.",
);
/// Room of a set.
pub const BULKHEAD_KEYED_LIMIT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.keyed.limit",
    "{key}",
    "Keys that may have a bulkhead of their own at a time.",
);
/// What became of the bulkheads of a set, by [`OUTCOME`].
pub const BULKHEAD_KEYED_CHANGES: Instrument = Instrument::counter(
    "resilience.bulkhead.keyed.changes",
    "{key}",
    "Bulkheads of the set, created, or gone for a reason.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &["created", "evicted", "removed"],
)]);
/// Uses of the shared one.
pub const BULKHEAD_KEYED_OVERFLOWED: Instrument = Instrument::counter(
    "resilience.bulkhead.keyed.overflowed",
    "{use}",
    "Times that a key was answered with the bulkhead that keys share for which there is no room.",
);
/// Panics of observers.
pub const BULKHEAD_KEYED_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.bulkhead.keyed.observer_panics",
    "{panic}",
    "Observers of the set that panicked.",
);

/// The metrics of a set of bulkheads, besides those of each bulkhead.
pub const BULKHEAD_KEYED: &[Instrument] = &[
    BULKHEAD_KEYED_KEYS,
    BULKHEAD_KEYED_LIMIT,
    BULKHEAD_KEYED_CHANGES,
    BULKHEAD_KEYED_OVERFLOWED,
    BULKHEAD_KEYED_OBSERVER_PANICS,
];
