//! The peers, set as ours are.

use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{
    ConsecutiveFailures, SuccessRateOverTimeWindow, consecutive_failures,
    success_rate_over_time_window,
};
use failsafe::{CircuitBreaker as _, StateMachine};
use recloser::Recloser;
use tower::{Service, ServiceBuilder, service_fn};
use tower_resilience_circuitbreaker::{
    CircuitBreakerConfigBuilder, CircuitBreakerError, CircuitBreakerLayer, DefaultClassifier,
    SlidingWindowType,
};

use super::super::failure::Failure;
use super::super::ours::{FAILURES, OPEN_FOR, RATE, SLOW};

/// Five failures in a row.
pub(super) fn failsafe() -> StateMachine<ConsecutiveFailures<Constant>, ()> {
    let policy = consecutive_failures(FAILURES, backoff::constant(OPEN_FOR));
    failsafe::Config::new().failure_policy(policy).build()
}

pub(super) fn failsafe_open() -> StateMachine<ConsecutiveFailures<Constant>, ()> {
    let failsafe = failsafe();
    for _ in 0..FAILURES {
        let _ = failsafe.call(|| Err::<(), _>(Failure));
    }
    failsafe
}

/// A moving average over the window, and a count of its calls in five slices.
pub(super) fn failsafe_timing(
    window: Duration,
) -> StateMachine<SuccessRateOverTimeWindow<Constant>, ()> {
    let policy = success_rate_over_time_window(RATE, 10, window, backoff::constant(OPEN_FOR));
    failsafe::Config::new().failure_policy(policy).build()
}

pub(super) fn is_failsafes(answer: &Result<u64, failsafe::Error<Failure>>) -> bool {
    matches!(answer, Err(failsafe::Error::Rejected))
}

/// Half of so many calls, which it has seen.
pub(super) fn recloser(calls: usize) -> Recloser {
    let recloser = Recloser::custom()
        .error_rate(RATE as f32)
        .closed_len(calls)
        .open_wait(OPEN_FOR)
        .build();
    for _ in 0..calls {
        let _ = recloser.call(|| Ok::<_, Failure>(()));
    }
    recloser
}

pub(super) fn recloser_open() -> Recloser {
    let recloser = recloser(100);
    for _ in 0..=100 {
        let _ = recloser.call(|| Err::<(), _>(Failure));
    }
    recloser
}

pub(super) fn is_reclosers(answer: &Result<u64, recloser::Error<Failure>>) -> bool {
    matches!(answer, Err(recloser::Error::Rejected))
}

pub(super) type Answer = Result<u64, Failure>;
pub(super) type TowerError = CircuitBreakerError<Failure>;

type Layer = CircuitBreakerConfigBuilder<DefaultClassifier>;

/// A service that answers with its request, behind tower-resilience's layer.
pub(super) fn tower_resilience(
    settings: impl FnOnce(Layer) -> Layer,
) -> impl Service<Answer, Response = u64, Error = TowerError> + Clone + Send {
    let layer = CircuitBreakerLayer::builder()
        .failure_rate_threshold(RATE)
        .minimum_number_of_calls(10)
        .wait_duration_in_open(OPEN_FOR);
    ServiceBuilder::new()
        .layer(settings(layer).build().expect("a sound configuration"))
        .service(service_fn(|answer: Answer| ready(black_box(answer))))
}

/// Five failures in a row.
pub(super) fn in_a_row(layer: Layer) -> Layer {
    layer.consecutive_failures(FAILURES as usize)
}

/// Half of so many calls. Its count starts again when it is full; it never slides.
pub(super) fn counting(calls: usize) -> impl FnOnce(Layer) -> Layer {
    move |layer| layer.sliding_window_size(calls)
}

/// Half of the calls in so long a time.
pub(super) fn timing(window: Duration) -> impl FnOnce(Layer) -> Layer {
    move |layer| {
        layer
            .sliding_window_type(SlidingWindowType::TimeBased)
            .sliding_window_duration(window)
    }
}

/// Half of a hundred calls failed, or took a second.
pub(super) fn minding_slow_calls(layer: Layer) -> Layer {
    counting(100)(layer)
        .slow_call_duration_threshold(SLOW)
        .slow_call_rate_threshold(RATE)
}

pub(super) fn is_towers(answer: &Result<u64, TowerError>) -> bool {
    matches!(answer, Err(CircuitBreakerError::OpenCircuit))
}
