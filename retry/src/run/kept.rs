//! What few calls need.

use std::pin::Pin;
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::backoff::Draws;
use crate::history::History;
#[cfg(feature = "tokio")]
use crate::timer::Timer;

/// Nothing waits asynchronously without a runtime.
#[cfg(not(feature = "tokio"))]
type Timer = ();

pin_project! {
    /// What a call keeps from one attempt to the next.
    #[derive(Debug)]
    pub(super) struct Kept<E> {
        // Made at the first backoff.
        pub(super) draws: Option<Draws>,
        pub(super) history: History<E>,
        // The attempt that is cut off, and how long it may take if that is limited.
        pub(super) timed: (u32, Option<Duration>),
        #[pin]
        pub(super) timer: Timer,
    }
}

/// Made when there is something to keep: it would be most of the size of a call.
#[derive(Debug)]
pub(super) struct Keeping<E>(Option<Pin<Box<Kept<E>>>>);

impl<E> Keeping<E> {
    #[inline]
    pub(super) const fn nothing() -> Self {
        Self(None)
    }

    #[inline]
    pub(super) fn history(&self) -> &History<E> {
        match &self.0 {
            Some(kept) => &kept.history,
            None => const { &History::new() },
        }
    }

    /// The history, of which nothing stays if it is replaced.
    pub(super) fn history_mut(&mut self) -> &mut History<E> {
        self.kept().project().history
    }

    pub(super) fn take_history(&mut self) -> History<E> {
        match &mut self.0 {
            Some(kept) => std::mem::replace(kept.as_mut().project().history, History::new()),
            None => History::new(),
        }
    }

    pub(super) fn draws(&mut self, first: impl FnOnce() -> Draws) -> &mut Draws {
        self.kept().project().draws.get_or_insert_with(first)
    }

    /// Whether it is known how long this attempt may take.
    #[cfg(feature = "tokio")]
    pub(super) fn is_timed(&self, attempt: u32) -> bool {
        self.0.as_ref().is_some_and(|kept| kept.timed.0 == attempt)
    }

    /// How long this attempt may take: what was said when it was first asked for, since settings change.
    #[cfg(feature = "tokio")]
    pub(super) fn timeout(&mut self, attempt: u32, newest: Option<Duration>) -> Option<Duration> {
        let timed = self.kept().project().timed;
        if timed.0 != attempt {
            *timed = (attempt, newest);
        }
        timed.1
    }

    #[cfg(feature = "tokio")]
    pub(super) fn timer(&mut self) -> Pin<&mut Timer> {
        self.kept().project().timer
    }

    fn kept(&mut self) -> Pin<&mut Kept<E>> {
        self.0.get_or_insert_with(Self::make).as_mut()
    }

    #[cold]
    fn make() -> Pin<Box<Kept<E>>> {
        Box::pin(Kept {
            draws: None,
            history: History::new(),
            timed: (0, None),
            timer: Timer::default(),
        })
    }
}
