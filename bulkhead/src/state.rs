//! What is behind the lock: the queue, and the counts of those who were in it. Pure bookkeeping: no
//! clock, no user code. Wakers and reasons go out as values for the caller to act on after the lock.

use std::{
    mem,
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    config::Config,
    door::{Door, Word},
    queue::{Key, Phase, Queue, Wanted},
    rejected::Reason,
    wakers::Wakers,
};

#[derive(Debug)]
pub(crate) struct State {
    /// But for the number of places, which is the door's.
    config: Config,
    pub(crate) peak_waiting: usize,
    pub(crate) totals: QueueTotals,
    pub(crate) queue: Queue,
    /// Who waits for the last place to come back, by number.
    drainers: Vec<(u64, Waker)>,
    /// The number of the newest of them.
    last_drainer: u64,
}

/// Counts of those who were in line.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueueTotals {
    pub(crate) acquired: u64,
    pub(crate) closed: u64,
    pub(crate) displaced: u64,
    pub(crate) too_many: u64,
    pub(crate) timed_out: u64,
    pub(crate) abandoned: u64,
}

/// Where a caller stands in line. `position` 1 is the first of its priority.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) key: Key,
    pub(crate) position: usize,
    /// The longest time to stay in line.
    pub(crate) timeout: Duration,
    pub(crate) wanted: Wanted,
    /// Whether it will be woken when something becomes of it, which has not yet.
    #[cfg_attr(
        not(any(feature = "tokio", all(test, steadfast_loom))),
        expect(dead_code, reason = "threads bring their waker later")
    )]
    pub(crate) is_told: bool,
}

/// What came of going to the end of the line.
pub(crate) enum LinedUp {
    /// There was room after all.
    In,
    /// Whoever has lost its place to this one is to be woken.
    Waits(Spot, Wakers),
    Refused(Reason),
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            queue: Queue::new(&config),
            config,
            peak_waiting: 0,
            totals: QueueTotals::default(),
            drainers: Vec::new(),
            last_drainer: 0,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Goes over to other settings. Those in line stay there, also where it would be too long for them now.
    pub(crate) fn reconfigure(&mut self, config: Config) {
        self.queue.reconfigure(&config);
        self.config = config;
    }

    /// Joins the line, if it is not too long, unless there is room after all.
    ///
    /// The waker is taken if it is needed; what is left of it the caller drops after the lock.
    pub(crate) fn line_up(
        &mut self,
        door: &Door,
        wanted: Wanted,
        waker: &mut Option<Waker>,
    ) -> LinedUp {
        let waiting = self.queue.len();
        // From here on nobody gets in but through this lock, so there is no place that comes back unseen.
        let word = match waiting {
            0 => match door.take_or_hold(wanted.places) {
                Ok(()) => return LinedUp::In,
                Err(word) => word,
            },
            _ => door.word(),
        };
        let lined_up = if word.is_closed() {
            LinedUp::Refused(Reason::Closed)
        } else if has_no_line(&self.config) {
            // Since it was asked without the lock.
            LinedUp::Refused(full(word, waiting))
        } else if waiting < self.config.max_waiting {
            self.push(door, wanted, waker, Wakers::default())
        } else {
            let full = full(word, waiting);
            match self.queue.displace(wanted.priority, full) {
                None => LinedUp::Refused(full),
                Some(displaced) => {
                    let mut wakers = Wakers::default();
                    wakers.push(displaced);
                    self.push(door, wanted, waker, wakers)
                }
            }
        };
        self.let_go_if_empty(door);
        lined_up
    }

    /// Asks what has become of a waiter. When ready, the key is gone.
    pub(crate) fn poll(&mut self, key: Key) -> Poll<Result<(), Reason>> {
        match *self.queue.phase_mut(key) {
            Phase::Waiting(_) => Poll::Pending,
            Phase::Granted => {
                self.queue.remove(key);
                self.totals.acquired += 1;
                Poll::Ready(Ok(()))
            }
            Phase::Refused(reason) => {
                self.queue.remove(key);
                match reason {
                    Reason::TooMany { .. } => self.totals.too_many += 1,
                    Reason::Full { .. } => self.totals.displaced += 1,
                    Reason::Closed | Reason::Timeout { .. } => self.totals.closed += 1,
                }
                Poll::Ready(Err(reason))
            }
        }
    }

    /// Whether this waiter is in line and has a waker that wakes the same task.
    pub(crate) fn will_wake(&mut self, key: Key, waker: &Waker) -> bool {
        matches!(self.queue.phase_mut(key), Phase::Waiting(Some(kept)) if kept.will_wake(waker))
    }

    /// Exchanges the waker of a waiter that is still in line; the caller drops what it gets back after the
    /// lock.
    pub(crate) fn set_waker(&mut self, key: Key, waker: &mut Option<Waker>) {
        if let Phase::Waiting(kept) = self.queue.phase_mut(key) {
            mem::swap(kept, waker);
        }
    }

