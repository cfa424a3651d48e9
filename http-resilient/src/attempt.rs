//! One attempt: breaker, bulkhead, attempt timeout, reqwest.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use reqwest::{Request, Response};
use steadfast_breaker::Outcome;

use crate::body::{Holds, guard};
use crate::call::Call;
use crate::classify::{fault, outcome};
use crate::clock;
use crate::counters::add_one;
use crate::error::{Error, Phase};
use crate::redirect::{Marked, Redirects};

/// Why an attempt has no response.
pub(crate) enum Failure {
    /// Breaker or bulkhead did not let it through.
    Rejected(Error),
    /// The time for the whole request ran out.
    Deadline(Phase),
    /// It failed on the way.
    Fault {
        error: Error,
        /// Whether the server may have seen this attempt.
        sent: bool,
        /// Whether another attempt may end better.
        transient: bool,
    },
}

impl Call<'_> {
    /// Makes one attempt. The response holds its permits until its body ends.
    ///
    /// # Cancel safety
    /// Dropped on the way, it gives back its place and its permit; the breaker counts the call as
    /// abandoned.
    pub(crate) async fn send(&self, mut request: Request) -> Result<Response, Failure> {
        let (permit, place) = self.enter().await?;
        let left = match self.left(Phase::Queue) {
            Ok(left) => left,
            Err(failure) => {
                permit.ignore();
                return Err(failure);
            }
        };
        // Covers the response body, and takes the place of the reqwest client's own.
        *request.timeout_mut() = Some(left);
        let timeout = self.attempt_timeout.min(left);
        let seen_before = self.begin();
        let sending = Marked::new(self.shared.http.execute(request));
        match tokio::time::timeout(timeout, sending).await {
            Ok((Ok(response), _)) => {
                let breaker = match outcome(response.status()) {
                    Outcome::Success => Some(permit), // the body has the last word
                    decided => {
                        permit.record(decided);
                        None
                    }
                };
                let holds = Holds {
                    breaker,
                    on_timeout: self.blame(left),
                    _place: place,
                };
                Ok(guard(response, holds))
            }
            Ok((Err(error), redirected)) => {
                let redirects = match (self.shared.tracks_redirects, redirected) {
                    (true, false) => Redirects::None,
                    (true, true) => Redirects::Some,
                    (false, _) => Redirects::Unknown,
                };
                if error.is_timeout() && !error.is_connect() && self.is_over() {
                    // reqwest's timer for the whole was quicker than ours for the head.
                    permit.record(self.blame(timeout));
                    return Err(Failure::Deadline(Phase::Response));
                }
                let fault = fault(&error, redirects);
                permit.record(fault.outcome);
                if !fault.sent {
                    self.progress.lock().sent = seen_before;
                }
                let error = if error.is_builder() && !fault.sent {
                    Error::invalid(error)
                } else {
                    Error::Request {
                        source: error.without_url(),
                        request: self.summary(),
                    }
                };
                Err(Failure::Fault {
                    error,
                    sent: fault.sent,
                    transient: fault.transient,
                })
            }
            Err(_) => {
                permit.record(self.blame(timeout));
                if self.is_over() {
                    return Err(Failure::Deadline(Phase::Response));
                }
                Err(Failure::Fault {
                    error: Error::AttemptTimeout {
                        timeout,
                        request: self.summary(),
                    },
                    sent: true,
                    transient: true,
                })
            }
        }
    }

    /// Gets through breaker and bulkhead.
    async fn enter(
        &self,
    ) -> Result<(steadfast_breaker::Permit, steadfast_bulkhead::Permit), Failure> {
        let left = self.left(Phase::Queue)?;
        let permit = self.ask_breaker()?;
        let mut acquiring = pin!(self.authority.bulkhead.acquire());
        let at_once = poll_fn(|cx| Poll::Ready(acquiring.as_mut().poll(cx))).await;
        if let Poll::Ready(Ok(place)) = at_once {
            return Ok((permit, place));
        }
        // A call that waits for a place is none of the breaker's: it takes no probe, and it is not the
        // server that is slow.
        permit.ignore();
        let acquired = match at_once {
            Poll::Ready(acquired) => acquired,
            Poll::Pending => match tokio::time::timeout(left, acquiring).await {
                Ok(acquired) => acquired,
                Err(_) => return Err(Failure::Deadline(Phase::Queue)),
            },
        };
        let place = acquired.map_err(|rejected| {
            Failure::Rejected(Error::BulkheadFull {
                rejected,
                request: self.summary(),
            })
        })?;
        // The circuit may have opened meanwhile: the queue must not pour into a server that is down.
        Ok((self.ask_breaker()?, place))
    }

    fn ask_breaker(&self) -> Result<steadfast_breaker::Permit, Failure> {
        self.authority.breaker.try_acquire().map_err(|rejected| {
            Failure::Rejected(Error::CircuitOpen {
                rejected,
                request: self.summary(),
            })
        })
    }

    /// Counts an attempt, and supposes that the server sees it. Returns whether it had before.
    fn begin(&self) -> bool {
        add_one(&self.shared.counters.attempts);
        let mut progress = self.progress.lock();
        progress.attempts += 1;
        std::mem::replace(&mut progress.sent, true)
    }

    /// What an attempt that was not over within `given` says about the server: that it failed, if it
    /// had at least half of the time that attempts usually have. A caller in a hurry must not open the
    /// circuit for everybody.
    fn blame(&self, given: Duration) -> Outcome {
        let settings = &self.shared.settings;
        let usual = settings.attempt_timeout.min(settings.total_timeout);
        if given >= usual / 2 {
            Outcome::Failure
        } else {
            Outcome::Ignored
        }
    }

    fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| clock::now() >= deadline)
    }

    /// What is left until the deadline; a failure if that is nothing.
    fn left(&self, phase: Phase) -> Result<Duration, Failure> {
        let Some(deadline) = self.deadline else {
            return Ok(Duration::MAX);
        };
        let left = deadline.saturating_duration_since(clock::now());
        if left.is_zero() {
            return Err(Failure::Deadline(phase));
        }
        Ok(left)
    }
}
