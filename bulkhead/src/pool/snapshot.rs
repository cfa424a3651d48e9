use crate::snapshot::Snapshot;

/// A [`Pool`](crate::Pool) at one moment. The bulkhead's part and the resources' part are each
/// consistent in themselves, but read one after the other.
///
/// Every resource ever made is either idle, lent out, or counted in `discarded`: those lent out
/// are `created - discarded - idle`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolSnapshot {
    /// The places and the queue in front of the resources.
    pub bulkhead: Snapshot,
    /// Resources that wait to be lent.
    pub idle: usize,
    /// Resources made.
    pub created: u64,
    /// Checkouts that were served with a resource used before.
    pub recycled: u64,
    /// Resources gone for whatever reason: discarded, taken out, expired, not valid any more,
    /// cleared, returned after the close, or lost in an operation that was dropped or panicked.
    pub discarded: u64,
    /// Times that `create` returned an error.
    pub create_failures: u64,
    /// Times that `create` was dropped because it took longer than its timeout.
    pub create_timeouts: u64,
    /// Times that the caller was dropped, or `create` panicked, while a resource was being made.
    pub create_abandoned: u64,
}
