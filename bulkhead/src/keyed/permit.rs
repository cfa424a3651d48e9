use std::{fmt, time::Duration};

use crate::permit::Permit;

/// A place in the bulkhead of a key, and one in the outer bulkhead if the
/// [`Keyed`](crate::Keyed) set has one. Held until it is dropped, as a [`Permit`]; dropping it gives
/// both back, the outer one first.
#[must_use = "the places are given back when the permit is dropped"]
pub struct KeyedPermit {
    // Dropped in this order: a place that returns to the outer bulkhead serves somebody who has his
    // key's place already, before the key's next comes to line up for it.
    outer: Option<Permit>,
    key: Permit,
}

impl KeyedPermit {
    pub(super) fn new(key: Permit, outer: Option<Permit>) -> Self {
        Self { outer, key }
    }

    /// Time spent in line for both places together; zero if they were free at once.
    #[must_use]
    pub fn waited(&self) -> Duration {
        let outer = self.outer.as_ref().map_or(Duration::ZERO, Permit::waited);
        self.key.waited().saturating_add(outer)
    }
}

impl fmt::Debug for KeyedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedPermit")
            .field("key", &self.key)
            .field("outer", &self.outer)
            .finish()
    }
}
