//! The door and the line behind it. No method here runs anything of the user's (wakers, drops of
//! wakers, observers) while it holds the lock of the line.

mod draining;
mod refusing;
mod snapshot;

use std::{
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    builder,
    config::Config,
    counters::Counters,
    door::{Door, Word},
    histogram::Histogram,
    holds::{Holds, Since},
    observer::{Acquired, Observer, Released},
    observers::Observers,
    queue::{Key, Wanted},
    rejected::{Reason, Refusals, Rejected},
    state::{self, LinedUp, Spot, State},
    sync::{AtomicBool, Mutex, Ordering},
    unwind,
    wakers::Wakers,
};

pub(crate) use draining::Drainer;

#[derive(Debug)]
pub(crate) struct Gate {
    door: Door,
    counters: Counters,
    refusals: Refusals,
    /// Whether nobody can wait: what the settings behind the lock say, for those who need no lock to be
    /// refused. Relaxed, since it decides nothing else: who is let through asks there again.
    has_no_line: AtomicBool,
    pub(crate) observers: Observers,
    /// The waits of those who got a place in the end.
    pub(crate) waits: Histogram,
    holds: Option<Holds>,
    state: Mutex<State>,
}

/// What came of asking for places.
#[derive(Debug)]
pub(crate) enum Entered {
    /// The places are taken. The caller must put them into a permit before anything else.
    In(Since),
    Waits(Spot),
}

impl Gate {
    pub(crate) fn new(refusals: Refusals, config: Config, observers: Observers) -> Self {
        let gate = Self {
            door: Door::new(builder::places(config.max_concurrent)),
            counters: Counters::new(),
            refusals,
            waits: Histogram::default(),
            holds: config.hold_times.then(Holds::new),
            has_no_line: AtomicBool::new(state::has_no_line(&config)),
            state: Mutex::new(State::new(config)),
            observers,
        };
        if gate.holds.is_some() || gate.observers.are_for_every_call() {
            gate.door.watch();
        }
        gate
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.refusals.name()
    }

    pub(crate) fn observe(&self, observer: Arc<dyn Observer>) {
        self.observers.add(observer);
        if self.observers.are_for_every_call() {
            self.door.watch();
        }
    }

    /// Takes free places, with the duty of [`Entered::In`].
    #[inline]
    pub(crate) fn try_enter(&self, places: u32) -> Result<Since, Rejected> {
        match self.door.take(places) {
            Ok(()) => {
                self.counters.add(|cell| &cell.immediate);
                Ok(Since::UNKNOWN)
            }
            Err(word) if word.has_flags() => self.try_enter_slowly(word, places),
            Err(word) => Err(self.refuse_full(word, places)),
        }
    }

    /// Takes free places, or a place in line: then the waker is woken once something becomes of it.
    #[inline]
    pub(crate) fn enter(&self, wanted: Wanted, waker: Option<&Waker>) -> Result<Entered, Rejected> {
        match self.door.take(wanted.places) {
            Ok(()) => {
                self.counters.add(|cell| &cell.immediate);
                Ok(Entered::In(Since::UNKNOWN))
            }
            // Without room in line or time to wait nobody needs a lock or a timer to learn so.
            Err(word) if self.has_no_line() && !word.has_flags() => {
                Err(self.refuse_full(word, wanted.places))
            }
            Err(word) => self.enter_slowly(word, wanted, waker),
        }
    }

    #[cold]
    fn try_enter_slowly(&self, word: Word, places: u32) -> Result<Since, Rejected> {
        self.take_watched(word, places)
            .map_err(|word| self.refuse(word, places))
    }

    #[inline(never)]
    fn enter_slowly(
        &self,
        word: Word,
        wanted: Wanted,
        waker: Option<&Waker>,
    ) -> Result<Entered, Rejected> {
        match self.take_watched(word, wanted.places) {
            Ok(since) => Ok(Entered::In(since)),
            Err(word) if word.is_closed() || self.has_no_line() => {
                Err(self.refuse(word, wanted.places))
            }
            Err(_) => self.line_up(wanted, waker),
        }
    }