    /// Ends a wait whose time is over: a place that was handed over meanwhile wins.
    pub(crate) fn time_out(
        &mut self,
        door: &Door,
        key: Key,
        waited: Duration,
    ) -> (Result<(), Reason>, Wakers) {
        let mut wakers = Wakers::default();
        if let Poll::Ready(settled) = self.poll(key) {
            return (settled, wakers);
        }
        self.totals.timed_out += 1;
        self.leave(door, key, &mut wakers);
        let waiting = self.queue.len();
        (Err(Reason::Timeout { waited, waiting }), wakers)
    }

    /// A waiter walks away. Places that it had been given, but not picked up, go to the next.
    pub(crate) fn abandon(&mut self, door: &Door, key: Key) -> Wakers {
        let mut wakers = Wakers::default();
        self.totals.abandoned += 1;
        self.leave(door, key, &mut wakers);
        wakers
    }

    /// Serves whoever waits for what has come back.
    pub(crate) fn serve(&mut self, door: &Door) -> Wakers {
        let mut wakers = Wakers::default();
        self.serve_into(door, &mut wakers);
        wakers
    }

    /// Sends everybody in line home; the door is closed.
    pub(crate) fn close(&mut self, door: &Door) -> Wakers {
        let mut wakers = Wakers::default();
        self.queue
            .refuse_all(Reason::Closed, |waker| wakers.push(waker));
        self.let_go_if_empty(door);
        wakers
    }

    /// The number of one more who is going to wait for the last place to come back.
    pub(crate) fn new_drainer(&mut self) -> u64 {
        self.last_drainer += 1;
        self.last_drainer
    }

    /// Whether the last place has come back; if not, `waker` is woken when it does. What is left of it, or
    /// the one of last time, the caller drops after the lock.
    pub(crate) fn drained(&mut self, door: &Door, drainer: u64, waker: &mut Option<Waker>) -> bool {
        if door.drain().busy() == 0 {
            return true;
        }
        let former = self.forget_drainer(drainer);
        self.drainers
            .extend(waker.take().map(|waker| (drainer, waker)));
        *waker = former;
        false
    }

    /// The waker goes out to be dropped after the lock.
    pub(crate) fn forget_drainer(&mut self, drainer: u64) -> Option<Waker> {
        let known = |(number, _): &(u64, Waker)| *number == drainer;
        let index = self.drainers.iter().position(known)?;
        Some(self.drainers.swap_remove(index).1)
    }

    fn push(
        &mut self,
        door: &Door,
        wanted: Wanted,
        waker: &mut Option<Waker>,
        mut wakers: Wakers,
    ) -> LinedUp {
        let (key, position) = self.queue.push(wanted);
        // It may be the first, and there may be room: another priority waits for more places than are
        // free.
        self.serve_into(door, &mut wakers);
        self.peak_waiting = self.peak_waiting.max(self.queue.len());
        let is_told = match self.queue.phase_mut(key) {
            Phase::Waiting(kept) => {
                *kept = waker.take();
                kept.is_some()
            }
            Phase::Granted | Phase::Refused(_) => false,
        };
        let spot = Spot {
            key,
            timeout: self.config.checkout_timeout,
            position,
            wanted,
            is_told,
        };
        LinedUp::Waits(spot, wakers)
    }

    fn leave(&mut self, door: &Door, key: Key, wakers: &mut Wakers) {
        let (phase, places) = self.queue.remove(key);
        match phase {
            Phase::Waiting(waker) => wakers.unused = wakers.unused.take().or(waker),
            Phase::Granted => {
                let _ = door.give(places);
            }
            Phase::Refused(_) => {}
        }
        self.serve_into(door, wakers);
    }

    fn serve_into(&mut self, door: &Door, wakers: &mut Wakers) {
        while let Some(first) = self.queue.first() {
            let limit = door.word().limit();
            if first.places > limit {
                // There are fewer since it came.
                let reason = too_many(first.places, limit);
                wakers.push(self.queue.refuse(first, reason));
            } else if door.take_held(first.places, self.queue.len() == 1) {
                wakers.push(self.queue.grant(first));
            } else {
                break;
            }
        }
        self.let_go_if_empty(door);
        if !self.drainers.is_empty() && door.word().busy() == 0 {
            for (_, waker) in self.drainers.drain(..) {
                wakers.push(Some(waker));
            }
        }
    }

    fn let_go_if_empty(&self, door: &Door) {
        // Mostly that was done together with taking the last place.
        if self.queue.is_empty() && door.word().is_queued() {
            door.let_go();
        }
    }
}

/// Whether nobody can wait, for want of room or of time.
pub(crate) fn has_no_line(config: &Config) -> bool {
    config.max_waiting == 0 || config.checkout_timeout.is_zero()
}

fn full(word: Word, waiting: usize) -> Reason {
    Reason::Full {
        concurrent: word.busy() as usize,
        waiting,
    }
}

pub(crate) fn too_many(wanted: u32, limit: u32) -> Reason {
    Reason::TooMany {
        wanted: wanted as usize,
        limit: limit as usize,
    }
}
