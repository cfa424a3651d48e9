//! The metrics of resource pools.

use super::{ERROR_TYPE, OUTCOME, STATE};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Resources by [`STATE`].
pub const POOL_RESOURCES: Instrument = Instrument::up_down_counter(
    "resilience.pool.resources",
    "{resource}",
    "Resources of the pool, idle or lent out.",
)
.by(&[Attribute::one_of(STATE, &["idle", "lent"])]);
/// Checkouts by [`OUTCOME`].
pub const POOL_SERVED: Instrument = Instrument::counter(
    "resilience.pool.served",
    "{resource}",
    "Resources provided, used before or newly created.",
)
.by(&[Attribute::one_of(OUTCOME, &["created", "recycled"])]);
/// Resources gone.
pub const POOL_DISCARDED: Instrument = Instrument::counter(
    "resilience.pool.discarded",
    "{resource}",
    "Resources that left the pool.",
);
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
