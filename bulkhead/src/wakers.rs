//! Who is to be woken once the lock of the line is released.

use std::task::Waker;

/// Wakers to be used, or dropped, after the lock. Mostly there is one at most.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    first: Option<Waker>,
    more: Vec<Waker>,
    /// That of a waiter who has left.
    pub(crate) unused: Option<Waker>,
}

impl Wakers {
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.more.extend(waker);
        }
    }

    #[inline]
    pub(crate) fn each(self, wake: impl Fn(Waker)) {
        if let Some(first) = self.first {
            wake(first);
        }
        for waker in self.more {
            wake(waker);
        }
    }
}
