use std::{fmt, sync::Arc, time::Duration};

use crate::gate::Gate;

/// One place in a [`Bulkhead`](crate::Bulkhead), held until it is dropped.
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
}

impl Permit {
    pub(crate) fn new(gate: Arc<Gate>, waited: Duration) -> Self {
        let waited = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        Self { gate, waited }
    }

    /// Time spent in line for this place; zero if one was free at once.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.release();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("bulkhead", &self.gate.name)
            .field("waited", &self.waited())
            .finish()
    }
}

/// A place held for the length of one `call`, which borrows the bulkhead and so saves the
/// reference count of a [`Permit`].
pub(crate) struct Held<'a>(pub(crate) &'a Gate);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
