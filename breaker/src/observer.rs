//! The seam for telemetry: rare events are pushed, everything hot is read from a snapshot.

use std::sync::Arc;

use crate::mode::ModeChange;
use crate::rejected::Rejected;
use crate::state::{Cause, State};

/// Hears of the rare things: transitions and rejections. Every method defaults to nothing.
///
/// Observers run after the breaker's lock is released, on the thread whose call caused the event,
/// and before that call goes on: keep them short. A panic in one is caught and counted
/// ([`Totals::observer_panics`](crate::Totals::observer_panics)); the call does not notice.
/// Events of different threads may arrive out of order: [`Transition::generation`] tells which is newer.
///
/// A breaker keeps its observers alive. One that needs the breaker should keep a
/// [`WeakCircuitBreaker`](crate::WeakCircuitBreaker), or neither is ever freed.
pub trait Observer: Send + Sync {
    /// The breaker went from one state to another.
    fn transition(&self, transition: &Transition) {
        let _ = transition;
    }

    /// A call was rejected.
    fn rejected(&self, rejected: &Rejected) {
        let _ = rejected;
    }

    /// A call was let through in shadow mode that would have been rejected otherwise.
    fn would_reject(&self, rejected: &Rejected) {
        let _ = rejected;
    }

    /// The mode was set, or came to its end.
    fn mode_changed(&self, change: &ModeChange) {
        let _ = change;
    }

    /// Whether this observer wants to hear of rejections: `true` unless said otherwise. Asked once, when it
    /// is added. Without such an observer an open breaker rejects without a lock.
    fn hears_rejections(&self) -> bool {
        true
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn transition(&self, transition: &Transition) {
        (**self).transition(transition);
    }

    fn rejected(&self, rejected: &Rejected) {
        (**self).rejected(rejected);
    }

    fn would_reject(&self, rejected: &Rejected) {
        (**self).would_reject(rejected);
    }

    fn mode_changed(&self, change: &ModeChange) {
        (**self).mode_changed(change);
    }

    fn hears_rejections(&self) -> bool {
        (**self).hears_rejections()
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
