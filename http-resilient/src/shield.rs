//! The breaker's permit of an attempt that may turn out to be superfluous.

use std::fmt;

use steadfast_breaker::{Outcome, Permit};

use crate::call::Call;

/// A permit in an attempt. Dropped after the call was decided by another attempt, it says nothing about
/// the server; before that, it is abandoned, as any other.
pub(crate) struct Shielded<'a, 'c> {
    permit: Option<Permit>,
    call: &'a Call<'c>,
}

impl<'a, 'c> Shielded<'a, 'c> {
    pub(crate) fn new(permit: Permit, call: &'a Call<'c>) -> Self {
        Self {
            permit: Some(permit),
            call,
        }
    }

    pub(crate) fn record(mut self, outcome: Outcome) {
        if let Some(permit) = self.permit.take() {
            permit.record(outcome);
        }
    }

    /// Writes down what the attempt has ended in; how it counts is still to be said.
    pub(crate) fn note_error(&self, class: &str, message: impl fmt::Display) {
        if let Some(permit) = &self.permit {
            permit.note_error(class, message);
        }
    }

    pub(crate) fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// The permit itself, for a response.
    pub(crate) fn unshielded(mut self) -> Option<Permit> {
        self.permit.take()
    }
}

impl Drop for Shielded<'_, '_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            if self.call.is_decided() {
                permit.ignore();
            }
        }
    }
}
