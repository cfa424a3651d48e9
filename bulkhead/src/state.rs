//! What is behind the lock: places, the queue and the totals. Pure bookkeeping: no clock, no
//! lock, no user code. Wakers and reasons go out as values for the caller to act on after the lock.

use std::{
    mem,
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    error::Reason,
    queue::{Key, Phase, Queue},
    snapshot::Totals,
};

/// A place that a waiter was given, waiting to be told: the waker to wake after the lock.
/// `None`: the waiter was not polled yet and will see the place when it is.
pub(crate) type Handover = Option<Waker>;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) max_concurrent: usize,
    pub(crate) max_waiting: usize,
    pub(crate) busy: usize,
    pub(crate) peak_busy: usize,
    pub(crate) peak_waiting: usize,
    pub(crate) closed: bool,
    pub(crate) totals: Totals,
    pub(crate) queue: Queue,
}

/// Where a caller stands in line. `position` 1 is served next.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) key: Key,
    pub(crate) position: usize,
}

impl State {
    pub(crate) fn new(max_concurrent: usize, max_waiting: usize) -> Self {
        Self {
            max_concurrent,
            max_waiting,
            busy: 0,
            peak_busy: 0,
            peak_waiting: 0,
            closed: false,
            totals: Totals::default(),
            queue: Queue::new(),
        }
    }

    /// Takes a place if one is free. A place that returns goes straight to the first waiter and
    /// stays busy meanwhile, so a free place means that nobody is in line: no caller can jump it.
    #[inline]
    pub(crate) fn admit(&mut self) -> bool {
        if self.closed || self.busy >= self.max_concurrent {
            return false;
        }
        debug_assert!(self.queue.is_empty(), "a free place while somebody waits");
        self.busy += 1;
        self.peak_busy = self.peak_busy.max(self.busy);
        self.totals.acquired += 1;
        true
    }

    /// Joins the line, after [`admit`](Self::admit) said no, if it is not too long.
    pub(crate) fn line_up(&mut self) -> Result<Spot, Reason> {
        if self.closed || self.queue.len() >= self.max_waiting {
            return Err(self.refuse());
        }
        let key = self.queue.push();
        let position = self.queue.len();
        self.peak_waiting = self.peak_waiting.max(position);
        Ok(Spot { key, position })
    }

    /// Says why [`admit`](Self::admit) said no, and counts the refusal.
    #[inline]
    pub(crate) fn refuse(&mut self) -> Reason {
        if self.closed {
            self.totals.rejected_closed += 1;
            return Reason::Closed;
        }
        self.totals.rejected_full += 1;
        Reason::Full {
            concurrent: self.busy,
            waiting: self.queue.len(),
        }
    }

    /// Asks what has become of a waiter. While it still waits, `waker` is exchanged for the one
    /// kept so far; the caller drops what it gets back after the lock. When ready, the key is gone.
    pub(crate) fn poll(
        &mut self,
        key: Key,
        waker: &mut Option<Waker>,
        waited: Duration,
    ) -> Poll<Result<(), Reason>> {
        if let Phase::Waiting(kept) = self.queue.phase_mut(key) {
            mem::swap(kept, waker);
            return Poll::Pending;
        }
        Poll::Ready(self.finish(key, waited).1)
    }

    /// Ends a wait: a place that was handed over meanwhile wins over the timeout.
    /// The waker that comes back is no longer needed; it is dropped after the lock.
    pub(crate) fn finish(
        &mut self,
        key: Key,
        waited: Duration,
    ) -> (Option<Waker>, Result<(), Reason>) {
        match self.queue.remove(key) {
            Phase::Granted => {
                self.totals.acquired += 1;
                self.totals.acquired_after_wait += 1;
                self.totals.wait_total = self.totals.wait_total.saturating_add(waited);
                (None, Ok(()))
            }
            Phase::Closed => {
                self.totals.rejected_closed += 1;
                (None, Err(Reason::Closed))
            }
            Phase::Waiting(waker) => {
                self.totals.rejected_timeout += 1;
                (waker, Err(Reason::Timeout { waited }))
            }
        }
    }

    /// A waiter walks away. A place that it had been given, but not picked up, goes to the next.
    pub(crate) fn abandon(&mut self, key: Key) -> Abandoned {
        self.totals.abandoned += 1;
        match self.queue.remove(key) {
            Phase::Waiting(waker) => Abandoned {
                unused: waker,
                handover: None,
            },
            Phase::Closed => Abandoned::default(),
            Phase::Granted => Abandoned {
                unused: None,
                handover: self.pass_on(),
            },
        }
    }

    /// A permit came back.
    #[inline]
    pub(crate) fn release(&mut self) -> Handover {
        self.totals.completed += 1;
        self.pass_on()
    }

    /// Refuses everybody from now on and sends the waiters home.
    pub(crate) fn close(&mut self, wakers: &mut Vec<Waker>) {
        self.closed = true;
        while !self.queue.is_empty() {
            wakers.extend(self.queue.close_first());
        }
    }

    /// Gives a place to the first waiter, or frees it.
    #[inline]
    fn pass_on(&mut self) -> Handover {
        if self.queue.is_empty() {
            self.busy -= 1;
            return None;
        }
        self.queue.grant_first()
    }
}

/// What is left to do, after the lock, for a waiter that walked away.
#[derive(Debug, Default)]
pub(crate) struct Abandoned {
    /// Its own waker, to be dropped.
    pub(crate) unused: Option<Waker>,
    /// The waker of the one who got its place, to be woken.
    pub(crate) handover: Handover,
}
