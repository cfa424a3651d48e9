use crate::{pool::discards::Discards, snapshot::Snapshot};

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
    /// Checkouts that were served with a resource that lay idle.
    pub recycled: u64,
    /// Resources gone for whatever reason: the sum of `discards`.
    pub discarded: u64,
    /// Resources gone, by reason; how validation and recycling failed among them.
    pub discards: Discards,
    /// Times that `create` returned an error.
    pub create_failures: u64,
    /// Times that `create` was dropped because it took longer than its timeout.
    pub create_timeouts: u64,
    /// Times that the caller (or [`maintain`](crate::Pool::maintain)) was dropped, or `create`
    /// panicked, while a resource was being made.
    pub create_abandoned: u64,
}