    fn take_watched(&self, word: Word, places: u32) -> Result<Since, Word> {
        if !word.is_watched() {
            return Err(word);
        }
        self.door.take_watched(places)?;
        self.counters.add(|cell| &cell.immediate);
        Ok(self.entered_at_once(places))
    }

    fn line_up(&self, wanted: Wanted, waker: Option<&Waker>) -> Result<Entered, Rejected> {
        let places = wanted.places;
        let mut waker = waker.cloned();
        let lined_up = self.state.lock().line_up(&self.door, wanted, &mut waker);
        match lined_up {
            LinedUp::In => {
                self.counters.add(|cell| &cell.immediate);
                Ok(Entered::In(self.entered_at_once(places)))
            }
            LinedUp::Waits(spot, wakers) => {
                wake(wakers);
                Ok(Entered::Waits(spot))
            }
            LinedUp::Refused(reason) => Err(self.refuse_because(reason, places)),
        }
    }

    /// Nothing here unwinds, so the places reach their permit.
    fn entered_at_once(&self, places: u32) -> Since {
        self.observers.notify_of_every_call(|observer| {
            observer.acquired(&Acquired {
                name: Arc::clone(self.name()),
                places: places as usize,
                waited: None,
            });
        });
        self.hold_begins()
    }

    /// For places that were taken.
    #[inline]
    pub(crate) fn hold_begins(&self) -> Since {
        self.holds.as_ref().map_or(Since::UNKNOWN, Holds::begin)
    }

    pub(crate) fn poll(&self, key: Key, waker: &Waker) -> Poll<Result<(), Reason>> {
        {
            let mut state = self.state.lock();
            let polled = state.poll(key);
            if polled.is_ready() || state.will_wake(key, waker) {
                return polled;
            }
        }
        let mut waker = Some(waker.clone());
        let mut state = self.state.lock();
        let polled = state.poll(key);
        if polled.is_pending() {
            state.set_waker(key, &mut waker);
        }
        drop(state);
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
    pub(crate) fn release(&self, places: u32, since: Since) {
        self.counters.add(|cell| &cell.completed);
        let word = self.door.give(places);
        if !word.is_plain() {
            self.after_release(word, places, since);
        }
    }

    #[inline(never)]
    fn after_release(&self, word: Word, places: u32, since: Since) {
        if word.is_awaited() {
            let wakers = self.state.lock().serve(&self.door);
            wake(wakers);
        }
        if word.is_watched() {
            let held = self.holds.as_ref().and_then(|holds| holds.end(since));
            self.observers.notify_of_every_call(|observer| {
                observer.released(&Released {
                    name: Arc::clone(self.name()),
                    places: places as usize,
                    held,
                });
            });
        }
    }

    #[inline]
    fn has_no_line(&self) -> bool {
        self.has_no_line.load(Ordering::Relaxed)
    }

    /// The settings in force.
    pub(crate) fn config(&self) -> Config {
        let state = self.state.lock();
        Config {
            max_concurrent: self.limit(),
            ..state.config().clone()
        }
    }

    /// Goes over to other settings, which have been checked.
    pub(crate) fn reconfigure(&self, config: Config) {
        let limit = builder::places(config.max_concurrent);
        let wakers = {
            let mut state = self.state.lock();
            let has_no_line = state::has_no_line(&config);
            self.has_no_line.store(has_no_line, Ordering::Relaxed);
            state.reconfigure(config);
            self.door.set_limit(limit);
            state.serve(&self.door)
        };
        wake(wakers);
    }

    pub(crate) fn measures_holds(&self) -> bool {
        self.holds.is_some()
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

    pub(crate) fn limit(&self) -> usize {
        self.door.word().limit() as usize
    }

    pub(crate) fn busy(&self) -> usize {
        self.door.word().busy() as usize
    }
}

fn wake(wakers: Wakers) {
    wakers.each(wake_now);
}

/// Wakes the one who was handed a place. A waker that panics breaks its own contract; it must not
/// take down the caller who gave the place back, who may be unwinding already, nor keep the other
/// waiters of a closed bulkhead asleep.
fn wake_now(waker: Waker) {
    let _ = unwind::caught(|| waker.wake());
}
