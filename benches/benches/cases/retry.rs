//! A retry around work that succeeds at once, and around work that fails twice first.
//!
//! Five attempts and exponential backoff with jitter. No peer remembers the errors before the last, so
//! ours does not either, but for `ours_with_history`, which has the default. In the second case the wait is zero: most
//! peers then still go to sleep, and tokio's timer wakes them after a millisecond. The two that do
//! not are tower's retry, whose policy decides about waiting and has no wait here, and
//! `backon_no_sleep`, which is backon with a sleeper that is ready at once.

use std::future::{Ready, ready};
use std::time::Duration;

use backon::{ConstantBuilder, ExponentialBuilder, Retryable};
use steadfast_benches::Case;
use tokio_retry2::strategy::{ExponentialFactorBackoff, FixedInterval, jitter};
use tokio_retry2::{MapErr, RetryError};
use tower::retry::{Policy, RetryLayer as TowerLayer};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_retry::{ExponentialRandomBackoff, RetryConfigBuilder, RetryLayer};

use super::alone::alone;
use super::failure::Failure;
use super::our_retries::{ATTEMPTS, Answer, BASE, HISTORY, budgeted, retrying, third_time};
use super::work::work;

const RETRIES: usize = ATTEMPTS - 1;
pub(crate) fn cases() -> Vec<Case> {
    vec![ok(), two_failures()]
}

fn ok() -> Case {
    let retry = retrying(BASE, 0);
    let budgeted = budgeted();
    let mut tower = tower(work);
    let mut tower_resilience = tower_resilience(
        |layer| layer.backoff(ExponentialRandomBackoff::new(BASE, 0.5).expect("a sound share")),
        work,
    );
    let ours = async move || retry.call(|_| work()).await;
    let ours_with_budget = async move || budgeted.call(|_| work()).await;
    let backon = async || {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(BASE)
            .with_max_times(RETRIES)
            .with_jitter();
        work.retry(backoff).await
    };
    let tokio_retry2 = async || {
        let backoff = ExponentialFactorBackoff::from_millis(100, 2.0).map(jitter);
        tokio_retry2::Retry::spawn(backoff.take(RETRIES), || transient(work())).await
    };
    let tower = async move || tower.ready().await?.call(()).await;
    let tower_resilience = async move || tower_resilience.ready().await?.call(()).await;
    Case::new("retry_ok", alone(ours, Result::is_ok))
        .beside("ours_with_budget", alone(ours_with_budget, Result::is_ok))
        .beside("backon", alone(backon, Result::is_ok))
        .beside("tokio_retry2", alone(tokio_retry2, Result::is_ok))
        .beside("tower", alone(tower, Result::is_ok))
        .beside("tower_resilience", alone(tower_resilience, Result::is_ok))
}

fn two_failures() -> Case {
    let retry = retrying(Duration::ZERO, 0);
    let remembering = retrying(Duration::ZERO, HISTORY);
    let mut tower = tower(third_time);
    let mut tower_resilience =
        tower_resilience(|layer| layer.fixed_backoff(Duration::ZERO), third_time);
    let no_wait = ConstantBuilder::default()
        .with_delay(Duration::ZERO)
        .with_max_times(RETRIES);
    let ours = async move || retry.call(|_| third_time()).await;
    let ours_with_history = async move || remembering.call(|_| third_time()).await;
    let no_sleep = async move || third_time.retry(no_wait).sleep(|_| ready(())).await;
    let backon = async move || third_time.retry(no_wait).await;
    let tokio_retry2 = async || {
        let backoff = FixedInterval::new(Duration::ZERO);
        tokio_retry2::Retry::spawn(backoff.take(RETRIES), || transient(third_time())).await
    };
    let tower = async move || tower.ready().await?.call(()).await;
    let tower_resilience = async move || tower_resilience.ready().await?.call(()).await;
    Case::new("retry_two_failures", alone(ours, Result::is_ok))
        .beside("ours_with_history", alone(ours_with_history, Result::is_ok))
        .beside("tower", alone(tower, Result::is_ok))
        .beside("backon_no_sleep", alone(no_sleep, Result::is_ok))
        .beside("backon", alone(backon, Result::is_ok))
        .beside("tokio_retry2", alone(tokio_retry2, Result::is_ok))
        .beside("tower_resilience", alone(tower_resilience, Result::is_ok))
}

/// tokio-retry2 wants to be told which errors are worth a retry.
async fn transient(answer: Answer) -> Result<u64, RetryError<Failure>> {
    answer.await.map_transient_err()
}

/// tower leaves the policy to its user: this one counts, and does not wait.
#[derive(Clone)]
struct Count(usize);

impl<Request: Clone, Response, Error> Policy<Request, Response, Error> for Count {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request,
        result: &mut Result<Response, Error>,
    ) -> Option<Self::Future> {
        if result.is_ok() || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

fn tower(
    operation: impl Fn() -> Answer + Copy,
) -> impl Service<(), Response = u64, Error = Failure> {
    ServiceBuilder::new()
        .layer(TowerLayer::new(Count(RETRIES)))
        .service(service_fn(move |()| operation()))
}

type Config = RetryConfigBuilder<(), u64, Failure>;

fn tower_resilience(
    backoff: impl FnOnce(Config) -> Config,
    operation: impl Fn() -> Answer + Copy + Send + 'static,
) -> impl Service<(), Response = u64, Error = Failure> {
    ServiceBuilder::new()
        .layer(backoff(RetryLayer::builder().max_attempts(ATTEMPTS)).build())
        .service(service_fn(move |()| operation()))
}
