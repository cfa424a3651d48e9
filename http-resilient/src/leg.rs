//! The attempts at one request: the retries, the verdict on each attempt, and the result that stands.

use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use reqwest::Response;
use steadfast_retry::{BudgetPermit, Extra, Verdict, Waits};

use crate::attempt::Failure;
use crate::call::Call;
use crate::classify::is_retryable;
use crate::clock;
use crate::error::{Error, Last, ThrottledBy};
use crate::past::Past;
use crate::rate_headers::stated_wait;
use crate::read_ahead::read_ahead;
use crate::response::{Attempts, ServedBy};
use crate::settings::no_wait;

pub(crate) struct Leg<'a> {
    pub(crate) call: &'a Call<'a>,
    progress: Mutex<Progress>,
}

/// What changes from attempt to attempt.
struct Progress {
    /// Made when there is something to wait for.
    backoff: Option<Waits>,
    /// The budget's leave for the attempt that follows.
    leave: Option<BudgetPermit>,
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

impl<'a> Leg<'a> {
    pub(crate) fn new(call: &'a Call<'a>) -> Self {
        Self {
            progress: Mutex::new(Progress {
                backoff: None,
                leave: None,
                result: None,
            }),
            call,
        }
    }

    pub(crate) async fn run(&self) -> Result<Response, Error> {
        let shared = self.call.shared;
        if let Some(budget) = &shared.budget {
            budget.record_call();
        }
        // The result of each attempt stays here, so that one which a retry could not improve on is
        // still there to be returned; the retry only handles verdicts, and where it stops does not
        // matter any more.
        let _ = shared
            .retry
            .classify(|judged: &Result<(), Verdict>| match judged {
                Ok(()) => Verdict::Accept,
                Err(verdict) => *verdict,
            })
            .max_attempts(self.call.max_attempts)
            .call(|attempt| {
                let number = attempt.number();
                self.attempt(number, number >= self.call.max_attempts)
            })
            .await;
        self.take_result()
    }

    /// Makes one attempt that nothing follows: a hedge. It makes none while the server wants to be left
    /// alone: it is not the server that is slow, and the first attempt waits for that moment already.
    pub(crate) async fn once(&self) -> Result<Response, Error> {
        if let Some(retry_after) = self.call.quiet() {
            return Err(Error::Throttled {
                retry_after,
                by: ThrottledBy::Server,
                request: self.call.summary(),
            });
        }
        let _ = self.attempt(1, true).await; // the result stays here, as above
        let mut result = self.take_result();
        if let Ok(response) = &mut result {
            response.extensions_mut().insert(ServedBy::Hedge);
        }
        result
    }

    fn take_result(&self) -> Result<Response, Error> {
        let result = self.progress.lock().result.take();
        match result {
            Some(Kept::Response(mut response)) => {
                let attempts = self.call.attempts();
                if attempts != 1 {
                    response.extensions_mut().insert(Attempts(attempts));
                }
                Ok(response)
            }
            Some(Kept::Failed(error)) => Err(error),
            Some(Kept::Discarded(_)) | None => unreachable!("every attempt leaves a result"),
        }
    }

    /// Makes an attempt, keeps its result, and says whether it is worth another.
    async fn attempt(&self, number: u32, last: bool) -> Result<(), Verdict> {
        // There is one: a request that cannot be copied is not retried.
        let request = self.call.next_request().ok_or(Verdict::Stop)?;
        let leave = self.progress.lock().leave.take();
        let verdict = match self.call.send(request, leave).await {
            Ok(response) => self.judge(response, number, last).await,
            Err(failure) => self.judge_failure(failure, number, last),
        };
        if let Some(wait) = wait_of(verdict) {
            self.call.span.waits(wait);
        }
        match verdict {
            Verdict::Accept => Ok(()),
            verdict => Err(verdict),
        }
    }

