//! The two ways to wait for a place: as a task and as a thread. Both use the same queue.

#[cfg(feature = "tokio")]
use std::pin::Pin;
use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use crate::{clock, error::StillBusy, gate::Gate, rejected::Rejected, state::Spot, ticket::Ticket};

#[cfg(feature = "tokio")]
pin_project_lite::pin_project! {
    /// Waits as a task, and returns the time waited. The caller owns the place then, and must put it
    /// into a permit before anything else.
    pub(crate) struct Wait<'a> {
        ticket: Ticket<'a>,
        #[pin]
        timeout: tokio::time::Sleep,
    }
}

#[cfg(feature = "tokio")]
impl<'a> Wait<'a> {
    #[cold]
    pub(crate) fn new(gate: &'a Gate, spot: Spot) -> Self {
        let ticket = Ticket::new(gate, spot, clock::now());
        let timeout = tokio::time::sleep(ticket.timeout());
        Self { ticket, timeout }
    }
}

#[cfg(feature = "tokio")]
impl Future for Wait<'_> {
    type Output = Result<Duration, Rejected>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(settled) = this.ticket.poll(context, clock::now()) {
            return Poll::Ready(settled);
        }
        std::task::ready!(this.timeout.poll(context));
        Poll::Ready(this.ticket.time_out(clock::now()))
    }
}

/// The same as a thread, which parks while it waits.
pub(crate) fn as_thread(gate: &Gate, spot: Spot) -> Result<Duration, Rejected> {
    let mut ticket = Ticket::new(gate, spot, clock::real());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let context = Context::from_waker(&waker);
    loop {
        let now = clock::real();
        if let Poll::Ready(settled) = ticket.poll(&context, now) {
            return settled;
        }
        let left = ticket.timeout().saturating_sub(ticket.waited(now));
        if left.is_zero() {
            return ticket.time_out(now);
        }
        thread::park_timeout(left);
    }
}

/// Waits until all places are back.
#[cfg(feature = "tokio")]
pub(crate) async fn drained_as_task(gate: &Gate, timeout: Duration) -> Result<(), StillBusy> {
    let drained = std::future::poll_fn(|context| match gate.drained(context.waker()) {
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
    while !gate.drained(&waker) {
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
