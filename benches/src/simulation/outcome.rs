//! What came of all the calls of a simulation.

use std::sync::atomic::{AtomicU64, Ordering};

/// What came of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Calls made.
    pub calls: u64,
    /// Calls that got their answer, perhaps after retries.
    pub succeeded: u64,
    /// Requests that reached the server.
    pub requests: u64,
}

impl Outcome {
    /// The share of the calls that succeeded.
    #[must_use]
    pub fn success(&self) -> f64 {
        self.succeeded as f64 / self.calls as f64
    }

    /// The requests that the server saw for each call: 1 without retries.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.requests as f64 / self.calls as f64
    }
}

/// An outcome that is being counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: AtomicU64,
    succeeded: AtomicU64,
    requests: AtomicU64,
}

impl Tally {
    pub(crate) fn call_ended(&self, succeeded: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.succeeded
            .fetch_add(u64::from(succeeded), Ordering::Relaxed);
    }

    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn outcome(&self) -> Outcome {
        Outcome {
            calls: self.calls.load(Ordering::Relaxed),
            succeeded: self.succeeded.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
        }
    }
}
