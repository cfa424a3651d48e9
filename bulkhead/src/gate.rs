//! The door and the line behind it. No method here runs anything of the user's (wakers, drops of
//! wakers, observers) while it holds the lock of the line.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    builder,
    config::Config,
    counters::Counters,
    door::{Door, Word},
    error::{Reason, Rejected},
    histogram::Histogram,
    observer::Observers,
    queue::Key,
    snapshot::{Snapshot, Totals},
    state::{LinedUp, Spot, State, Wakers},
    sync::Mutex,
};

#[derive(Debug)]
pub(crate) struct Gate {
    door: Door,
    counters: Counters,
    pub(crate) name: Arc<str>,
    /// As it was built with: how many places there are changes.
    pub(crate) config: Config,
    pub(crate) observers: Observers,
    /// The waits of those who got a place in the end.
    pub(crate) waits: Histogram,
    state: Mutex<State>,
}

impl Gate {
    pub(crate) fn new(name: Arc<str>, config: Config, observers: Observers) -> Self {
        Self {
            door: Door::new(builder::places(config.max_concurrent)),
            counters: Counters::new(),
            name,
            observers,
            waits: Histogram::default(),
            state: Mutex::new(State::new(config.max_waiting)),
            config,
        }
    }

    /// Takes free places. The caller must put them into a permit before anything else.
    #[inline]
    pub(crate) fn try_enter(&self, places: u32) -> Result<(), Rejected> {
        match self.door.take(places) {
            Ok(()) => {
                self.counters.add(|cell| &cell.immediate);
                Ok(())
            }
            Err(word) => Err(self.refuse(word)),
        }
    }

    /// Takes free places (`None`), with the same duty, or a place in line.
    #[inline]
    pub(crate) fn enter(&self, places: u32) -> Result<Option<Spot>, Rejected> {
        match self.door.take(places) {
            Ok(()) => {
                self.counters.add(|cell| &cell.immediate);
                Ok(None)
            }
            Err(word) => self.line_up(word, places),
        }
    }

    /// The number of places that a caller wants, if there are so many.
    pub(crate) fn places(&self, wanted: usize) -> Result<u32, Rejected> {
        let limit = self.door.word().limit();
        match u32::try_from(wanted) {
            Ok(places) if (1..=limit).contains(&places) => Ok(places),
            _ => {
                self.counters.add(|cell| &cell.too_many);
                let limit = limit as usize;
                Err(self.reject(Reason::TooMany { wanted, limit }))
            }
        }
    }

    #[cold]
    fn line_up(&self, word: Word, places: u32) -> Result<Option<Spot>, Rejected> {
        // Without time to wait there is no line, and nobody needs a timer to learn so.
        if word.is_closed() || self.config.checkout_timeout.is_zero() {
            return Err(self.refuse(word));
        }
        let lined_up = self.state.lock().line_up(&self.door, places);
        match lined_up {
            LinedUp::In => {
                self.counters.add(|cell| &cell.immediate);
                Ok(None)
            }
            LinedUp::Waits(spot) => Ok(Some(spot)),
            LinedUp::Refused(reason) => {
                self.counters.add(|cell| match reason {
                    Reason::Closed => &cell.closed,
                    _ => &cell.full,
                });
                Err(self.reject(reason))
            }
        }
    }

    /// Refuses a caller who has met the door like this.
    #[cold]
    fn refuse(&self, word: Word) -> Rejected {
        if word.is_closed() {
            self.counters.add(|cell| &cell.closed);
            return self.reject(Reason::Closed);
        }
        self.counters.add(|cell| &cell.full);
        let waiting = match word.is_queued() {
            true => self.state.lock().queue.len(),
            false => 0,
        };
        self.reject(Reason::Full {
            concurrent: word.busy() as usize,
            waiting,
        })
    }

    pub(crate) fn poll(
        &self,
        key: Key,
        waker: &Waker,
        waited: Duration,
    ) -> Poll<Result<(), Reason>> {
        let mut waker = Some(waker.clone());
        let polled = self.state.lock().poll(key, &mut waker, waited);
        drop(waker);
        polled
    }

    pub(crate) fn time_out(&self, key: Key, waited: Duration) -> Result<(), Reason> {
        let (settled, wakers) = self.state.lock().time_out(&self.door, key, waited);
        wake(wakers);
        settled
    }

    pub(crate) fn abandon(&self, key: Key) {
        let wakers = self.state.lock().abandon(&self.door, key);
        wake(wakers);
    }

    /// Takes a permit's places back.
    #[inline]
    pub(crate) fn release(&self, places: u32) {
        self.counters.add(|cell| &cell.completed);
        if self.door.give(places) {
            self.serve();
        }
    }

    #[cold]
    fn serve(&self) {
        let wakers = self.state.lock().serve(&self.door);
        wake(wakers);
    }

    pub(crate) fn resize(&self, limit: u32) {
        let wakers = {
            let mut state = self.state.lock();
            self.door.set_limit(limit);
            state.serve(&self.door)
        };
        wake(wakers);
    }

    pub(crate) fn close(&self) {
        self.door.close();
        let wakers = self.state.lock().close(&self.door);
        wake(wakers);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.door.word().is_closed()
    }

    /// Whether all places are back; if not, `waker` is woken when they are.
    pub(crate) fn drained(&self, waker: &Waker) -> bool {
        let mut waker = Some(waker.clone());
        let drained = self.state.lock().drained(&self.door, &mut waker);
        drop(waker);
        drained
    }

    pub(crate) fn limit(&self) -> usize {
        self.door.word().limit() as usize
    }

    pub(crate) fn busy(&self) -> usize {
        self.door.word().busy() as usize
    }

    /// Tells the observers about a refusal that is already counted.
    #[inline]
    pub(crate) fn reject(&self, reason: Reason) -> Rejected {
        let rejected = Rejected::new(Arc::clone(&self.name), reason);
        self.observers
            .notify(|observer| observer.rejected(&rejected));
        rejected
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let name = Arc::clone(&self.name);
        let observer_panics = self.observers.panics();
        // Before the totals: a wait is counted there first, so there are never fewer of them.
        let waits = self.waits.snapshot();
        let state = self.state.lock();
        let word = self.door.word();
        let [busy, limit] = [word.busy(), word.limit()].map(|places| places as usize);
        let immediate = self.counters.sum(|cell| &cell.immediate);
        let queue = &state.totals;
        Snapshot {
            name,
            max_concurrent: limit,
            max_waiting: state.max_waiting,
            available: limit.saturating_sub(busy),
            busy,
            waiting: state.queue.len(),
            peak_busy: self.door.peak() as usize,
            peak_waiting: state.peak_waiting,
            closed: word.is_closed(),
            totals: Totals {
                acquired: immediate + queue.acquired,
                acquired_after_wait: queue.acquired,
                completed: self.counters.sum(|cell| &cell.completed),
                rejected_full: self.counters.sum(|cell| &cell.full),
                rejected_timeout: queue.timed_out,
                rejected_closed: self.counters.sum(|cell| &cell.closed) + queue.closed,
                rejected_too_many: self.counters.sum(|cell| &cell.too_many) + queue.too_many,
                abandoned: queue.abandoned,
                wait_total: queue.waited,
                observer_panics,
            },
            waits,
        }
    }
}

fn wake(wakers: Wakers) {
    wakers.each(wake_now);
}

/// Wakes the one who was handed a place. A waker that panics breaks its own contract; it must not
/// take down the caller who gave the place back, who may be unwinding already, nor keep the other
/// waiters of a closed bulkhead asleep.
#[cold]
fn wake_now(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}
