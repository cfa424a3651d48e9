//! What a watched breaker tells of time: until when, and how far it has ramped up.
//!
//! The text for Prometheus is collected on the thread that asks, where the clock is the paused one; the
//! SDK's reader has a thread of its own, and there the time is real.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_telemetry::Telemetry;
use tokio::time::advance;

const RAMP: Duration = Duration::from_secs(100);

fn watched(telemetry: &Telemetry) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("payments").failure_threshold(1);
    let builder = builder.open_for(Duration::from_secs(30)).ramp_up(RAMP);
    let breaker = builder.success_threshold(1).build().unwrap();
    telemetry.watch(&breaker);
    breaker
}

/// The value, or `None` if there is no series: a gap is not a zero.
fn of(telemetry: &Telemetry, metric: &str) -> Option<f64> {
    let series = format!("resilience_circuit_breaker_{metric}{{resilience_name=\"payments\"}} ");
    let text = telemetry.export_prometheus_metrics();
    let mut values = text.lines().filter_map(|line| line.strip_prefix(&series));
    let value = values.next()?.parse().unwrap();
    assert_eq!(values.next(), None, "{metric}");
    Some(value)
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_says_for_how_long() {
    let telemetry = Telemetry::new();
    let breaker = watched(&telemetry);
    assert_eq!(of(&telemetry, "retry_after_seconds"), None, "closed");

    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    advance(Duration::from_secs(12)).await;
    assert_eq!(of(&telemetry, "retry_after_seconds"), Some(18.0));
    advance(Duration::from_secs(60)).await;
    assert_eq!(
        of(&telemetry, "retry_after_seconds"),
        Some(0.0),
        "whenever a call comes"
    );

    breaker.set_mode(Mode::ForcedOpen, "drill");
    assert_eq!(of(&telemetry, "retry_after_seconds"), None, "nobody knows");
}

#[tokio::test(start_paused = true)]
async fn the_share_of_calls_is_there_while_it_ramps_up() {
    let telemetry = Telemetry::new();
    let breaker = watched(&telemetry);
    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    assert_eq!(of(&telemetry, "ramp_up_ratio"), None);
    advance(Duration::from_secs(30)).await;
    breaker.call_blocking(|| Ok::<_, ()>(())).unwrap();
    advance(RAMP / 4).await;
    assert_eq!(of(&telemetry, "ramp_up_ratio"), Some(0.25));
    advance(RAMP).await;
    assert_eq!(of(&telemetry, "ramp_up_ratio"), None);
}

#[tokio::test(start_paused = true)]
async fn a_mode_that_ends_by_itself_says_when() {
    let telemetry = Telemetry::new();
    let breaker = watched(&telemetry);
    assert_eq!(of(&telemetry, "mode_remaining_seconds"), None);
    breaker.set_mode_for(Mode::Shadow, "trying", Duration::from_secs(90));
    advance(Duration::from_secs(30)).await;
    assert_eq!(of(&telemetry, "mode_remaining_seconds"), Some(60.0));
    breaker.set_mode(Mode::Shadow, "for good");
    assert_eq!(of(&telemetry, "mode_remaining_seconds"), None);
}
