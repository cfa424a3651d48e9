//! The metrics of resource pools.

use crate::instrument::Instrument;

/// Resources by [`STATE`](super::STATE): `idle`, `lent`.
pub const POOL_RESOURCES: Instrument = Instrument::up_down_counter(
    "resilience.pool.resources",
    "{resource}",
    "Resources of the pool, idle or lent out.",
);
/// Checkouts by [`OUTCOME`](super::OUTCOME): `recycled`, `created`.
pub const POOL_SERVED: Instrument = Instrument::counter(
    "resilience.pool.served",
    "{resource}",
    "Resources provided, used before or newly created.",
);
/// Resources gone.
pub const POOL_DISCARDED: Instrument = Instrument::counter(
    "resilience.pool.discarded",
    "{resource}",
    "Resources that left the pool.",
);
/// Failures to create by [`ERROR_TYPE`](super::ERROR_TYPE): `error`, `timeout`, `abandoned`.
pub const POOL_CREATE_FAILURES: Instrument = Instrument::counter(
    "resilience.pool.create_failures",
    "{failure}",
    "Attempts to create a resource that brought none.",
);

/// The metrics that a pool has besides those of its bulkhead.
pub const POOL: &[Instrument] = &[
    POOL_RESOURCES,
    POOL_SERVED,
    POOL_DISCARDED,
    POOL_CREATE_FAILURES,
];
