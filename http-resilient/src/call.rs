//! One request on its way: the deadline around it, the retries, and the verdict on each attempt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use parking_lot::Mutex;
use reqwest::{Request, Response, Url};
use steadfast_retry::{Verdict, Waits};

use crate::attempt::Failure;
use crate::authority::{Authority, authority_of};
use crate::classify::{is_idempotent, is_retryable};
use crate::client::Shared;
use crate::clock;
use crate::counters::add_one;
use crate::error::{Error, Last};
use crate::observer::Finished;
use crate::read_ahead::read_ahead;
use crate::request::Options;
use crate::response::Attempts;
use crate::retry_after::retry_after;
use crate::settings::no_wait;
use crate::summary::RequestSummary;

/// Sends a request through all the patterns.
pub(crate) async fn run(
    shared: &Shared,
    request: Request,
    options: Options,
) -> Result<Response, Error> {
    let ongoing = shared.counters.begin();
    let name =
        authority_of(request.url()).filter(|_| matches!(request.url().scheme(), "http" | "https"));
    let Some(name) = name else {
        // No HTTP: reqwest says so in its own words, and sends nothing.
        return ongoing.end(shared.http.execute(request).await.map_err(Error::invalid));
    };
    let call = Call::new(shared, shared.meet(&name), request, options);
    let result = ongoing.end(call.run().await);
    call.tell(&result);
    result
}

pub(crate) struct Call<'c> {
    pub(crate) shared: &'c Shared,
    pub(crate) authority: Arc<Authority>,
    method: Method,
    url: Url,
    /// Whether it may reach the server twice.
    idempotent: bool,
    /// Whether it can: a body that is a stream is gone once it is sent.
    replayable: bool,
    pub(crate) attempt_timeout: Duration,
    started: Instant,
    pub(crate) deadline: Option<Instant>,
    pub(crate) progress: Mutex<Progress>,
}

/// What changes from attempt to attempt.
pub(crate) struct Progress {
    /// Gone when it was sent and cannot be again.
    request: Option<Request>,
    backoff: Waits,
    pub(crate) attempts: u32,
    pub(crate) sent: bool,
    result: Option<Kept>,
}

/// What the latest attempt that got through ended in.
enum Kept {
    /// A response: to be returned, or replaced by that of a retry. If a retry is to follow, it has
    /// been read and holds nothing any more.
    Response(Response),
    /// A response that was dropped for a retry, as it was too long or too slow to be read first.
    Discarded(StatusCode),
    Failed(Error),
}

impl<'c> Call<'c> {
    fn new(
        shared: &'c Shared,
        authority: Arc<Authority>,
        request: Request,
        options: Options,
    ) -> Self {
        let settings = &shared.settings;
        let started = clock::now();
        let total = request.timeout().copied();
        // `None` where the sum is beyond what a clock can tell: no limit.
        let deadline = started.checked_add(total.unwrap_or(settings.total_timeout));
        let method = request.method().clone();
        Self {
            idempotent: is_idempotent(options.idempotent, &method, request.headers()),
            replayable: request.body().is_none_or(|body| body.as_bytes().is_some()),
            method,
            url: request.url().clone(),
            attempt_timeout: options.attempt_timeout.unwrap_or(settings.attempt_timeout),
            started,
            deadline: [deadline, options.deadline].into_iter().flatten().min(),
            progress: Mutex::new(Progress {
                request: Some(request),
                backoff: shared.schedule.backoff(),
                attempts: 0,
                sent: false,
                result: None,
            }),
            authority,
            shared,
        }
    }

    async fn run(&self) -> Result<Response, Error> {
        // The result of each attempt stays here, so that one which a retry could not improve on is
        // still there to be returned; the retry only handles verdicts, and where it stops does not
        // matter any more.
        let retry = &self.shared.retry;
        let _ = retry
            .classify(|judged: &Result<(), Verdict>| match judged {
                Ok(()) => Verdict::Accept,
                Err(verdict) => *verdict,
            })
            .call(|attempt| self.attempt(attempt.number()))
            .await;
        let mut progress = self.progress.lock();
        match progress.result.take() {
            Some(Kept::Response(mut response)) => {
                let attempts = Attempts(progress.attempts);
                response.extensions_mut().insert(attempts);
                Ok(response)
            }
            Some(Kept::Failed(error)) => Err(error),
            Some(Kept::Discarded(_)) | None => unreachable!("every attempt leaves a result"),
        }
    }

    /// Makes an attempt, keeps its result, and says whether it is worth another.
    async fn attempt(&self, number: u32) -> Result<(), Verdict> {
        let last = number >= self.shared.settings.max_attempts;
        // There is one: a request that cannot be copied is not retried.
        let request = self
            .progress
            .lock()
            .next_request(last)
            .ok_or(Verdict::Stop)?;
        let verdict = match self.send(request).await {
            Ok(response) => self.judge(response, last).await,
            Err(failure) => self.judge_failure(failure, last),
        };
        match verdict {
            Verdict::Accept => Ok(()),
            verdict => Err(verdict),
        }
    }

