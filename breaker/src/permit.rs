//! Permits: the right to make one call, and the duty to say how it ended.

use std::fmt;
use std::sync::Arc;

use crate::machine::{Ending, Ticket};
use crate::shared::Shared;
use crate::state::Outcome;

/// The right to make one call, given out by [`CircuitBreaker::try_acquire`](crate::CircuitBreaker::try_acquire).
///
/// Dropped without an outcome it counts the call as abandoned; dropped by a panic, as failed. Either
/// way a half-open breaker gets the probe's place back at once.
#[must_use = "dropping a permit at once counts the call as abandoned"]
pub struct Permit {
    /// Taken when the call is settled.
    shared: Option<Arc<Shared>>,
    ticket: Ticket,
}

impl Permit {
    pub(crate) fn new(shared: Arc<Shared>, ticket: Ticket) -> Self {
        Self {
            shared: Some(shared),
            ticket,
        }
    }

    /// The call succeeded.
    #[inline]
    pub fn success(self) {
        self.record(Outcome::Success);
    }

    /// The call failed.
    #[inline]
    pub fn failure(self) {
        self.record(Outcome::Failure);
    }

    /// The call's outcome says nothing about the dependency.
    #[inline]
    pub fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// The call ended like this.
    #[inline]
    pub fn record(mut self, outcome: Outcome) {
        if let Some(shared) = self.shared.take() {
            shared.settle(self.ticket, Ending::Told(outcome));
        }
    }

    /// Writes down the error that the call has ended in, as
    /// [`CircuitBreaker::note_error`](crate::CircuitBreaker::note_error) does. How it counts is still to be
    /// said.
    ///
    /// # Panics
    /// Only if printing the message does.
    ///
    /// # Examples
    /// ```
    /// # use steadfast_breaker::CircuitBreaker;
    /// # let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let permit = breaker.try_acquire()?;
    /// permit.note_error("timeout", "no answer within 2s");
    /// permit.failure();
    /// # Ok::<_, steadfast_breaker::Rejected>(())
    /// ```
    pub fn note_error(&self, class: &str, message: impl fmt::Display) {
        if let Some(shared) = &self.shared {
            shared.note_error(class, &message);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else {
            return;
        };
        if std::thread::panicking() {
            shared.settle_panicked(self.ticket);
        } else {
            shared.settle(self.ticket, Ending::Abandoned);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
