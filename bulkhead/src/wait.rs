//! The two ways to wait for a place: as a task and as a thread. Both use the same queue.

use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use crate::{
    clock, error::Rejected, gate::Gate, observer::Queued, state::Admission, ticket::Ticket,
};

/// Takes a place, waiting in line for at most the gate's timeout. Returns the time waited; the
/// caller owns the place and must put it into a permit before anything else.
#[cfg(feature = "tokio")]
pub(crate) async fn enter(gate: &Gate) -> Result<Duration, Rejected> {
    let Some(mut ticket) = line_up(gate, clock::now)? else {
        return Ok(Duration::ZERO);
    };
    let mut timeout = std::pin::pin!(tokio::time::sleep(gate.checkout_timeout));
    std::future::poll_fn(|context| {
        if let Poll::Ready(settled) = ticket.poll(context, clock::now()) {
            return Poll::Ready(settled);
        }
        std::task::ready!(timeout.as_mut().poll(context));
        Poll::Ready(ticket.time_out(clock::now()))
    })
    .await
}

/// The same on a thread, which parks while it waits.
pub(crate) fn enter_blocking(gate: &Gate) -> Result<Duration, Rejected> {
    let Some(mut ticket) = line_up(gate, clock::real)? else {
        return Ok(Duration::ZERO);
    };
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let context = Context::from_waker(&waker);
    loop {
        let now = clock::real();
        if let Poll::Ready(settled) = ticket.poll(&context, now) {
            return settled;
        }
        let left = gate.checkout_timeout.saturating_sub(ticket.waited(now));
        if left.is_zero() {
            return ticket.time_out(now);
        }
        thread::park_timeout(left);
    }
}

/// `None`: there was a free place, and the clock was not read.
fn line_up(gate: &Gate, clock: fn() -> Instant) -> Result<Option<Ticket<'_>>, Rejected> {
    let Admission::Queued { key, position } = gate.admit_or_queue()? else {
        return Ok(None);
    };
    let ticket = Ticket::new(gate, key, clock());
    gate.observers.notify(|observer| {
        observer.queued(&Queued {
            name: gate.name.clone(),
            position,
        });
    });
    Ok(Some(ticket))
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
