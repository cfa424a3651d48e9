//! The journal of a case, and the observers that write it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use steadfast_retry::{GaveUp, Observer, Retrying};

use super::super::{Event, Line, planned_panic};

/// Where everything that happens is written down.
#[derive(Clone)]
pub(super) struct Journal {
    pub(super) origin: Instant,
    pub(super) lines: Arc<Mutex<Vec<Line>>>,
}

impl Journal {
    pub(super) fn note(&self, event: Event) {
        let at = crate::now().into_std() - self.origin;
        self.lines.lock().unwrap().push(Line { at, event });
    }
}

pub(super) struct Ear {
    pub(super) retry: usize,
    pub(super) journal: Journal,
}

impl Observer for Ear {
    fn retrying(&self, retrying: &Retrying) {
        self.journal.note(Event::Retrying {
            retry: self.retry,
            attempt: retrying.attempt,
            wait: retrying.wait,
        });
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        self.journal.note(Event::GaveUp {
            retry: self.retry,
            attempts: gave_up.attempts,
            elapsed: gave_up.elapsed,
            reason: gave_up.reason,
        });
    }
}

pub(super) struct Panicking;

impl Observer for Panicking {
    fn retrying(&self, _: &Retrying) {
        planned_panic();
    }

    fn gave_up(&self, _: &GaveUp) {
        planned_panic();
    }
}
