//! Waiting for the last place to come back.

use std::task::Waker;

use super::Gate;

/// Somebody who waits until all places are back. Dropped, it is forgotten.
pub(crate) struct Drainer<'a> {
    gate: &'a Gate,
    number: u64,
}

impl<'a> Drainer<'a> {
    pub(crate) fn new(gate: &'a Gate) -> Self {
        let number = gate.state.lock().new_drainer();
        Self { gate, number }
    }

    /// Whether all places are back; if not, `waker` is woken when they are.
    pub(crate) fn is_done(&self, waker: &Waker) -> bool {
        let mut waker = Some(waker.clone());
        let mut state = self.gate.state.lock();
        let is_done = state.drained(&self.gate.door, self.number, &mut waker);
        drop(state);
        // What is left, perhaps the one of last time, is dropped here.
        is_done
    }
}

impl Drop for Drainer<'_> {
    fn drop(&mut self) {
        let waker = self.gate.state.lock().forget_drainer(self.number);
        drop(waker);
    }
}