    async fn judge(&self, response: Response, number: u32, last: bool) -> Verdict {
        let verdict = if is_retryable(response.status()) {
            let hint = stated_wait(response.status(), response.headers(), clock::wall());
            if let Some(wait) = hint {
                self.call.keep_quiet(wait);
            }
            self.verdict(self.call.idempotent, hint, last)
        } else {
            Verdict::Accept
        };
        let Some(wait) = wait_of(verdict) else {
            self.keep(Kept::Response(response));
            return verdict;
        };
        let status = response.status();
        self.call.remember(Past {
            attempt: number,
            status: Some(status),
            error_type: None,
            wait,
        });
        let counters = &self.call.shared.counters;
        let began = clock::now();
        if let Some(response) = read_ahead(response, self.call.deadline).await {
            counters.drained.add();
            self.keep(Kept::Response(response));
        } else {
            counters.cut_off.add();
            self.keep(Kept::Discarded(status));
        }
        // The wait has begun with the response.
        let passed = clock::now().saturating_duration_since(began);
        Verdict::RetryAfter(wait.saturating_sub(passed))
    }

    fn judge_failure(&self, failure: Failure, number: u32, last: bool) -> Verdict {
        match failure {
            Failure::Rejected(error) => {
                self.call.span.rejected(error.kind());
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
                    elapsed: clock::now().saturating_duration_since(self.call.started),
                    last: before.map(|kept| match kept {
                        Kept::Response(response) => Last::Status(response.status()),
                        Kept::Discarded(status) => Last::Status(status),
                        Kept::Failed(error) => Last::Error(Box::new(error)),
                    }),
                    request: self.call.summary(),
                };
                self.keep(Kept::Failed(error));
                Verdict::Stop
            }
            Failure::Fault {
                error,
                sent,
                transient,
            } => {
                let kind = error.kind();
                self.keep(Kept::Failed(error));
                if !transient {
                    return Verdict::Stop;
                }
                let verdict = self.verdict(self.call.idempotent || !sent, None, last);
                if let Some(wait) = wait_of(verdict) {
                    self.call.remember(Past {
                        attempt: number,
                        status: None,
                        error_type: Some(kind),
                        wait,
                    });
                }
                verdict
            }
        }
    }

    /// Whether to try again, and when. Never waits into the deadline, and asks the budget before
    /// anything is given up for the retry.
    fn verdict(&self, repeatable: bool, hint: Option<Duration>, last: bool) -> Verdict {
        let call = self.call;
        if !repeatable || !call.replayable {
            return Verdict::Stop;
        }
        if last {
            return Verdict::Retry; // and the retry says that there are no attempts left
        }
        let max_retry_after = call.max_retry_after();
        let wait = match hint {
            Some(hint) if hint > max_retry_after => no_wait::TOO_LONG,
            Some(hint) => hint,
            None => self.next_backoff(),
        };
        // Never longer than the retry would wait: what it declined would have been given up already.
        let left = call.deadline.map_or(no_wait::LONGEST, |deadline| {
            let left = deadline.saturating_duration_since(clock::now());
            left.min(no_wait::LONGEST)
        });
        if wait == no_wait::TOO_LONG {
            return Verdict::RetryAfter(wait);
        }
        if wait >= left {
            return Verdict::Expired;
        }
        if let Some(budget) = &call.shared.budget {
            match budget.try_acquire(Extra::Retry) {
                Ok(leave) => self.progress.lock().leave = Some(leave),
                Err(_) => {
                    call.span.rejected("retry_budget"); // which the budget counts
                    return Verdict::Stop;
                }
            }
        }
        Verdict::RetryAfter(wait)
    }

    fn next_backoff(&self) -> Duration {
        let mut progress = self.progress.lock();
        let backoff = progress.backoff.get_or_insert_with(|| self.call.backoff());
        backoff.next().unwrap_or_default()
    }

    fn keep(&self, result: Kept) {
        let before = self.progress.lock().result.replace(result);
        drop(before); // outside the lock: a response gives permits back
    }
}

/// How long to wait for the retry, if the verdict is one that will be made.
fn wait_of(verdict: Verdict) -> Option<Duration> {
    match verdict {
        Verdict::RetryAfter(wait) if wait < no_wait::LONGEST => Some(wait),
        _ => None,
    }
}
