//! A response's way to its place.

use std::{
    fmt, mem,
    task::{Context, Poll},
};

use crate::{
    bulkhead::{Bulkhead, Entry, OwnedWait},
    permit::Permit,
    rejected::Rejected,
};

/// Where a response stands. Dropped, it leaves the line, or gives the place back.
pub(super) enum Place {
    /// It has not asked yet.
    Outside(Bulkhead),
    InLine(OwnedWait),
    Inside(Permit),
    /// Refused, given back, or lent to [`poll_take`](Self::poll_take)'s caller.
    Gone,
}

impl Place {
    /// Takes the permit out, once there is one. Whoever is not done yet puts it back.
    ///
    /// Asks the bulkhead at the first poll, which is where it gets in line.
    pub(super) fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Result<Permit, Rejected>> {
        let mut wait = match mem::replace(self, Self::Gone) {
            Self::Outside(bulkhead) => match bulkhead.enter(cx.waker())? {
                Entry::Permit(permit) => return Poll::Ready(Ok(permit)),
                Entry::Wait(wait) => wait,
            },
            Self::InLine(wait) => wait,
            Self::Inside(permit) => return Poll::Ready(Ok(permit)),
            Self::Gone => over(),
        };
        let polled = wait.as_mut().poll(cx);
        if polled.is_pending() {
            *self = Self::InLine(wait);
        }
        polled
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside(_) => f.write_str("Outside"),
            Self::InLine(_) => f.write_str("InLine"),
            Self::Inside(permit) => f.debug_tuple("Inside").field(permit).finish(),
            Self::Gone => f.write_str("Gone"),
        }
    }
}

#[cold]
pub(super) fn over() -> ! {
    panic!("the response of a bulkhead was polled again after it had ended or panicked")
}
