//! Whether an attempt was redirected.
//!
//! reqwest follows redirects inside one attempt and does not tell. It matters for one question: was
//! the request sent? A connect error after a redirect looks like any other connect error, down to
//! its URL, but the first server has seen the request. So the redirect policy leaves a mark, in a
//! thread-local cell that belongs to the attempt that is being polled.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use reqwest::redirect::Policy;

/// Whether an attempt was redirected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// It was not.
    None,
    /// It was.
    Some,
    /// The reqwest client came with a policy of its own, which leaves no mark.
    Unknown,
}

thread_local! {
    static SEEN: Cell<bool> = const { Cell::new(false) };
}

/// `policy`, leaving a mark whenever it is asked.
pub(crate) fn marking(policy: Policy) -> Policy {
    Policy::custom(move |attempt| {
        SEEN.set(true);
        policy.redirect(attempt)
    })
}

/// An attempt, and whether its policy was asked while it was polled.
pub(crate) struct Marked<F> {
    attempt: F,
    seen: bool,
}

impl<F: Unpin> Marked<F> {
    pub(crate) fn new(attempt: F) -> Self {
        Self {
            attempt,
            seen: false,
        }
    }
}

impl<F: Future + Unpin> Future for Marked<F> {
    type Output = (F::Output, bool);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outer = Restore(SEEN.replace(self.seen));
        let polled = Pin::new(&mut self.attempt).poll(cx);
        self.seen = SEEN.get();
        drop(outer);
        polled.map(|output| (output, self.seen))
    }
}

impl<F> fmt::Debug for Marked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marked").field("seen", &self.seen).finish()
    }
}

/// Gives an attempt around this one its mark back, after a panic too.
struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        SEEN.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn each_attempt_sees_its_own_mark_and_no_other() {
        let mut polls = 0;
        let redirected = std::pin::pin!(std::future::poll_fn(move |_| {
            polls += 1;
            if polls == 1 {
                SEEN.set(true);
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        let mut redirected = Marked::new(redirected);
        let direct = std::pin::pin!(std::future::ready(()));
        let mut direct = Marked::new(direct);
        assert_eq!(poll_once(&mut redirected), Poll::Pending);
        assert_eq!(poll_once(&mut direct), Poll::Ready(((), false)));
        assert_eq!(poll_once(&mut redirected), Poll::Ready(((), true)));
        assert!(!SEEN.get(), "nothing is left behind");
    }
}
