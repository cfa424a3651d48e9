//! The first-in, first-out queue of waiters: a doubly linked list in a slab.
//!
//! Every operation is O(1), the removal of a waiter from the middle included, so ten thousand
//! callers that give up at once cost ten thousand steps. The slab grows to the most waiters there
//! ever were and is reused from then on.

use std::{mem, task::Waker};

use crate::error::Reason;

/// Where one waiter sits. Only the [`Ticket`](crate::ticket::Ticket) that got it from
/// [`Queue::push`] uses it, and gives it back exactly once through [`Queue::remove`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(usize);

/// What has become of a waiter.
#[derive(Debug)]
pub(crate) enum Phase {
    /// In line. The waker is absent until the waiter was polled for the first time.
    Waiting(Option<Waker>),
    /// Out of the line with a place that it has not picked up yet.
    Granted,
    /// Out of the line without a place: nobody gets any more, or not so many.
    Refused(Reason),
}

#[derive(Debug)]
pub(crate) struct Queue {
    slots: Vec<Slot>,
    vacant: Option<usize>,
    head: Option<usize>,
    tail: Option<usize>,
    waiting: usize,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            vacant: None,
            head: None,
            tail: None,
            waiting: 0,
        }
    }

    /// Waiters in line; those that left it with a place are not counted.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Joins the end of the line, for so many places.
    pub(crate) fn push(&mut self, places: u32) -> Key {
        let slot = Slot {
            places,
            phase: Some(Phase::Waiting(None)),
            previous: self.tail,
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
        match self.tail {
            Some(tail) => self.slots[tail].next = Some(index),
            None => self.head = Some(index),
        }
        self.tail = Some(index);
        self.waiting += 1;
        Key(index)
    }

    /// How many places the first in line waits for.
    pub(crate) fn first(&self) -> Option<u32> {
        self.head.map(|head| self.slots[head].places)
    }

    /// Takes the first waiter out of the line and marks it granted. Its waker is to be woken once
    /// the lock is released.
    pub(crate) fn grant_first(&mut self) -> Option<Waker> {
        self.advance_first(Phase::Granted)
    }

    /// The same as [`grant_first`](Self::grant_first) for a refusal.
    pub(crate) fn refuse_first(&mut self, reason: Reason) -> Option<Waker> {
        self.advance_first(Phase::Refused(reason))
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
        (phase, self.slots[key.0].places)
    }

    #[cold]
    fn advance_first(&mut self, to: Phase) -> Option<Waker> {
        let first = self.head?;
        self.unlink(first);
        match mem::replace(self.phase_mut(Key(first)), to) {
            Phase::Waiting(waker) => waker,
            Phase::Granted | Phase::Refused(_) => unreachable!("only waiters are in line"),
        }
    }

    fn unlink(&mut self, index: usize) {
        let Slot { previous, next, .. } = self.slots[index];
        match previous {
            Some(previous) => self.slots[previous].next = next,
            None => self.head = next,
        }
        match next {
            Some(next) => self.slots[next].previous = previous,
            None => self.tail = previous,
        }
        self.waiting -= 1;
    }
}

/// `phase` is `None` in a vacant slot, whose `next` then leads to the next vacant one.
#[derive(Debug)]
struct Slot {
    places: u32,
    phase: Option<Phase>,
    previous: Option<usize>,
    next: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_reused_so_the_queue_is_as_large_as_its_longest_line() {
        let mut queue = Queue::new();
        for _ in 0..3 {
            let keys = [queue.push(1), queue.push(1), queue.push(1)];
            assert!(queue.grant_first().is_none(), "nobody was polled yet");
            assert_eq!(queue.len(), 2);
            for key in keys {
                queue.remove(key);
            }
            assert!(queue.is_empty());
        }
        assert_eq!(queue.slots.len(), 3);
    }
}
