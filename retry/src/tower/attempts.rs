//! The attempts of one call: which of them send what, and how they make a service ready first.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::attempt::Attempt;
use crate::calling::Operation;
use crate::history::History;
use crate::tower::clone_request::CloneRequest;

/// Makes the attempts of one call.
pub(super) struct Attempts<S, R, Q> {
    /// What the next attempt uses up, if there can be one. The first service is ready.
    next: Option<(S, R)>,
    copies: Q,
    max_attempts: u32,
    /// Whether a copy was wanted for the next attempt and not to be had.
    refused: bool,
}

impl<S, R, Q> Attempts<S, R, Q> {
    pub(super) fn new(ready: S, request: R, copies: Q, max_attempts: u32) -> Self {
        Self {
            next: Some((ready, request)),
            copies,
            max_attempts,
            refused: false,
        }
    }
}

impl<S, R, Q> Operation<S::Error, Sent<S, R>> for Attempts<S, R, Q>
where
    S: Service<R> + Clone,
    Q: CloneRequest<R>,
{
    #[inline]
    fn attempt(&mut self, attempt: Attempt, _: &History<S::Error>) -> Sent<S, R> {
        let Some((mut service, request)) = self.next.take() else {
            spent()
        };
        let mut copy = None;
        if attempt.number() < self.max_attempts {
            copy = self.copies.clone_request(&request);
            self.refused = copy.is_none();
        }
        if attempt.is_retry() {
            self.next = copy.map(|copy| (service.clone(), copy));
            // With a service of its own: one that is cut off while it waits to become ready must not
            // stay in some queue during the backoff, and one that has failed must not be used again.
            let next = Some((service, request));
            Sent::NotReady { next }
        } else {
            let future = service.call(request);
            self.next = copy.map(|copy| (service, copy));
            Sent::Called { future }
        }
    }

    fn is_spent(&self) -> bool {
        self.refused
    }
}

#[cold]
fn spent() -> ! {
    panic!("an attempt was begun that has nothing to send")
}

pin_project! {
    /// One attempt. Makes its service ready, if it is not the first, and calls it.
    #[project = SentProjection]
    pub(super) enum Sent<S, R>
    where
        S: Service<R>,
    {
        NotReady {
            // Taken when it is called.
            next: Option<(S, R)>,
        },
        Called {
            #[pin]
            future: S::Future,
        },
    }
}

impl<S, R> Future for Sent<S, R>
where
    S: Service<R>,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let future = match self.as_mut().project() {
                SentProjection::Called { future } => return future.poll(cx),
                SentProjection::NotReady { next } => {
                    if let Some((service, _)) = next {
                        ready!(service.poll_ready(cx))?;
                    }
                    let Some((mut service, request)) = next.take() else {
                        spent()
                    };
                    service.call(request)
                }
            };
            self.set(Self::Called { future });
        }
    }
}
