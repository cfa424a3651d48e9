//! The peers, set as ours are.

use backon::ExponentialBuilder;
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{Config, StateMachine};
use recloser::{AsyncRecloser, Recloser};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_retry::{ExponentialRandomBackoff, RetryLayer};

use super::super::our_composed::{ATTEMPTS, BASE, CALLS, FAILURES, OPEN_FOR, PLACES, RATE, WAIT};

/// Half of the last hundred calls.
pub(super) fn recloser() -> AsyncRecloser {
    let recloser = Recloser::custom()
        .error_rate(RATE as f32)
        .closed_len(CALLS as usize)
        .open_wait(OPEN_FOR)
        .build();
    AsyncRecloser::from(recloser)
}

/// Five failures in a row: it knows no window of calls.
pub(super) fn failsafe() -> StateMachine<ConsecutiveFailures<Constant>, ()> {
    let policy = consecutive_failures(FAILURES, backoff::constant(OPEN_FOR));
    Config::new().failure_policy(policy).build()
}

pub(super) fn exponential() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(BASE)
        .with_max_times(ATTEMPTS - 1)
        .with_jitter()
}

pub(super) fn tower_retry<E>() -> RetryLayer<(), u64, E> {
    let random = ExponentialRandomBackoff::new(BASE, 0.5).expect("a sound share");
    let builder = RetryLayer::builder().max_attempts(ATTEMPTS);
    builder.backoff(random).build()
}

pub(super) fn tower_bulkhead() -> BulkheadLayer {
    let builder = BulkheadLayer::builder().max_concurrent_calls(PLACES);
    let builder = builder.max_wait_duration(WAIT);
    builder.build().expect("a sound configuration")
}
