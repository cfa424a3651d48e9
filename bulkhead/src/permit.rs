use std::{fmt, sync::Arc, time::Duration};

use crate::{
    gate::Gate,
    holds::{Since, nanos},
};

/// A place in a [`Bulkhead`](crate::Bulkhead), or several, held until it is dropped.
///
/// It owns its place: it borrows nothing, can move to another task or thread, and can be kept as
/// long as the work lasts (an HTTP client keeps it until the response body ends). Dropping it, also
/// while a panic unwinds, hands the place to the first caller in line or frees it.
#[must_use = "the place is given back when the permit is dropped"]
pub struct Permit {
    gate: Arc<Gate>,
    /// In nanoseconds, enough for 584 years: a permit of two words moves through the results of a
    /// future in half the time of one that holds a `Duration`.
    waited: u64,
    since: Since,
    weight: u32,
}

impl Permit {
    /// For places that were free at once.
    #[inline]
    pub(crate) fn new(gate: Arc<Gate>, weight: u32, since: Since) -> Self {
        Self {
            gate,
            waited: 0,
            since,
            weight,
        }
    }

    /// For places that somebody has waited for.
    pub(crate) fn after_wait(gate: Arc<Gate>, weight: u32, waited: Duration) -> Self {
        let since = gate.hold_begins();
        Self {
            gate,
            waited: nanos(waited),
            since,
            weight,
        }
    }

    /// How many places it holds: 1, unless it was asked for as
    /// [many](crate::Bulkhead::try_acquire_many).
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight as usize
    }

    /// Time spent in line for this place; zero if one was free at once.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.release(self.weight, self.since);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("bulkhead", self.gate.name())
            .field("weight", &self.weight)
            .field("waited", &self.waited())
            .finish()
    }
}

/// A place held for the length of one `call`, which borrows the bulkhead and so saves the
/// reference count of a [`Permit`].
pub(crate) struct Held<'a> {
    /// `None` once it is parked.
    gate: Option<&'a Gate>,
    since: Since,
}

impl<'a> Held<'a> {
    #[inline]
    pub(crate) fn new(gate: &'a Gate, since: Since) -> Self {
        Self {
            gate: Some(gate),
            since,
        }
    }

    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn park(mut self) -> Parked<'a> {
        Parked {
            gate: self.gate.take(),
            since: self.since,
        }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(gate) = self.gate {
            gate.release(1, self.since);
        }
    }
}

/// A place held between two polls of a `call`. The same as [`Held`], but its drop is out of the way of
/// calls that are ready at once.
#[cfg(feature = "tokio")]
pub(crate) struct Parked<'a> {
    gate: Option<&'a Gate>,
    since: Since,
}

#[cfg(feature = "tokio")]
impl<'a> Parked<'a> {
    pub(crate) fn resume(&mut self) -> Held<'a> {
        Held {
            gate: self.gate.take(),
            since: self.since,
        }
    }
}

#[cfg(feature = "tokio")]
impl Drop for Parked<'_> {
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        drop(self.resume());
    }
}
