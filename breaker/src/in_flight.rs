//! The calls in flight whose duration matters: a slab, and through it a list in the order in which the
//! calls began, which is the order in which they become slow. Every operation is O(1), but that each
//! call is once moved from the list to the overdue.

use crate::clock::Time;

/// No call: the end of a list.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Call {
    began: Time,
    generation: u64,
    /// In the list of those not yet overdue; or, of a free place, the next free one.
    next: u32,
    previous: u32,
    overdue: bool,
}

/// Where a call is kept until it ends. A whole word, so that tickets are copied in whole words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// Of a call whose duration does not matter.
    pub(crate) const NOWHERE: Self = Self(NONE as u64);
}

#[derive(Debug)]
pub(crate) struct InFlight {
    calls: Vec<Call>,
    free: u32,
    first: u32,
    last: u32,
    /// Overdue calls of the present generation.
    overdue: u64,
}

impl InFlight {
    pub(crate) fn new() -> Self {
        Self {
            calls: Vec::new(),
            free: NONE,
            first: NONE,
            last: NONE,
            overdue: 0,
        }
    }

    pub(crate) fn begin(&mut self, now: Time, generation: u64) -> Place {
        let call = Call {
            began: now,
            generation,
            next: NONE,
            previous: NONE,
            overdue: false,
        };
        let at = if self.free == NONE {
            let at = u32::try_from(self.calls.len()).unwrap_or(NONE);
            if at == NONE {
                return Place::NOWHERE;
            }
            self.calls.push(call);
            at
        } else {
            let at = self.free;
            self.free = self.calls[at as usize].next;
            self.calls[at as usize] = call;
            at
        };
        self.append(at);
        Place(at.into())
    }

    fn append(&mut self, at: u32) {
        let call = &mut self.calls[at as usize];
        (call.previous, call.next) = (self.last, NONE);
        match self.last {
            NONE => self.first = at,
            last => self.calls[last as usize].next = at,
        }
        self.last = at;
    }

    /// Takes a call out that has ended: how long it was in flight, in nanoseconds.
    pub(crate) fn end(&mut self, place: Place, now: Time, generation: u64) -> u64 {
        let at = place.0 as u32;
        let call = self.calls[at as usize];
        if !call.overdue {
            self.unlink(call);
        } else if call.generation == generation {
            self.overdue -= 1;
        }
        self.calls[at as usize].next = self.free;
        self.free = at;
        now.since(call.began)
    }

    /// Calls of this generation in flight for `slow` nanoseconds or longer.
    pub(crate) fn overdue(&mut self, now: Time, slow: u64, generation: u64) -> u64 {
        while self.first != NONE {
            let at = self.first as usize;
            let call = self.calls[at];
            if now.since(call.began) < slow {
                break;
            }
            self.unlink(call);
            self.calls[at].overdue = true;
            self.overdue += u64::from(call.generation == generation);
        }
        self.overdue
    }

    /// Calls may become slow sooner or later than when they were last judged.
    pub(crate) fn judge_anew(&mut self) {
        let began = |at: &u32| self.calls[*at as usize].began;
        let mut free = vec![false; self.calls.len()];
        let mut next = self.free;
        while next != NONE {
            free[next as usize] = true;
            next = self.calls[next as usize].next;
        }
        let all = 0..u32::try_from(self.calls.len()).unwrap_or(NONE);
        let mut in_flight: Vec<u32> = all.filter(|&at| !free[at as usize]).collect();
        in_flight.sort_by_key(began);
        (self.first, self.last, self.overdue) = (NONE, NONE, 0);
        for at in in_flight {
            self.calls[at as usize].overdue = false;
            self.append(at);
        }
    }

    /// A new generation begins: the calls of the old one are nobody's overdue calls any more.
    pub(crate) fn forget(&mut self) {
        self.overdue = 0;
    }

    fn unlink(&mut self, call: Call) {
        match call.previous {
            NONE => self.first = call.next,
            previous => self.calls[previous as usize].next = call.next,
        }
        match call.next {
            NONE => self.last = call.previous,
            next => self.calls[next as usize].previous = call.previous,
        }
    }
}
