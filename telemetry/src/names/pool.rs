//! The metrics of resource pools.

use super::{ERROR_TYPE, OUTCOME, REASON, STATE};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Resources by [`STATE`].
pub const POOL_RESOURCES: Instrument = Instrument::up_down_counter(
    "resilience.pool.resources",
    "{resource}",
    "Resources of the pool, idle or lent out.",
)
.by(&[Attribute::one_of(STATE, &["idle", "lent"])])
.with_history();
/// Checkouts by [`OUTCOME`].
pub const POOL_SERVED: Instrument = Instrument::counter(
    "resilience.pool.served",
    "{resource}",
    "Resources provided, used before or newly created.",
)
.by(&[Attribute::one_of(OUTCOME, &["created", "recycled"])]);
/// Resources gone, by [`REASON`]: what their user did, what a hook said, what the pool's settings say.
pub const POOL_DISCARDED: Instrument = Instrument::counter(
    "resilience.pool.discarded",
    "{resource}",
    "Resources that left the pool, by reason.",
)
.by(&[Attribute::one_of(
    REASON,
    &[
        "asked",
        "taken",
        "panicked",
        "abandoned",
        "not_valid",
        "validate_timeout",
        "not_recycled",
        "recycle_timeout",
        "hook_abandoned",
        "too_old",
        "idle_too_long",
        "surplus",
        "cleared",
        "closed",
    ],
)]);
/// Failures to create by [`ERROR_TYPE`].
pub const POOL_CREATE_FAILURES: Instrument = Instrument::counter(
    "resilience.pool.create_failures",
    "{failure}",
    "Attempts to create a resource that brought none.",
)
.by(&[Attribute::one_of(
    ERROR_TYPE,
    &["error", "timeout", "abandoned"],
)]);

/// The metrics that a pool has besides those of its bulkhead.
pub const POOL: &[Instrument] = &[
    POOL_RESOURCES,
    POOL_SERVED,
    POOL_DISCARDED,
    POOL_CREATE_FAILURES,
];
