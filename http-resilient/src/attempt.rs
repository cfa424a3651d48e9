//! One attempt: breaker, bulkhead, attempt timeout, reqwest.

use std::time::{Duration, Instant};

use reqwest::Response;
use steadfast_breaker::Outcome;
use steadfast_retry::BudgetPermit;
use tokio::time::timeout_at;

use crate::body::{Answer, Holds, Limits, guard};
use crate::call::Call;
use crate::classify::{fault, is_retryable, outcome};
use crate::enter::Entered;
use crate::error::{Error, Phase, kind_of, whole_millis};
use crate::leg::Slot;
use crate::noted::Brief;
use crate::redirected::{Marked, Redirects};
use crate::shield::Shielded;
use crate::spans::AttemptSpan;
use crate::transport::SendError;

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

impl Failure {
    /// In the words of OpenTelemetry's `error.type`.
    #[cfg(feature = "middleware")]
    fn kind(&self) -> &'static str {
        match self {
            Self::Rejected(error) | Self::Fault { error, .. } => error.kind(),
            Self::Deadline(_) => "deadline_exceeded",
        }
    }
}

impl Call<'_> {
    /// Makes one attempt, `now`. The response is left in `slot`, as it is large, and holds its permits until
    /// its body ends.
    ///
    /// # Cancel safety
    /// Dropped on the way, it gives back its place and its permit; the breaker counts the call as
    /// abandoned.
    pub(crate) async fn send(
        &self,
        now: Instant,
        leave: Option<BudgetPermit>,
        slot: &Slot,
    ) -> Result<(), Box<Failure>> {
        let Entered { permit, place, now } = self.enter(now).await?;
        let permit = Shielded::new(permit, self);
        let left = match self.left_at(now, Phase::Queue) {
            Ok(left) => left,
            Err(failure) => {
                permit.ignore();
                return Err(Box::new(failure));
            }
        };
        let timeout = self.attempt_timeout.min(left);
        if timeout.is_zero() {
            permit.ignore();
            return Err(Box::new(self.no_time()));
        }
        let (executing, span) = self.begin(left);
        if let Some(leave) = leave {
            leave.spend();
        }
        let sending = Marked::new(executing);
        let sending = match now.checked_add(timeout) {
            Some(until) => timeout_at(tokio::time::Instant::from_std(until), sending),
            None => tokio::time::timeout(timeout, sending), // for ever
        };
        match sending.await {
            Ok((Ok(response), _)) => {
                let answer = self.answered(response, permit, place, span, left)?;
                *slot.lock() = Some(Ok(answer));
                Ok(())
            }
            #[cfg(feature = "middleware")]
            Ok((Err(SendError::Middleware(source)), _)) => {
                let failure = self.judge_middleware(source, permit, timeout);
                span.failed(failure.kind());
                Err(Box::new(failure))
            }
            Ok((Err(SendError::Reqwest(error)), redirected)) => {
                let failure = self.judge_error(error, redirected, permit, span, timeout);
                Err(Box::new(failure))
            }
            Err(_) => Err(Box::new(self.timed_out(permit, span, timeout))),
        }
    }

    /// Sends the request, or a copy of it, with `left` until the deadline.
    fn begin(
        &self,
        left: Duration,
    ) -> (
        impl Future<Output = Result<Response, SendError>> + Send + Unpin,
        AttemptSpan,
    ) {
        let mut request = self.next_request();
        // What is left is ours to watch, also while the body is read. It takes the place of a timeout
        // that a reqwest client of the user's may have.
        if self.shared.may_have_timeout || !self.transport.is_own() {
            *request.timeout_mut() = Some(left);
        } else if request.timeout().is_some() {
            *request.timeout_mut() = None;
        }
        let number = self.begin_attempt();
        self.propagate(number - self.attempts_before(), request.headers_mut());
        let span = self.span.attempt(number, &mut request);
        (self.transport.send(request), span)
    }

    /// The head of the response is there.
    fn answered(
        &self,
        response: Response,
        permit: Shielded<'_, '_>,
        place: steadfast_bulkhead::Permit,
        mut span: AttemptSpan,
        left: Duration,
    ) -> Result<Answer, Box<Failure>> {
        // First of all: with its place, the next call gets through the gates.
        self.heed(&response);
        span.answered(&response);
        // Nobody reads the page of a redirect that is followed.
        let is_followed = self
            .hop
            .as_ref()
            .is_some_and(|hop| hop.is_followed(&response));
        let breaker = match outcome(response.status()) {
            Outcome::Success if !is_followed => permit.unshielded(), // the body has the last word
            decided => {
                self.record_status(permit, decided, response.status());
                None
            }
        };
        let holds = Holds {
            breaker,
            on_timeout: self.blame(left),
            _place: place,
            span,
        };
        let transient = is_retryable(response.status());
        let mut limits = self.limits();
        if is_followed {
            limits.bytes = None;
        }
        guard(response, holds, limits)
            .map_err(|too_large| Box::new(self.too_large(too_large, transient)))
    }

    /// reqwest has failed.
    fn judge_error(
        &self,
        error: reqwest::Error,
        redirected: bool,
        permit: Shielded<'_, '_>,
        span: AttemptSpan,
        timeout: Duration,
    ) -> Failure {
        let redirects = match (
            self.shared.tracks_redirects && self.transport.is_own(),
            redirected,
        ) {
            (true, false) => Redirects::None,
            (true, true) => Redirects::Some,
            (false, _) => Redirects::Unknown,
        };
        if error.is_timeout() && !error.is_connect() && self.is_over() {
            // reqwest's timer for the whole was quicker than ours for the head.
            self.record_out_of_time(permit, timeout);
            span.failed("deadline_exceeded");
            return Failure::Deadline(Phase::Response);
        }
        let fault = fault(&error, redirects);
        self.record_error(permit, fault.outcome, kind_of(&error), Brief(&error));
        if !fault.sent {
            self.was_not_sent();
        }
        let error = if error.is_builder() && !fault.sent && self.attempts_before() == 0 {
            Error::invalid(error)
        } else {
            Error::Request {
                source: error.without_url(),
                request: self.summary(),
            }
        };
        span.failed(error.kind());
        Failure::Fault {
            error,
            sent: fault.sent,
            transient: fault.transient,
        }
    }

    /// The request gives its attempts no time at all: nothing is sent.
    fn no_time(&self) -> Failure {
        Failure::Fault {
            error: Error::AttemptTimeout {
                timeout: Duration::ZERO,
                request: self.summary(),
            },
            sent: false,
            transient: false,
        }
    }

    /// The time for the attempt, or for all of it, ran out before there was a response.
    fn timed_out(&self, permit: Shielded<'_, '_>, span: AttemptSpan, timeout: Duration) -> Failure {
        self.record_out_of_time(permit, timeout);
        if self.is_over() {
            span.failed("deadline_exceeded");
            return Failure::Deadline(Phase::Response);
        }
        span.failed("timeout");
        Failure::Fault {
            error: Error::AttemptTimeout {
                timeout,
                request: self.summary(),
            },
            sent: true,
            transient: true,
        }
    }

    /// There was no response within `given`.
    pub(crate) fn record_out_of_time(&self, permit: Shielded<'_, '_>, given: Duration) {
        let what = format_args!("no response within {:?}", whole_millis(given));
        self.record_error(permit, self.blame(given), "timeout", what);
    }

    /// What an attempt that was not over within `given` says about the server: that it failed, if it
    /// had at least half of the time that attempts usually have. A caller in a hurry must not open the
    /// circuit for everybody.
    pub(crate) fn blame(&self, given: Duration) -> Outcome {
        let settings = self.settings;
        let usual = settings.attempt_timeout.min(settings.total_timeout);
        if given >= usual / 2 {
            Outcome::Failure
        } else {
            Outcome::Ignored
        }
    }

    /// What its body may take. To go beyond what the client allows all of them is the server's failure; to
    /// go beyond what only this request has asked for is not, as [`blame`](Self::blame) has it for time.
    fn limits(&self) -> Limits {
        let (own, usual) = (self.options, self.settings);
        let on_excess = match (own.max_response_bytes, usual.max_response_bytes) {
            (Some(own), usual) if usual.is_none_or(|usual| own < usual) => Outcome::Ignored,
            _ => Outcome::Failure,
        };
        let on_stall = match own.read_timeout {
            Some(own) if own < usual.read_timeout.unwrap_or(usual.attempt_timeout) / 2 => {
                Outcome::Ignored
            }
            _ => Outcome::Failure,
        };
        Limits {
            bytes: own.max_response_bytes.or(usual.max_response_bytes),
            on_excess,
            read_timeout: own.read_timeout.or(usual.read_timeout),
            // A read timeout of reqwest's own would begin with the first look.
            looks_at_once: self.transport.is_own() && !self.shared.may_have_timeout,
            on_stall,
            deadline: self.deadline,
        }
    }

    fn too_large(&self, limit: u64, transient: bool) -> Failure {
        Failure::Fault {
            error: Error::BodyTooLarge {
                limit,
                request: self.summary(),
            },
            sent: true,
            transient,
        }
    }
}
