//! A body that holds permits and keeps to its limits.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use steadfast_breaker::Outcome;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Begun, BodyError, Holds, Limits};
use crate::clock;
use crate::noted::BrokenOff;

type BoxError = Box<dyn StdError + Send + Sync>;

pub(super) struct Guarded {
    inner: reqwest::Body,
    begun: Begun,
    /// Taken when the body is over.
    holds: Option<Holds>,
    limits: Limits,
    /// Bytes handed out.
    read: u64,
    /// The reader has asked for more and the server has not delivered.
    waiting: bool,
    /// An error was handed out: nothing comes after it.
    failed: bool,
    /// Wakes the reader when it has waited long enough; made when it first waits.
    alarm: Option<Pin<Box<Sleep>>>,
    /// When the present wait is over for want of anything to read.
    stalled_at: Option<Instant>,
}

impl Guarded {
    pub(super) fn new(inner: reqwest::Body, begun: Begun, holds: Holds, limits: Limits) -> Self {
        let mut guarded = Self {
            inner,
            begun,
            holds: Some(holds),
            limits,
            read: 0,
            waiting: false,
            failed: false,
            alarm: None,
            stalled_at: None,
        };
        if let Begun::Failed(error) = &guarded.begun {
            let outcome = guarded.blame(error, true);
            if let Some(holds) = guarded.holds.take() {
                break_off(holds, outcome, error);
            }
        }
        guarded.settle_at_end();
        guarded
    }

    /// Settles with the last byte, even if nobody asks for what comes after it.
    fn settle_at_end(&mut self) {
        // A body that may be decompressed never says that it is at its end, but its length does.
        let is_over = self.inner.is_end_stream() || self.inner.size_hint().exact() == Some(0);
        if is_over && !matches!(self.begun, Begun::Failed(_)) {
            self.succeed();
        }
    }

    fn succeed(&mut self) {
        if let Some(holds) = self.holds.take() {
            holds.succeed();
        }
    }

    /// What an error of the body says about the server.
    fn blame(&self, error: &reqwest::Error, waited: bool) -> Outcome {
        if error.is_timeout() {
            self.blame_time(waited)
        } else {
            Outcome::Failure
        }
    }

    /// What it says about the server that the time has run out.
    fn blame_time(&self, waited: bool) -> Outcome {
        match &self.holds {
            Some(holds) if waited => holds.on_timeout,
            // The reader was busy with something else.
            _ => Outcome::Success,
        }
    }

    fn fail(
        &mut self,
        error: BodyError,
        outcome: Outcome,
    ) -> Option<Result<Frame<Bytes>, BoxError>> {
        if let Some(holds) = self.holds.take() {
            holds.fail(outcome, error.kind(), &error);
        }
        self.failed = true;
        Some(Err(error.into_boxed()))
    }

    /// The next frame of what has begun or of the body itself.
    fn poll_inner(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        match std::mem::replace(&mut self.begun, Begun::Nothing) {
            Begun::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Begun::Failed(error) => Poll::Ready(Some(Err(error))),
            Begun::Nothing => Pin::new(&mut self.inner).poll_frame(cx),
        }
    }

    fn take(
        &mut self,
        frame: Option<Result<Frame<Bytes>, reqwest::Error>>,
        waited: bool,
    ) -> Option<Result<Frame<Bytes>, BoxError>> {
        match frame {
            Some(Ok(frame)) => {
                self.read += frame.data_ref().map_or(0, |data| data.len() as u64);
                if let Some(limit) = self.limits.bytes.filter(|limit| self.read > *limit) {
                    return self.fail(BodyError::TooLarge { limit }, self.limits.on_excess);
                }
                self.settle_at_end();
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                let outcome = self.blame(&error, waited);
                if let Some(holds) = self.holds.take() {
                    break_off(holds, outcome, &error);
                }
                self.failed = true;
                Some(Err(error.into()))
            }
            None => {
                self.succeed();
                None
            }
        }
    }

    /// The reader waits: until when at most? What is over when that time has come.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        let deadline = self.limits.deadline.map(Instant::from_std);
        let Some(at) = [deadline, self.stalled_at].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if alarm.deadline() != at {
            alarm.as_mut().reset(at);
        }
        std::task::ready!(alarm.as_mut().poll(cx));
        Poll::Ready(match self.limits.read_timeout {
            Some(after) if deadline != Some(at) => BodyError::Stalled { after },
            _ => BodyError::Deadline,
        })
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.failed {
            return Poll::Ready(None);
        }
        let waited = this.waiting;
        // What has come in time may be read in time only, unless all of it has.
        let deadline = this.holds.as_ref().and(this.limits.deadline);
        if deadline.is_some_and(|deadline| clock::now() >= deadline) {
            let outcome = this.blame_time(waited);
            return Poll::Ready(this.fail(BodyError::Deadline, outcome));
        }
        if let Poll::Ready(frame) = this.poll_inner(cx) {
            this.waiting = false;
            this.stalled_at = None;
            return Poll::Ready(this.take(frame, waited));
        }
        this.waiting = true;
        if this.stalled_at.is_none() {
            let now = Instant::from_std(clock::now());
            let after = |timeout: Duration| now.checked_add(timeout);
            this.stalled_at = this.limits.read_timeout.and_then(after);
        }
        match std::task::ready!(this.poll_alarm(cx)) {
            error @ BodyError::Stalled { .. } => {
                let outcome = this.limits.on_stall;
                Poll::Ready(this.fail(error, outcome))
            }
            error => {
                let outcome = this.blame_time(true);
                Poll::Ready(this.fail(error, outcome))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let begun = match &self.begun {
            Begun::Bytes(bytes) => bytes.len() as u64,
            Begun::Nothing | Begun::Failed(_) => 0,
        };
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + begun);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + begun);
        }
        hint
    }

    fn is_end_stream(&self) -> bool {
        self.failed || (matches!(self.begun, Begun::Nothing) && self.inner.is_end_stream())
    }
}

impl Drop for Guarded {
    /// Whoever drops a body that it was not waiting for has got what it wanted: the status was fine,
    /// and that is a success. Whoever drops one while the server was to deliver has given up on it:
    /// the call is abandoned, as anywhere else.
    fn drop(&mut self) {
        if !self.waiting {
            self.succeed();
        }
    }
}

/// The body has ended in an error.
#[cold]
fn break_off(holds: Holds, outcome: Outcome, error: &reqwest::Error) {
    // What it is in the attribute `error.type`.
    let kind = if error.is_timeout() {
        "timeout"
    } else {
        "body"
    };
    holds.fail(outcome, kind, &BrokenOff(error));
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("holds", &self.holds)
            .field("limits", &self.limits)
            .field("read", &self.read)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
