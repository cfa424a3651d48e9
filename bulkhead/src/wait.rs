//! The two ways to wait for a place: as a task and as a thread. Both use the same queue.

#[cfg(feature = "tokio")]
use std::{mem, pin::Pin, task::ready};
use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

#[cfg(feature = "tokio")]
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::{
    clock,
    error::StillBusy,
    gate::{Drainer, Gate},
    rejected::Rejected,
    state::Spot,
    ticket::Ticket,
};

#[cfg(feature = "tokio")]
pin_project_lite::pin_project! {
    /// Waits as a task, and returns the time waited. The caller owns the place then, and must put it
    /// into a permit before anything else.
    pub(crate) struct Wait<'a> {
        ticket: Ticket<'a>,
        // Whether the line has the waker of whoever polls next, and nothing else to tell.
        is_told: bool,
        #[pin]
        timeout: Sleep,
    }
}

#[cfg(feature = "tokio")]
impl<'a> Wait<'a> {
    /// To be polled at once, by the task whose waker has been left in line, if one has.
    pub(crate) fn new(gate: &'a Gate, spot: Spot) -> Self {
        let ticket = Ticket::new(gate, &spot, clock::now);
        let timeout = ticket.timeout();
        // The clock was read just now.
        let deadline = Instant::from_std(ticket.since()).checked_add(timeout);
        Self {
            ticket,
            is_told: spot.is_told,
            timeout: deadline.map_or_else(|| sleep(timeout), sleep_until),
        }
    }
}

#[cfg(feature = "tokio")]
impl Future for Wait<'_> {
    type Output = Result<Duration, Rejected>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !mem::take(this.is_told) {
            if let Poll::Ready(settled) = this.ticket.poll(context) {
                return Poll::Ready(settled);
            }
        }
        ready!(this.timeout.poll(context));
        Poll::Ready(this.ticket.time_out())
    }
}

/// The same as a thread, which parks while it waits.
pub(crate) fn as_thread(gate: &Gate, spot: &Spot) -> Result<Duration, Rejected> {
    let mut ticket = Ticket::new(gate, spot, clock::real);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(settled) = ticket.poll(&context) {
            return settled;
        }
        let left = ticket.timeout().saturating_sub(ticket.waited());
        if left.is_zero() {
            return ticket.time_out();
        }
        thread::park_timeout(left);
    }
}

/// Waits until all places are back.
#[cfg(feature = "tokio")]
pub(crate) async fn drained_as_task(gate: &Gate, timeout: Duration) -> Result<(), StillBusy> {
    let drainer = Drainer::new(gate);
    let drained = std::future::poll_fn(|context| match drainer.is_done(context.waker()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    });
    let drained = tokio::time::timeout(timeout, drained).await;
    drained.map_err(|_| StillBusy::new(Arc::clone(gate.name()), gate.busy()))
}

/// The same as a thread.
pub(crate) fn drained_as_thread(gate: &Gate, timeout: Duration) -> Result<(), StillBusy> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let begin = clock::real();
    let drainer = Drainer::new(gate);
    while !drainer.is_done(&waker) {
        let waited = clock::real().saturating_duration_since(begin);
        let left = timeout.saturating_sub(waited);
        if left.is_zero() {
            return Err(StillBusy::new(Arc::clone(gate.name()), gate.busy()));
        }
        thread::park_timeout(left);
    }
    Ok(())
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
