use std::{sync::Arc, time::Duration};

use crate::{histogram::HistogramSnapshot, priority::Priority, shares::ByPriority};

/// A bulkhead at one moment. What concerns the queue is read under its lock; permits come and go without
/// it, so `busy` and the totals can be off by those that do meanwhile, and a place that has just come back
/// is free for an instant before the first in line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The bulkhead's name.
    pub name: Arc<str>,
    /// Places there are.
    pub max_concurrent: usize,
    /// Callers that may wait at a time.
    pub max_waiting: usize,
    /// Free places: `max_concurrent - busy`, or none while more are busy, after the bulkhead was made
    /// smaller.
    pub available: usize,
    /// Places taken, those included that were just handed to a waiter who has not woken up yet.
    pub busy: usize,
    /// Callers in line, of all priorities.
    pub waiting: usize,
    pub(crate) waiting_by_priority: ByPriority<usize>,
    /// The most places ever busy at a time.
    pub peak_busy: usize,
    /// The most callers ever in line at a time.
    pub peak_waiting: usize,
    /// Whether the bulkhead was closed.
    pub closed: bool,
    /// What has happened since the bulkhead was built.
    pub totals: Totals,
    /// How long those waited in line who got a place in the end. Each is recorded at once after it
    /// was counted in [`Totals::acquired_after_wait`], so `waits` may lack the very last ones.
    pub waits: HistogramSnapshot,
    /// How long places were held that have come back; empty unless the bulkhead
    /// [measures it](crate::Builder::hold_times). Each is recorded at once after it was counted in
    /// [`Totals::completed`], so `holds` may lack the very last ones.
    pub holds: HistogramSnapshot,
}

impl Snapshot {
    /// Callers of this priority in line.
    #[must_use]
    pub fn waiting_at(&self, priority: Priority) -> usize {
        self.waiting_by_priority[priority as usize]
    }
}

/// Counts since the bulkhead was built. They only grow.
///
/// Every attempt to get a place ends in exactly one of `acquired`, `rejected_full`,
/// `rejected_timeout`, `rejected_closed`, `rejected_too_many` and `abandoned`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Permits given out.
    pub acquired: u64,
    /// Those among `acquired` that had to wait in line.
    pub acquired_after_wait: u64,
    /// Permits that came back, by whatever way: done, dropped, or unwound.
    pub completed: u64,
    /// Refused because all places and the whole queue were taken.
    pub rejected_full: u64,
    /// Those among `rejected_full` who stood in line already, on a place that belonged to a caller of
    /// [another priority](Priority).
    pub displaced: u64,
    /// Refused because no place became free within the checkout timeout.
    pub rejected_timeout: u64,
    /// Refused because the bulkhead is closed.
    pub rejected_closed: u64,
    /// Refused because there are not so many places as were asked for.
    pub rejected_too_many: u64,
    /// Callers that were dropped while they waited in line.
    pub abandoned: u64,
    /// Time spent in line by those who got a place in the end. Divided by `acquired_after_wait`
    /// it is their mean wait.
    pub wait_total: Duration,
    /// Panics of observers, caught.
    pub observer_panics: u64,
}
