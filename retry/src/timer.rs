//! The timer of one call: of its waits, and of the attempts that are cut off.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::time::{Instant as TokioInstant, Sleep, sleep, sleep_until};

use crate::clock;

pin_project! {
    /// A new one of tokio's for each time, in the same place: a call may have moved to another runtime.
    #[derive(Debug, Default)]
    pub(crate) struct Timer {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    /// Sets the timer to so much time after `now`. Panics outside a tokio runtime with a timer.
    pub(crate) fn arm(self: Pin<&mut Self>, now: Instant, wait: Duration) {
        match now.checked_add(wait) {
            Some(moment) => self.arm_at(moment),
            None => self.project().sleep.set(Some(sleep(wait))), // as long as tokio can
        }
    }

    /// Sets the timer to this moment, unless it is set to it.
    pub(crate) fn arm_at(self: Pin<&mut Self>, moment: Instant) {
        // tokio rounds up to its next tick and panics if the clock cannot tell that.
        let latest = moment
            .checked_add(TICK)
            .map_or_else(|| moment - TICK, |_| moment);
        let moment = TokioInstant::from_std(latest);
        let mut sleep = self.project().sleep;
        let is_set = |sleep: &Sleep| sleep.deadline() == moment && !sleep.is_elapsed();
        if !sleep
            .as_ref()
            .as_pin_ref()
            .is_some_and(|sleep| is_set(&sleep))
        {
            sleep.set(None); // first, so that a panic leaves no other one behind
            sleep.set(Some(sleep_until(moment)));
        }
    }

    /// Ready when the time has come. By the clock: in a task that has used up its turn, tokio's timers
    /// are never ready, and what is polled before this one can use up every turn.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().sleep.as_pin_mut() {
            Some(sleep) if sleep.deadline().into_std() <= clock::now() => Poll::Ready(()),
            Some(sleep) => sleep.poll(cx),
            None => Poll::Ready(()),
        }
    }
}

/// How finely tokio's timers count.
const TICK: Duration = Duration::from_millis(1);
