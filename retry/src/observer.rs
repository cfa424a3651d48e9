//! Being told of retries and of calls given up.

use std::sync::Arc;
use std::time::Duration;

use crate::exhausted::Reason;

/// Is told of the rare things that happen in a [`Retry`](crate::Retry): retries and give-ups.
///
/// Calls that succeed at once are not pushed; read them from the
/// [`Snapshot`](crate::Snapshot). Observers run on the thread of the call, without any lock held.
/// One that panics hurts neither the call nor the other observers; the panic is counted in
/// [`Totals::observer_panics`](crate::Totals::observer_panics). Methods that are added later come
/// with a default that does nothing.
pub trait Observer: Send + Sync {
    /// Whether it wants to be told at present. Asked when it is added, and again by
    /// [`Retry::ask_observers`](crate::Retry::ask_observers).
    ///
    /// Default: yes. While no observer wants to, a retry costs what it costs without any.
    fn wants_retries(&self) -> bool {
        true
    }

    /// An attempt has failed and another will follow after a wait. Called before the wait.
    fn retrying(&self, retrying: &Retrying) {
        let _ = retrying;
    }

    /// A call was given up.
    fn gave_up(&self, gave_up: &GaveUp) {
        let _ = gave_up;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn wants_retries(&self) -> bool {
        (**self).wants_retries()
    }

    fn retrying(&self, retrying: &Retrying) {
        (**self).retrying(retrying);
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        (**self).gave_up(gave_up);
    }
}

/// An attempt has failed and another will follow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retrying {
    /// The name of the retry.
    pub name: Arc<str>,
    /// The number of the attempt that failed. The first is 1.
    pub attempt: u32,
    /// How long the call waits before the next attempt.
    pub wait: Duration,
}

/// A call was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GaveUp {
    /// The name of the retry.
    pub name: Arc<str>,
    /// How many attempts the call made.
    pub attempts: u32,
    /// How long the call took, as in [`Exhausted::elapsed`](crate::Exhausted::elapsed).
    pub elapsed: Duration,
    /// Why there was no other attempt.
    pub reason: Reason,
}
