//! The timer of one call: of its waits, and of the attempts that are cut off.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Instant as TokioInstant, Sleep, sleep, sleep_until};

use crate::clock;

/// Made when it is first needed, then used again. In a box: tokio's is larger than the rest of the
/// call, most calls never wait, and a call that does can bear an allocation.
#[derive(Debug)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { sleep: None }
    }

    /// Sets the timer to so much time after `now`. Panics outside a tokio runtime with a timer.
    pub(crate) fn arm(&mut self, now: Instant, wait: Duration) {
        match now.checked_add(wait) {
            Some(moment) => self.arm_at(moment),
            None => self.sleep = Some(Box::pin(sleep(wait))), // as long as tokio can
        }
    }

    /// Sets the timer to this moment, unless it is set to it.
    pub(crate) fn arm_at(&mut self, moment: Instant) {
        // tokio rounds up to its next tick and panics if the clock cannot tell that.
        let latest = moment
            .checked_add(TICK)
            .map_or_else(|| moment - TICK, |_| moment);
        let moment = TokioInstant::from_std(latest);
        match &mut self.sleep {
            Some(sleep) if sleep.deadline() == moment && !sleep.is_elapsed() => {}
            Some(sleep) => sleep.as_mut().reset(moment),
            None => self.sleep = Some(Box::pin(sleep_until(moment))),
        }
    }

    /// Ready when the time has come. By the clock: in a task that has used up its turn, tokio's timers
    /// are never ready, and what is polled before this one can use up every turn.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.sleep {
            Some(sleep) if sleep.deadline().into_std() <= clock::now() => Poll::Ready(()),
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

/// How finely tokio's timers count.
const TICK: Duration = Duration::from_millis(1);
