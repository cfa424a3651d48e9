//! What a set of breakers is and has done, as plain data.

use std::sync::Arc;

/// A consistent reading of a [`Keyed`](crate::Keyed) set. `keys` is always `created - evicted - removed`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedSnapshot {
    /// The set's name.
    pub name: Arc<str>,
    /// Keys that have a breaker of their own now.
    pub keys: usize,
    /// Keys that may have one at a time.
    pub max_keys: usize,
    /// Breakers created since the set was built.
    pub created: u64,
    /// Breakers evicted to make room, or because they were idle.
    pub evicted: u64,
    /// Breakers taken out by [`Keyed::remove`](crate::Keyed::remove).
    pub removed: u64,
    /// How often a key was answered with the shared overflow breaker. More than a few:
    /// [`max_keys`](crate::KeyedBuilder::max_keys) is too low, or breakers of dead keys stay open.
    pub overflowed: u64,
    /// Calls of observers of the set that panicked. Those of a breaker are in its own snapshot.
    pub observer_panics: u64,
}