    async fn judge(&self, response: Response, last: bool) -> Verdict {
        let verdict = if is_retryable(response.status()) {
            let hint = retry_after(response.headers(), clock::wall());
            self.verdict(self.idempotent, hint, last)
        } else {
            Verdict::Accept
        };
        let Some(wait) = wait_of(verdict) else {
            self.keep(Kept::Response(response));
            return verdict;
        };
        let status = response.status();
        let counters = &self.shared.counters;
        let began = clock::now();
        if let Some(response) = read_ahead(response, self.deadline).await {
            add_one(&counters.drained);
            self.keep(Kept::Response(response));
        } else {
            add_one(&counters.cut_off);
            self.keep(Kept::Discarded(status));
        }
        // The wait has begun with the response.
        let passed = clock::now().saturating_duration_since(began);
        Verdict::RetryAfter(wait.saturating_sub(passed))
    }

    fn judge_failure(&self, failure: Failure, last: bool) -> Verdict {
        match failure {
            Failure::Rejected(error) => {
                // A retry that is not let through is one that was not made: the result of the attempt
                // before it stands, if it is still there.
                let stands = matches!(
                    self.progress.lock().result,
                    Some(Kept::Response(_) | Kept::Failed(_))
                );
                if !stands {
                    self.keep(Kept::Failed(error));
                }
                Verdict::Stop
            }
            Failure::Deadline(phase) => {
                let before = self.progress.lock().result.take();
                let error = Error::DeadlineExceeded {
                    phase,
                    elapsed: clock::now().saturating_duration_since(self.started),
                    last: before.map(|kept| match kept {
                        Kept::Response(response) => Last::Status(response.status()),
                        Kept::Discarded(status) => Last::Status(status),
                        Kept::Failed(error) => Last::Error(Box::new(error)),
                    }),
                    request: self.summary(),
                };
                self.keep(Kept::Failed(error));
                Verdict::Stop
            }
            Failure::Fault {
                error,
                sent,
                transient,
            } => {
                self.keep(Kept::Failed(error));
                if transient {
                    self.verdict(self.idempotent || !sent, None, last)
                } else {
                    Verdict::Stop
                }
            }
        }
    }

    /// Whether to try again, and when. Never waits into the deadline.
    fn verdict(&self, repeatable: bool, hint: Option<Duration>, last: bool) -> Verdict {
        if !repeatable || !self.replayable {
            return Verdict::Stop;
        }
        if last {
            return Verdict::Retry; // and the retry says that there are no attempts left
        }
        let backoff = self.progress.lock().backoff.next().unwrap_or_default();
        let wait = match hint {
            Some(hint) if hint > self.shared.settings.max_retry_after => no_wait::TOO_LONG,
            Some(hint) => hint,
            None => backoff,
        };
        let left = self.deadline.map_or(no_wait::LONGEST, |deadline| {
            deadline.saturating_duration_since(clock::now())
        });
        if wait >= left && wait != no_wait::TOO_LONG {
            return Verdict::RetryAfter(no_wait::PAST_DEADLINE);
        }
        Verdict::RetryAfter(wait)
    }

    fn keep(&self, result: Kept) {
        let before = self.progress.lock().result.replace(result);
        drop(before); // outside the lock: a response gives permits back
    }

    pub(crate) fn summary(&self) -> Box<RequestSummary> {
        let progress = self.progress.lock();
        Box::new(RequestSummary {
            method: self.method.clone(),
            url: self.url.clone(),
            authority: Arc::clone(&self.authority.name),
            attempts: progress.attempts,
            sent: progress.sent,
        })
    }

    fn tell(&self, result: &Result<Response, Error>) {
        let finished = Finished {
            name: Arc::clone(&self.shared.name),
            authority: Arc::clone(&self.authority.name),
            method: self.method.clone(),
            attempts: self.progress.lock().attempts,
            duration: clock::now().saturating_duration_since(self.started),
            status: result.as_ref().ok().map(Response::status),
            error_type: result.as_ref().err().map(Error::kind),
        };
        self.shared.observers.tell(&finished);
        #[cfg(feature = "telemetry")]
        crate::telemetry::push(&self.shared.sinks, &finished);
    }
}

impl Progress {
    /// The request, or a copy of it if there may be another attempt.
    fn next_request(&mut self, last: bool) -> Option<Request> {
        let copy = match &self.request {
            Some(request) if !last => request.try_clone(),
            _ => None,
        };
        copy.or_else(|| self.request.take())
    }
}

/// How long to wait for the retry, if the verdict is one that will be made.
fn wait_of(verdict: Verdict) -> Option<Duration> {
    match verdict {
        Verdict::RetryAfter(wait) if wait < no_wait::PAST_DEADLINE => Some(wait),
        _ => None,
    }
}
