use std::time::Duration;

/// The ways to be refused. They call for different answers: `Full` means shed load now (HTTP
/// 503 or 429), `Timeout` means the work ahead is slow (504), `Closed` means shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// All places were busy, and nobody more may wait. Decided at once, without a timer; or later, for
    /// one whose place in line belongs to [another priority](crate::Priority).
    Full {
        /// Places busy at that moment.
        concurrent: usize,
        /// Callers in line at that moment.
        waiting: usize,
    },
    /// The caller waited in line for the whole checkout timeout.
    Timeout {
        /// The time it waited.
        waited: Duration,
        /// Callers left in line.
        waiting: usize,
    },
    /// The bulkhead was closed, before the caller came or while it waited.
    Closed,
    /// More places were asked for than there are, or none: no wait would help.
    TooMany {
        /// Places asked for.
        wanted: usize,
        /// Places there are.
        limit: usize,
    },
}
