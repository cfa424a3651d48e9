//! The state and the counts of a bulkhead, read.

use std::sync::Arc;

use super::Gate;
use crate::{
    histogram::HistogramSnapshot,
    holds::Holds,
    snapshot::{Snapshot, Totals},
};

impl Gate {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let name = Arc::clone(self.name());
        let observer_panics = self.observers.panics();
        // Before the totals: a wait is counted there first, so there are never fewer of them.
        let waits = self.waits.snapshot();
        let holds = self
            .holds
            .as_ref()
            .map_or_else(HistogramSnapshot::default, Holds::snapshot);
        let state = self.state.lock();
        let word = self.door.word();
        let [busy, limit] = [word.busy(), word.limit()].map(|places| places as usize);
        let immediate = self.counters.sum(|cell| &cell.immediate);
        let queue = &state.totals;
        Snapshot {
            name,
            max_concurrent: limit,
            max_waiting: state.config().max_waiting,
            available: limit.saturating_sub(busy),
            busy,
            waiting: state.queue.len(),
            waiting_by_priority: state.queue.waiting(),
            peak_busy: self.door.peak() as usize,
            peak_waiting: state.peak_waiting,
            closed: word.is_closed(),
            totals: Totals {
                acquired: immediate + queue.acquired,
                acquired_after_wait: queue.acquired,
                completed: self.counters.sum(|cell| &cell.completed),
                rejected_full: self.counters.sum(|cell| &cell.full) + queue.displaced,
                displaced: queue.displaced,
                rejected_timeout: queue.timed_out,
                rejected_closed: self.counters.sum(|cell| &cell.closed) + queue.closed,
                rejected_too_many: self.counters.sum(|cell| &cell.too_many) + queue.too_many,
                abandoned: queue.abandoned,
                wait_total: waits.sum,
                observer_panics,
            },
            waits,
            holds,
        }
    }
}
