//! The patterns, one inside the other.

use std::future::Future;

use steadfast_breaker::Outcome;
use steadfast_retry::{Deadline, Verdict};
use tokio::time::timeout;

use super::error::{Error, Kind};
use super::{Attempt, Shared};

pub(super) async fn call<T, E, C, F, Fut>(
    shared: &Shared,
    classifier: &C,
    operation: &F,
) -> Result<T, Error<E>>
where
    C: Fn(Result<&T, &E>) -> Verdict,
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    call_until(shared, shared.deadline(), classifier, operation).await
}

pub(super) async fn call_or<T, E, C, F, Fut, G, Alternative>(
    shared: &Shared,
    classifier: &C,
    operation: &F,
    fallback: G,
) -> Result<T, Error<E>>
where
    C: Fn(Result<&T, &E>) -> Verdict,
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    G: FnOnce(&Error<E>) -> Alternative,
    Alternative: Future<Output = Option<T>>,
{
    let deadline = shared.deadline();
    let failed = call_until(shared, deadline, classifier, operation).await;
    let error = match failed {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let alternative = fallback(&error);
    let instead = match deadline {
        // Polled before the time is looked at: what is ready at once is taken.
        Some(deadline) => timeout(deadline.remaining(), alternative).await.ok(),
        None => Some(alternative.await),
    };
    instead.flatten().ok_or(error)
}

async fn call_until<T, E, C, F, Fut>(
    shared: &Shared,
    deadline: Option<Deadline>,
    classifier: &C,
    operation: &F,
) -> Result<T, Error<E>>
where
    C: Fn(Result<&T, &E>) -> Verdict,
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let Some(hedge) = &shared.hedge else {
        return retry(shared, deadline, classifier, operation, false).await;
    };
    hedge
        .classify(|result| match result {
            Ok(_) => Verdict::Accept,
            Err(error) => hedged(error),
        })
        .call(|leg| retry(shared, deadline, classifier, operation, leg.is_hedge()))
        .await
}

/// What a call that failed means for the hedges beside it.
fn hedged<E>(error: &Error<E>) -> Verdict {
    match error.kind() {
        // Nobody lets the next one through either.
        Kind::CircuitOpen(_) | Kind::BulkheadRejected(_) => Verdict::Rejected(error.retry_after()),
        Kind::DeadlineExceeded { .. } => Verdict::Expired,
        Kind::Operation(_) if !error.is_retryable() => Verdict::Stop,
        Kind::Operation(_) | Kind::AttemptTimeout { .. } => Verdict::Retry,
    }
}

async fn retry<T, E, C, F, Fut>(
    shared: &Shared,
    deadline: Option<Deadline>,
    classifier: &C,
    operation: &F,
    is_hedge: bool,
) -> Result<T, Error<E>>
where
    C: Fn(Result<&T, &E>) -> Verdict,
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut calling = shared
        .retry
        .classify(|result: &Result<T, Kind<E>>| judge(result, classifier));
    if let Some(deadline) = deadline {
        calling = calling.deadline(deadline);
    }
    let called = calling.call(|of_retry| {
        let attempt = Attempt::new(of_retry, is_hedge);
        through_breaker(shared, classifier, operation, attempt)
    });
    match called.await {
        Ok(value) => Ok(value),
        Err(exhausted) => Error::of(&shared.name, *exhausted),
    }
}

/// What an attempt means for the retry.
fn judge<T, E>(
    result: &Result<T, Kind<E>>,
    classifier: &impl Fn(Result<&T, &E>) -> Verdict,
) -> Verdict {
    use steadfast_breaker::Reason;
    match result {
        Ok(value) => classifier(Ok(value)),
        Err(Kind::Operation(error)) => classifier(Err(error)),
        Err(Kind::CircuitOpen(rejected)) => match rejected.reason() {
            // When these let the next one through cannot be told, but it will not be long.
            Reason::ProbesBusy | Reason::RampingUp => Verdict::Retry,
            _ => Verdict::Rejected(rejected.retry_after()),
        },
        // Another attempt would only stand in the same line.
        Err(Kind::BulkheadRejected(_)) => Verdict::Stop,
        Err(Kind::AttemptTimeout { .. } | Kind::DeadlineExceeded { .. }) => Verdict::Retry,
    }
}

async fn through_breaker<T, E, C, F, Fut>(
    shared: &Shared,
    classifier: &C,
    operation: &F,
    attempt: Attempt,
) -> Result<T, Kind<E>>
where
    C: Fn(Result<&T, &E>) -> Verdict,
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let Some(breaker) = &shared.breaker else {
        return through_bulkhead(shared, operation, attempt).await;
    };
    let counted = breaker
        .classify(|result: &Result<T, Kind<E>>| match result {
            Ok(value) => outcome(classifier(Ok(value))),
            Err(Kind::Operation(error)) => outcome(classifier(Err(error))),
            Err(Kind::BulkheadRejected(_)) => Outcome::Ignored,
            Err(Kind::AttemptTimeout { after }) => {
                breaker.note_error("timeout", format_args!("no answer within {after:?}"));
                Outcome::Failure
            }
            Err(_) => Outcome::Failure,
        })
        .call(|| through_bulkhead(shared, operation, attempt))
        .await;
    counted.map_err(|error| match error {
        steadfast_breaker::Error::Rejected(rejected) => Kind::CircuitOpen(rejected),
        steadfast_breaker::Error::Operation(kind) => kind,
        _ => unreachable!("a breaker rejects or lets through"),
    })
}

/// What a verdict means for the breaker.
fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Accept => Outcome::Success,
        Verdict::Stop | Verdict::Rejected(_) => Outcome::Ignored,
        _ => Outcome::Failure,
    }
}

async fn through_bulkhead<T, E, F, Fut>(
    shared: &Shared,
    operation: &F,
    attempt: Attempt,
) -> Result<T, Kind<E>>
where
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let Some(bulkhead) = &shared.bulkhead else {
        return in_time(shared, operation, attempt).await;
    };
    let held = bulkhead.call(|| in_time(shared, operation, attempt)).await;
    held.map_err(|error| match error {
        steadfast_bulkhead::Error::Rejected(rejected) => Kind::BulkheadRejected(rejected),
        steadfast_bulkhead::Error::Operation(kind) => kind,
        _ => unreachable!("a bulkhead rejects or lets through"),
    })
}

async fn in_time<T, E, F, Fut>(
    shared: &Shared,
    operation: &F,
    attempt: Attempt,
) -> Result<T, Kind<E>>
where
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let Some(limit) = shared.attempt_timeout else {
        return operation(attempt).await.map_err(Kind::Operation);
    };
    match timeout(limit, operation(attempt)).await {
        Ok(result) => result.map_err(Kind::Operation),
        Err(_elapsed) => Err(Kind::AttemptTimeout { after: limit }),
    }
}

impl Shared {
    fn deadline(&self) -> Option<Deadline> {
        self.total_timeout.map(Deadline::after)
    }
}
