//! The seam for telemetry: rare events are pushed, everything hot is read from a snapshot.

use std::sync::Arc;

use crate::rejected::Rejected;
use crate::state::{Cause, State};

/// Hears of the rare things: transitions and rejections. Every method defaults to nothing.
///
/// Observers run after the breaker's lock is released, on the thread whose call caused the event,
/// and before that call goes on: keep them short. A panic in one is caught and counted
/// ([`Totals::observer_panics`](crate::Totals::observer_panics)); the call does not notice.
/// Events of different threads may arrive out of order: [`Transition::generation`] tells which is newer.
pub trait Observer: Send + Sync {
    /// The breaker went from one state to another.
    fn transition(&self, transition: &Transition) {
        let _ = transition;
    }

    /// A call was rejected.
    fn rejected(&self, rejected: &Rejected) {
        let _ = rejected;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn transition(&self, transition: &Transition) {
        (**self).transition(transition);
    }

    fn rejected(&self, rejected: &Rejected) {
        (**self).rejected(rejected);
    }
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The breaker's name.
    pub name: Arc<str>,
    /// The state it left.
    pub from: State,
    /// The state it is in now.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// The generation that began with this transition; it only grows.
    pub generation: u64,
}
