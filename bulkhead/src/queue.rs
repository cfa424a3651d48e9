//! The waiters: a first-in, first-out line for each priority, doubly linked lists in one slab.
//!
//! Every operation is O(1), the removal of a waiter from the middle included, so ten thousand
//! callers that give up at once cost ten thousand steps. The slab grows to the most waiters there
//! ever were and is reused from then on.

use std::{mem, task::Waker};

use crate::{
    config::Config,
    priority::Priority,
    rejected::Reason,
    shares::{ALL, ByPriority, Shares},
};

/// Where one waiter sits. Only the [`Ticket`](crate::ticket::Ticket) that got it from
/// [`Queue::push`] uses it, and gives it back exactly once through [`Queue::remove`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(usize);

/// What somebody wants, and how urgently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) places: u32,
    pub(crate) priority: Priority,
}

impl Wanted {
    #[cfg(any(feature = "tokio", test))]
    #[inline]
    pub(crate) fn one(priority: Priority) -> Self {
        let places = 1;
        Self { places, priority }
    }
}

/// What has become of a waiter.
#[derive(Debug)]
pub(crate) enum Phase {
    /// In line. The waker is absent until the waiter was polled for the first time.
    Waiting(Option<Waker>),
    /// Out of the line with a place that it has not picked up yet.
    Granted,
    /// Out of the line without a place.
    Refused(Reason),
}

#[derive(Debug)]
pub(crate) struct Queue {
    slots: Vec<Slot>,
    vacant: Option<usize>,
    lines: ByPriority<Line>,
    /// Those of all lines.
    waiting: usize,
    shares: Shares,
}

#[derive(Debug, Default)]
struct Line {
    head: Option<usize>,
    tail: Option<usize>,
    waiting: usize,
}

/// Who is served next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First {
    index: usize,
    pub(crate) places: u32,
}

impl Queue {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            slots: Vec::new(),
            vacant: None,
            lines: ByPriority::default(),
            waiting: 0,
            shares: Shares::new(config),
        }
    }

    /// Other shares, or another length of the line. Nobody leaves it for that.
    pub(crate) fn reconfigure(&mut self, config: &Config) {
        self.shares.reconfigure(config);
    }

    /// Waiters in line, by priority; those that left it with a place are not counted.
    pub(crate) fn waiting(&self) -> ByPriority<usize> {
        self.lines.each_ref().map(|line| line.waiting)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Joins the end of the line. The second number is where that is: 1 for the first of its
    /// priority.
    pub(crate) fn push(&mut self, wanted: Wanted) -> (Key, usize) {
        let line = &mut self.lines[wanted.priority as usize];
        let slot = Slot {
            wanted,
            phase: Some(Phase::Waiting(None)),
            previous: line.tail,
            next: None,
        };
        let index = match self.vacant {
            Some(index) => {
                self.vacant = self.slots[index].next;
                self.slots[index] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        match line.tail {
            Some(tail) => self.slots[tail].next = Some(index),
            None => {
                line.head = Some(index);
                self.shares.joined(wanted.priority);
            }
        }
        line.tail = Some(index);
        line.waiting += 1;
        self.waiting += 1;
        (Key(index), line.waiting)
    }

    /// Who is served next, and how many places it waits for.
    pub(crate) fn first(&self) -> Option<First> {
        let is_only = |class: &Priority| self.lines[*class as usize].waiting == self.waiting;
        let class = match ALL.iter().find(|class| is_only(class)) {
            // Also if nobody waits at all.
            Some(only) => *only,
            None => self
                .shares
                .next(self.waiting().map(|waiting| waiting == 0))?,
        };
        let index = self.lines[class as usize].head?;
        let places = self.slots[index].wanted.places;
        Some(First { index, places })
    }

    /// Takes this waiter out of the line and marks it granted. Its waker is to be woken once the lock
    /// is released.
    pub(crate) fn grant(&mut self, first: First) -> Option<Waker> {
        let priority = self.slots[first.index].wanted.priority;
        self.shares.served(priority, first.places);
        self.take_out(first.index, Phase::Granted)
    }

    /// The same for a refusal, which is at nobody's expense.
    pub(crate) fn refuse(&mut self, first: First, reason: Reason) -> Option<Waker> {
        self.take_out(first.index, Phase::Refused(reason))
    }

    /// Makes room in a full line for one of this priority, if that has a right to it. The waker is
    /// that of the one who has to leave.
    pub(crate) fn displace(&mut self, priority: Priority, reason: Reason) -> Option<Option<Waker>> {
        let class = self.shares.displaced_by(priority, self.waiting())?;
        let newest = self.lines[class as usize].tail?;
        Some(self.take_out(newest, Phase::Refused(reason)))
    }

    /// What has become of the waiter.
    pub(crate) fn phase_mut(&mut self, key: Key) -> &mut Phase {
        match &mut self.slots[key.0].phase {
            Some(phase) => phase,
            None => unreachable!("a key is used only until it is removed"),
        }
    }

    /// Forgets the waiter, wherever it stands, and tells what had become of it and how many places it
    /// was about.
    pub(crate) fn remove(&mut self, key: Key) -> (Phase, u32) {
        let Some(phase) = self.slots[key.0].phase.take() else {
            unreachable!("a key is removed only once")
        };
        if matches!(phase, Phase::Waiting(_)) {
            self.unlink(key.0);
        }
        self.slots[key.0].next = self.vacant;
        self.vacant = Some(key.0);
        (phase, self.slots[key.0].wanted.places)
    }

    /// Everybody in line, in no order.
    pub(crate) fn refuse_all(&mut self, reason: Reason, mut each: impl FnMut(Option<Waker>)) {
        for class in ALL {
            while let Some(head) = self.lines[class as usize].head {
                each(self.take_out(head, Phase::Refused(reason)));
            }
        }
    }

    fn take_out(&mut self, index: usize, to: Phase) -> Option<Waker> {
        self.unlink(index);
        match mem::replace(self.phase_mut(Key(index)), to) {
            Phase::Waiting(waker) => waker,
            Phase::Granted | Phase::Refused(_) => unreachable!("only waiters are in line"),
        }
    }

    fn unlink(&mut self, index: usize) {
        let Slot {
            previous,
            next,
            wanted,
            ..
        } = self.slots[index];
        let line = &mut self.lines[wanted.priority as usize];
        match previous {
            Some(previous) => self.slots[previous].next = next,
            None => line.head = next,
        }
        match next {
            Some(next) => self.slots[next].previous = previous,
            None => line.tail = previous,
        }
        line.waiting -= 1;
        self.waiting -= 1;
        if self.is_empty() {
            self.shares.reset();
        }
    }
}

/// `phase` is `None` in a vacant slot, whose `next` then leads to the next vacant one.
#[derive(Debug)]
struct Slot {
    wanted: Wanted,
    phase: Option<Phase>,
    previous: Option<usize>,
    next: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_reused_so_the_queue_is_as_large_as_its_longest_line() {
        let mut queue = Queue::new(&Config::default());
        for _ in 0..3 {
            let keys = ALL.map(|priority| queue.push(Wanted::one(priority)).0);
            let first = queue.first().unwrap();
            assert!(queue.grant(first).is_none(), "nobody was polled yet");
            assert_eq!(queue.len(), 2);
            for key in keys {
                queue.remove(key);
            }
            assert!(queue.is_empty());
        }
        assert_eq!(queue.slots.len(), 3);
    }
}
