//! The future of a permit. Written by hand: one that finds a place free then costs hardly more than
//! without a future.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    gate::{Entered, Gate},
    permit::Permit,
    queue::Wanted,
    rejected::Rejected,
    wait::Wait,
};

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Acquiring<'a> {
        gate: &'a Arc<Gate>,
        wanted: Wanted,
        is_over: bool,
        #[pin]
        wait: Option<Wait<'a>>,
    }
}

impl<'a> Acquiring<'a> {
    #[inline]
    pub(crate) fn new(gate: &'a Arc<Gate>, wanted: Wanted) -> Self {
        Self {
            gate,
            wanted,
            is_over: false,
            wait: None,
        }
    }
}

impl Future for Acquiring<'_> {
    type Output = Result<Permit, Rejected>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        assert!(!*this.is_over, "an acquire was polled after it had ended");
        let (gate, places) = (*this.gate, this.wanted.places);
        if this.wait.is_none() {
            match gate.enter(*this.wanted, Some(cx.waker())) {
                Ok(Entered::Waits(spot)) => this.wait.set(Some(Wait::new(gate, spot))),
                Ok(Entered::In(since)) => {
                    *this.is_over = true;
                    return Poll::Ready(Ok(Permit::new(Arc::clone(gate), places, since)));
                }
                Err(rejected) => {
                    *this.is_over = true;
                    return Poll::Ready(Err(rejected));
                }
            }
        }
        let waited = match this.wait.as_mut().as_pin_mut() {
            Some(wait) => ready!(wait.poll(cx)),
            None => unreachable!("it is in line"),
        };
        *this.is_over = true;
        Poll::Ready(waited.map(|waited| Permit::after_wait(Arc::clone(gate), places, waited)))
    }
}
