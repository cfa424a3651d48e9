//! Our breakers, as the cases want them.

use std::time::Duration;

use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use steadfast_breaker::{Builder, CircuitBreaker, Error, Window};
use steadfast_telemetry::{EventKind, Telemetry, Watch};

use super::failure::Failure;

pub(crate) const FAILURES: u32 = 5;
pub(crate) const RATE: f64 = 0.5;
/// Long enough that nothing half-opens while it is measured.
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(3600);
/// Longer than any call here takes.
pub(crate) const SLOW: Duration = Duration::from_secs(1);

/// Opens after five failures in a row.
pub(crate) fn consecutive() -> CircuitBreaker {
    built(|builder| builder.failure_threshold(FAILURES))
}

/// Opens when half of so many calls failed. The window is full.
pub(crate) fn counting(calls: u32) -> CircuitBreaker {
    let breaker = built(|builder| builder.window(Window::Calls(calls)).failure_rate(RATE));
    fill(&breaker, calls);
    breaker
}

/// Opens when half of the calls in so long a time failed. `clock` chooses its clock; the standard one is
/// the `identity`.
pub(crate) fn timing(window: Duration, clock: fn(Builder) -> Builder) -> CircuitBreaker {
    built(|builder| clock(builder.window(Window::Time(window)).failure_rate(RATE)))
}

/// Opens when half of a hundred calls failed, or half of them took a second or do already.
pub(crate) fn minding_slow_calls() -> CircuitBreaker {
    let breaker = built(|builder| {
        let builder = builder.window(Window::Calls(100)).failure_rate(RATE);
        builder.slow_call_duration(SLOW).slow_call_rate(RATE)
    });
    fill(&breaker, 100);
    breaker
}

/// `clock` as for [`timing`].
pub(crate) fn open(clock: fn(Builder) -> Builder) -> CircuitBreaker {
    let breaker = built(|builder| clock(builder.failure_threshold(FAILURES)));
    for _ in 0..FAILURES {
        let _ = breaker.call_blocking(|| Err::<(), _>(Failure));
    }
    breaker
}

pub(crate) fn is_rejected(answer: &Result<u64, Error<Failure>>) -> bool {
    matches!(answer, Err(Error::Rejected(_)))
}

/// Telemetry that watches the component, with a meter provider that exports every minute and a handler
/// that hears of breakers' transitions.
pub(crate) fn watching(component: &impl Watch) -> Telemetry {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let telemetry = Telemetry::builder()
        .meter_provider(&provider)
        .build()
        .expect("a sound configuration");
    telemetry
        .attach("bench", EventKind::BreakerTransition, |_| {})
        .expect("an id of its own");
    telemetry.watch(component);
    telemetry
}

fn built(settings: impl FnOnce(Builder) -> Builder) -> CircuitBreaker {
    settings(CircuitBreaker::builder("bench").open_for(OPEN_FOR))
        .build()
        .expect("a sound configuration")
}

fn fill(breaker: &CircuitBreaker, calls: u32) {
    for _ in 0..calls {
        let answer = breaker.call_blocking(|| Ok::<_, Failure>(()));
        assert!(answer.is_ok());
    }
}
