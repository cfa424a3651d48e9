//! Refusals: counted, then told.

use std::time::Duration;

use super::Gate;
use crate::{
    door::Word,
    rejected::{Reason, Rejected},
};

impl Gate {
    /// The number of places that a caller wants, if there are so many.
    pub(crate) fn places(&self, wanted: usize) -> Result<u32, Rejected> {
        let limit = self.door.word().limit();
        match u32::try_from(wanted) {
            Ok(places) if (1..=limit).contains(&places) => Ok(places),
            _ => {
                let limit = limit as usize;
                Err(self.refuse_because(Reason::TooMany { wanted, limit }, 0))
            }
        }
    }

    /// Refuses a caller who has met a door without flags: nobody waits. No more than this, when there is
    /// least time for it.
    #[cold]
    pub(super) fn refuse_full(&self, word: Word, places: u32) -> Rejected {
        if !self.observers.are_for_rejections() && self.counters.add_at_once(|cell| &cell.full) {
            return self.refusals.full(word.busy());
        }
        self.refuse(word, places)
    }

    /// Refuses a caller who has met the door like this.
    #[cold]
    pub(super) fn refuse(&self, word: Word, places: u32) -> Rejected {
        if word.is_closed() {
            return self.refuse_because(Reason::Closed, places);
        }
        let waiting = match word.is_queued() {
            true => self.state.lock().queue.len(),
            false => 0,
        };
        let full = Reason::Full {
            concurrent: word.busy() as usize,
            waiting,
        };
        self.refuse_because(full, places)
    }

    /// Refuses a caller who was not in line.
    pub(super) fn refuse_because(&self, reason: Reason, places: u32) -> Rejected {
        self.counters.add(|cell| match reason {
            Reason::Full { .. } | Reason::Timeout { .. } => &cell.full,
            Reason::Closed => &cell.closed,
            Reason::TooMany { .. } => &cell.too_many,
        });
        self.reject(reason, places, Duration::ZERO)
    }

    /// Tells the observers about a refusal that is already counted.
    pub(crate) fn reject(&self, reason: Reason, places: u32, waited: Duration) -> Rejected {
        let retry_after = match reason {
            Reason::Full { waiting, .. } | Reason::Timeout { waiting, .. } => {
                let ahead = waiting + places as usize;
                let limit = self.door.word().limit();
                let holds = self.holds.as_ref();
                holds.and_then(|holds| holds.time_until(ahead, limit))
            }
            Reason::Closed | Reason::TooMany { .. } => None,
        };
        let rejected = self.refusals.because(reason, waited, retry_after);
        if let Reason::Timeout { .. } = reason {
            self.observers
                .notify_of_wait(|observer| observer.timed_out(&rejected));
        } else {
            self.observers
                .notify_of_rejection(|observer| observer.rejected(&rejected));
        }
        rejected
    }
}
