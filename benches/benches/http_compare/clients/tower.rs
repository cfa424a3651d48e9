//! tower-resilience around reqwest, in the order that its composition guide gives for clients: time limit of
//! the whole, retry, circuit breaker, bulkhead, time limit of an attempt. Limits are those that ours has by
//! default, and what is retried and what is a failure is told by its predicates.

use std::time::Duration;

use reqwest::header::HeaderName;
use reqwest::{Method, Request, Response, StatusCode};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_core::{ResilienceError, UnifiedErrors};
use tower_resilience_retry::{ExponentialRandomBackoff, RetryBudgetBuilder, RetryLayer};
use tower_resilience_timelimiter::TimeLimiterLayer;

use super::{ATTEMPTS, BASE, Limits};

pub(crate) type Stack = BoxCloneSyncService<Repeatable, Response, StackError>;
pub(crate) type StackError = ResilienceError<reqwest::Error>;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
const PLACES: usize = 64;
const WAIT: Duration = Duration::from_secs(5);
const FAILURES: usize = 5;
const OPEN_FOR: Duration = Duration::from_secs(30);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request as its retry wants it: `Clone`.
pub(crate) struct Repeatable(Request);

impl Clone for Repeatable {
    fn clone(&self) -> Self {
        Self(self.0.try_clone().expect("a body that is not a stream"))
    }
}

pub(super) async fn execute(stack: &Stack, request: Request) -> Result<Response, StackError> {
    stack.clone().oneshot(Repeatable(request)).await
}

pub(super) fn stack(limits: &Limits) -> Stack {
    let client = limits.reqwest().build().expect("sound settings");
    let attempt = limits.attempt_timeout.unwrap_or(ATTEMPT_TIMEOUT);
    let total = limits.total_timeout.unwrap_or(TOTAL_TIMEOUT);
    let breaker = CircuitBreakerLayer::builder()
        .consecutive_failures(if limits.no_breaker {
            usize::MAX
        } else {
            FAILURES
        })
        .wait_duration_in_open(limits.open_for.unwrap_or(OPEN_FOR))
        .failure_classifier(is_failure)
        .build();
    let bulkhead = BulkheadLayer::builder()
        .max_concurrent_calls(limits.max_concurrent.unwrap_or(PLACES))
        .max_wait_duration(WAIT)
        .build();
    let service = ServiceBuilder::new()
        .layer(within(total).unified::<reqwest::Error>())
        .layer(retry())
        .layer(
            breaker
                .expect("a sound breaker")
                .unified::<reqwest::Error>(),
        )
        .layer(
            bulkhead
                .expect("a sound bulkhead")
                .unified::<reqwest::Error>(),
        )
        .layer(within(attempt).unified::<reqwest::Error>())
        .service(service_fn(move |request: Repeatable| {
            client.execute(request.0)
        }));
    BoxCloneSyncService::new(service)
}

fn within(time: Duration) -> TimeLimiterLayer<tower_resilience_timelimiter::FixedTimeout> {
    TimeLimiterLayer::builder().timeout_duration(time).build()
}

/// By the request it can be told how often to try, and so what must not be sent twice is tried once. The
/// budget is a bucket that allows 200 calls what ours allows them: a fifth, and 3 a second for ten seconds.
fn retry() -> RetryLayer<Repeatable, Response, StackError> {
    let budget = RetryBudgetBuilder::new()
        .token_bucket()
        .tokens_per_second(3.0)
        .max_tokens(70);
    RetryLayer::builder()
        .max_attempts_fn(|request: &Repeatable| {
            if is_repeatable(&request.0) {
                ATTEMPTS as usize
            } else {
                1
            }
        })
        .backoff(ExponentialRandomBackoff::new(BASE, 0.5).expect("a sound share"))
        .retry_on(|error: &StackError| !error.is_circuit_open() && !error.is_bulkhead_full())
        .retry_on_response(|response: &Response| is_retried(response.status()))
        .budget(budget.build().expect("a sound budget"))
        .build()
}

fn is_repeatable(request: &Request) -> bool {
    !matches!(*request.method(), Method::POST | Method::PATCH)
        || request.headers().contains_key(IDEMPOTENCY_KEY)
}

fn is_retried(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Not a 429, which says nothing about the server's health, nor a call that the bulkhead turned away.
fn is_failure(result: &Result<Response, StackError>) -> bool {
    match result {
        Ok(response) => response.status().is_server_error(),
        Err(error) => !error.is_bulkhead_full(),
    }
}
