//! A circuit breaker that lets calls through, and one that is open.
//!
//! All trip after five failures in a row, except recloser, which only knows failure rates: it looks
//! at 100 calls and trips at one half.

use std::sync::Mutex;
use std::time::Duration;

use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, ConsecutiveFailures};
use failsafe::futures::CircuitBreaker as Async;
use failsafe::{CircuitBreaker as Blocking, StateMachine};
use recloser::{AsyncRecloser, Recloser};
use steadfast_benches::{Case, blocking};
use steadfast_breaker::{CircuitBreaker, Error};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer};

use super::alone::alone;
use super::runtime::runtime;
use super::together::together;
use super::work::{Failure, work};

const FAILURES: u32 = 5;
/// Long enough that nothing half-opens while it is measured.
const OPEN_FOR: Duration = Duration::from_secs(3600);

pub(crate) fn cases() -> Vec<Case> {
    vec![ok(), ok_blocking(), open(), open_blocking(), two_threads()]
}

fn ok() -> Case {
    let (breaker, failsafe, recloser) = (ours(), failsafe(), AsyncRecloser::from(recloser()));
    let mut tower = tower_resilience();
    let ours = async move || breaker.call(work).await;
    let failsafe = async move || Async::call(&failsafe, work()).await;
    let recloser = async move || recloser.call(work()).await;
    let tower = async move || tower.ready().await?.call(Ok(1)).await;
    Case::new("breaker_ok", alone(ours, Result::is_ok))
        .beside("failsafe", alone(failsafe, Result::is_ok))
        .beside("recloser", alone(recloser, Result::is_ok))
        .beside("tower_resilience", alone(tower, Result::is_ok))
}

fn ok_blocking() -> Case {
    let (breaker, failsafe, recloser) = (ours(), failsafe(), recloser());
    let ours = move || breaker.call_blocking(blocking_work);
    let failsafe = move || Blocking::call(&failsafe, blocking_work);
    let recloser = move || recloser.call(blocking_work);
    Case::new("breaker_ok_blocking", blocking(ours, Result::is_ok))
        .beside("failsafe", blocking(failsafe, Result::is_ok))
        .beside("recloser", blocking(recloser, Result::is_ok))
}

fn open() -> Case {
    let (breaker, failsafe) = (ours_open(), failsafe_open());
    let recloser = AsyncRecloser::from(recloser_open());
    let mut tower = tower_resilience();
    runtime().block_on(async {
        for _ in 0..FAILURES {
            let service = tower.ready().await.expect("it is ready while closed");
            let _ = service.call(Err(Failure)).await;
        }
    });
    let ours = async move || breaker.call(work).await;
    let failsafe = async move || Async::call(&failsafe, work()).await;
    let recloser = async move || recloser.call(work()).await;
    let tower = async move || tower.ready().await?.call(Ok(1)).await;
    Case::new("breaker_open", alone(ours, is_ours))
        .beside("failsafe", alone(failsafe, is_failsafes))
        .beside("recloser", alone(recloser, is_reclosers))
        .beside(
            "tower_resilience",
            alone(tower, |answer| {
                matches!(answer, Err(CircuitBreakerError::OpenCircuit))
            }),
        )
}

fn open_blocking() -> Case {
    let (breaker, failsafe, recloser) = (ours_open(), failsafe_open(), recloser_open());
    let ours = move || breaker.call_blocking(blocking_work);
    let failsafe = move || Blocking::call(&failsafe, blocking_work);
    let recloser = move || recloser.call(blocking_work);
    Case::new("breaker_open_blocking", blocking(ours, is_ours))
        .beside("failsafe", blocking(failsafe, is_failsafes))
        .beside("recloser", blocking(recloser, is_reclosers))
}

fn two_threads() -> Case {
    let (breaker, failsafe, recloser) = (ours(), failsafe(), AsyncRecloser::from(recloser()));
    let tower = Mutex::new(tower_resilience());
    let ours = together(move || {
        let breaker = breaker.clone();
        async move || breaker.call(work).await
    });
    let failsafe = together(move || {
        let failsafe = failsafe.clone();
        async move || Async::call(&failsafe, work()).await
    });
    let recloser = together(move || {
        let recloser = recloser.clone();
        async move || recloser.call(work()).await
    });
    let tower = together(move || {
        let mut tower = tower.lock().expect("no clone panics").clone();
        async move || tower.ready().await?.call(Ok(1)).await
    });
    Case::new("breaker_ok_2_threads", ours)
        .beside("failsafe", failsafe)
        .beside("recloser", recloser)
        .beside("tower_resilience", tower)
}

fn blocking_work() -> Result<u64, Failure> {
    std::hint::black_box(Ok(1))
}

fn ours() -> CircuitBreaker {
    CircuitBreaker::builder("bench")
        .failure_threshold(FAILURES)
        .open_for(OPEN_FOR)
        .build()
        .expect("a sound configuration")
}

fn ours_open() -> CircuitBreaker {
    let breaker = ours();
    for _ in 0..FAILURES {
        let _ = breaker.call_blocking(|| Err::<(), _>(Failure));
    }
    breaker
}

fn is_ours(answer: &Result<u64, Error<Failure>>) -> bool {
    matches!(answer, Err(Error::Rejected(_)))
}

fn failsafe() -> StateMachine<ConsecutiveFailures<Constant>, ()> {
    let policy = failure_policy::consecutive_failures(FAILURES, backoff::constant(OPEN_FOR));
    failsafe::Config::new().failure_policy(policy).build()
}

fn failsafe_open() -> StateMachine<ConsecutiveFailures<Constant>, ()> {
    let failsafe = failsafe();
    for _ in 0..FAILURES {
        let _ = Blocking::call(&failsafe, || Err::<(), _>(Failure));
    }
    failsafe
}

fn is_failsafes(answer: &Result<u64, failsafe::Error<Failure>>) -> bool {
    matches!(answer, Err(failsafe::Error::Rejected))
}

fn recloser() -> Recloser {
    Recloser::custom()
        .error_rate(0.5)
        .closed_len(100)
        .open_wait(OPEN_FOR)
        .build()
}

fn recloser_open() -> Recloser {
    let recloser = recloser();
    for _ in 0..=100 {
        let _ = recloser.call(|| Err::<(), _>(Failure));
    }
    recloser
}

fn is_reclosers(answer: &Result<u64, recloser::Error<Failure>>) -> bool {
    matches!(answer, Err(recloser::Error::Rejected))
}

type Answer = Result<u64, Failure>;

/// A service that answers with its request.
fn tower_resilience()
-> impl Service<Answer, Response = u64, Error = CircuitBreakerError<Failure>> + Clone + Send {
    let layer = CircuitBreakerLayer::builder()
        .consecutive_failures(FAILURES as usize)
        .wait_duration_in_open(OPEN_FOR)
        .build()
        .expect("a sound configuration");
    ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(|answer: Answer| {
            std::future::ready(std::hint::black_box(answer))
        }))
}
