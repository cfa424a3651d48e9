//! The span events of the plain patterns, besides those that clients have as well.

/// The span event of a call that queues for a bulkhead.
pub const QUEUED_EVENT: &str = "resilience.queued";
/// The span event of a call that got its place in a bulkhead after [`WAIT`](super::WAIT) seconds.
pub const ACQUIRED_EVENT: &str = "resilience.acquired";
/// The span event of a retried call that is given up after so many [`ATTEMPTS`](super::ATTEMPTS), with
/// [`ERROR_TYPE`](super::ERROR_TYPE): `exhausted`, `deadline`, `budget`, ...
pub const GAVE_UP_EVENT: &str = "resilience.gave_up";
