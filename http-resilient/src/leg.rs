//! The attempts at one request: the retries, the verdict on each attempt, and the result that stands.

use std::pin::Pin;
use std::time::{Duration, Instant};

use http::StatusCode;
use parking_lot::Mutex;
use reqwest::Response;
use steadfast_retry::{BudgetPermit, Extra, Verdict, Waits};

use crate::attempt::Failure;
use crate::body::Answer;
use crate::call::Call;
use crate::classify::is_retryable;
use crate::clock;
use crate::error::{Error, Last, ThrottledBy};
use crate::past::Past;
use crate::rate_headers::stated_wait;
use crate::read_ahead::read_ahead;
use crate::response::{Attempts, ServedBy};
use crate::settings::no_wait;

pub(crate) struct Leg<'a, 'c> {
    pub(crate) call: &'a Call<'c>,
    /// The answer that was accepted, and at the end what stands. It is left here, as it is large and would
    /// be handed from one future to the next.
    pub(crate) slot: Slot,
    /// In a box, and made when there is something in it: after most requests there is not.
    progress: Mutex<Option<Box<Progress>>>,
}

/// Where the result of a request is left.
pub(crate) type Slot = Mutex<Option<Result<Answer, Error>>>;

/// What changes from attempt to attempt.
#[derive(Default)]
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

impl<'a, 'c> Leg<'a, 'c> {
    pub(crate) fn new(call: &'a Call<'c>) -> Self {
        Self {
            slot: Mutex::new(None),
            progress: Mutex::new(None),
            call,
        }
    }

    /// Makes attempts until the result of one of them stands.
    pub(crate) async fn run(&self) {
        let shared = self.call.shared;
        if let Some(budget) = &shared.budget {
            budget.record_call();
        }
        // What an attempt ends in stays here, so that one which a retry could not improve on is still there
        // to be returned; the retry only handles verdicts, and where it stops does not matter any more.
        let _ = shared
            .retry
            .classify(|judged: &Result<(), Verdict>| match judged {
                Ok(()) => Verdict::Accept,
                Err(verdict) => *verdict,
            })
            .max_attempts(self.call.max_attempts)
            .call(|attempt| {
                let number = attempt.number();
                let now = match number {
                    1 if self.call.is_fresh => self.call.started,
                    _ => clock::now(),
                };
                self.attempt(now, number, number >= self.call.max_attempts)
            })
            .await;
        self.settle();
    }

    /// Makes one attempt that nothing follows: a hedge. It makes none while the server wants to be left
    /// alone: it is not the server that is slow, and the first attempt waits for that moment already.
    pub(crate) async fn once(&self) -> Result<Answer, Error> {
        if let Some(retry_after) = self.call.quiet() {
            return Err(Error::Throttled {
                retry_after,
                by: ThrottledBy::Server,
                request: self.call.summary(),
            });
        }
        let _ = self.attempt(clock::now(), 1, true).await; // as above
        self.settle();
        let mut result = self.result();
        if let Ok(answer) = &mut result {
            answer.head_mut().extensions_mut().insert(ServedBy::Hedge);
        }
        result
    }

    /// Unless an answer was accepted, what was kept stands. Says how many attempts there were.
    fn settle(&self) {
        let is_accepted = self.slot.lock().is_some();
        if !is_accepted {
            let result = match self.take_kept() {
                Some(Kept::Response(response)) => Ok(Answer::Whole(response)),
                Some(Kept::Failed(error)) => Err(error),
                Some(Kept::Discarded(_)) | None => unreachable!("every attempt leaves a result"),
            };
            *self.slot.lock() = Some(result);
        }
        let attempts = self.call.attempts();
        // Further in, another client may have made a count of its own.
        if attempts != 1 || !self.call.transport.is_own() {
            if let Some(Ok(answer)) = &mut *self.slot.lock() {
                let extensions = answer.head_mut().extensions_mut();
                extensions.insert(Attempts(attempts));
            }
        }
    }

    /// What stands.
    pub(crate) fn result(&self) -> Result<Answer, Error> {
        let result = self.slot.lock().take();
        result.expect("it is left here by whoever makes attempts")
    }

    /// Looks at the answer, if a retry may improve on it.
    fn judging(&self, number: u32, last: bool) -> Option<Pin<Box<impl Future<Output = Verdict>>>> {
        let answer = self.slot.lock().take_if(|result| {
            let answer = result.as_ref();
            answer.is_ok_and(|answer| is_retryable(answer.status()))
        });
        let response = answer?.ok()?.whole();
        // In a box, as few are.
        Some(Box::pin(self.judge(response, number, last)))
    }

    fn take_kept(&self) -> Option<Kept> {
        self.progress.lock().as_mut()?.result.take()
    }

    fn take_leave(&self) -> Option<BudgetPermit> {
        self.progress.lock().as_mut()?.leave.take()
    }

    /// Makes an attempt, keeps its result, and says whether it is worth another.
    async fn attempt(&self, now: Instant, number: u32, last: bool) -> Result<(), Verdict> {
        let leave = self.take_leave();
        let verdict = match self.call.send(now, leave, &self.slot).await {
            Ok(()) => match self.judging(number, last) {
                Some(judging) => judging.await,
                None => return Ok(()),
            },
            Err(failure) => self.judge_failure(*failure, number, last),
        };
        if let Some(wait) = wait_of(verdict) {
            self.call.span.waits(wait);
        }
        Err(verdict)
    }

    /// Looks at a response that a retry may improve on.
    async fn judge(&self, response: Response, number: u32, last: bool) -> Verdict {
        let hint = stated_wait(response.status(), response.headers(), clock::wall());
        if let Some(wait) = hint {
            self.call.keep_quiet(wait);
        }
        let verdict = self.verdict(self.call.idempotent, hint, last);
        let Some(wait) = wait_of(verdict) else {
            self.keep(Kept::Response(response));
            return verdict;
        };
        let status = response.status();
        self.call.remember(Past {
            attempt: self.call.attempts_before() + number,
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
                let stands = self.progress.lock().as_ref().is_some_and(|progress| {
                    matches!(progress.result, Some(Kept::Response(_) | Kept::Failed(_)))
                });
                if !stands {
                    self.keep(Kept::Failed(error));
                }
                Verdict::Stop
            }
            Failure::Deadline(phase) => {
                let before = self.take_kept();
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
                        attempt: self.call.attempts_before() + number,
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
                Ok(leave) => self.progress.lock().get_or_insert_default().leave = Some(leave),
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
        let progress = progress.get_or_insert_default();
        let backoff = progress.backoff.get_or_insert_with(|| self.call.backoff());
        backoff.next().unwrap_or_default()
    }

    fn keep(&self, result: Kept) {
        let before = {
            let mut progress = self.progress.lock();
            progress.get_or_insert_default().result.replace(result)
        };
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
