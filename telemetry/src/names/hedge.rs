//! The metrics of hedges.

use super::OUTCOME;
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Calls by [`OUTCOME`].
pub const HEDGE_CALLS: Instrument = Instrument::counter(
    "resilience.hedge.calls",
    "{call}",
    "Calls that ended, by whose result they ended with or why there was none.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &["primary", "hedge", "failed", "abandoned", "panicked"],
)]);
/// The extra load.
pub const HEDGE_SENT: Instrument = Instrument::counter(
    "resilience.hedge.sent",
    "{attempt}",
    "Hedges that were sent: the extra load.",
);
/// Hedges that have ended by [`OUTCOME`].
pub const HEDGE_ENDED: Instrument = Instrument::counter(
    "resilience.hedge.ended",
    "{attempt}",
    "Hedges that won, and those that failed or were dropped as the call ended without them.",
)
.by(&[Attribute::one_of(OUTCOME, &["won", "wasted"])]);
/// Hedges in flight.
pub const HEDGE_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.hedge.in_flight",
    "{attempt}",
    "Hedges that are in flight.",
);
/// Hedges that the budget did not allow.
pub const HEDGE_SUPPRESSED: Instrument = Instrument::counter(
    "resilience.hedge.suppressed",
    "{attempt}",
    "Hedges that were due and that the budget did not allow.",
);
/// When a call is hedged. Absent while that is not known, and where only failures are hedged.
pub const HEDGE_DELAY: Instrument = Instrument::gauge_f64(
    "resilience.hedge.delay",
    "s",
    "How long a call goes on before it is hedged, as it is set or was learned.",
);
/// Latencies by [`OUTCOME`]. None but where a percentile is learned.
pub const HEDGE_SAMPLES: Instrument = Instrument::counter(
    "resilience.hedge.samples",
    "{call}",
    "Latencies to learn the delay from, recorded, or skipped as another call was at it.",
)
.by(&[Attribute::one_of(OUTCOME, &["recorded", "skipped"])]);
/// Panics of observers.
pub const HEDGE_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.hedge.observer_panics",
    "{panic}",
    "Observers of the hedge that panicked.",
);

/// The metrics of a hedge.
pub const HEDGE: &[Instrument] = &[
    HEDGE_CALLS,
    HEDGE_SENT,
    HEDGE_ENDED,
    HEDGE_IN_FLIGHT,
    HEDGE_SUPPRESSED,
    HEDGE_DELAY,
    HEDGE_SAMPLES,
    HEDGE_OBSERVER_PANICS,
];
