use std::sync::Arc;

/// A [`Keyed`](crate::Keyed) set at one moment. `keys` is always `created - evicted - removed`.
/// Each key's own numbers are in [`Keyed::snapshots`](crate::Keyed::snapshots).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedSnapshot {
    /// The set's name.
    pub name: Arc<str>,
    /// Keys that have a bulkhead of their own now.
    pub keys: usize,
    /// Keys that may have one at a time.
    pub max_keys: usize,
    /// Whether the set was closed.
    pub closed: bool,
    /// Bulkheads created since the set was built.
    pub created: u64,
    /// Bulkheads evicted to make room.
    pub evicted: u64,
    /// Bulkheads taken out by [`Keyed::remove`](crate::Keyed::remove).
    pub removed: u64,
    /// How often a key was answered with the shared overflow bulkhead. More than a few:
    /// [`max_keys`](crate::KeyedBuilder::max_keys) is too low, or handles are kept.
    pub overflowed: u64,
    /// Calls of observers of the set that panicked. Those of a bulkhead are in its own snapshot.
    pub observer_panics: u64,
}
