//! The text exposition.

use std::sync::Arc;
use std::thread;

use steadfast_breaker::CircuitBreaker;
use steadfast_telemetry::{Instrument, PROMETHEUS_CONTENT_TYPE, Samples, Source, Telemetry};

use crate::export::Bench;

fn breaker(name: &str) -> CircuitBreaker {
    let builder = CircuitBreaker::builder(name).failure_threshold(1);
    builder.build().unwrap()
}

#[track_caller]
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|one| one == line), "no {line} in\n{text}");
}

#[test]
fn the_text_has_help_type_and_values() {
    let telemetry = Telemetry::new();
    let breaker = breaker("payments");
    telemetry.watch(&breaker);
    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));

    let text = telemetry.export_prometheus_metrics();
    assert_line(
        &text,
        "# HELP resilience_circuit_breaker_calls_total Calls that ended or were rejected, by outcome; a panic is a failure.",
    );
    assert_line(
        &text,
        "# TYPE resilience_circuit_breaker_calls_total counter",
    );
    assert_line(
        &text,
        r#"resilience_circuit_breaker_calls_total{resilience_name="payments",resilience_outcome="failure"} 1"#,
    );
    assert_line(&text, "# TYPE resilience_circuit_breaker_state gauge");
    assert_line(
        &text,
        r#"resilience_circuit_breaker_state{resilience_name="payments",resilience_state="open"} 1"#,
    );
    assert_line(
        &text,
        r#"resilience_circuit_breaker_state{resilience_name="payments",resilience_state="closed"} 0"#,
    );
    assert_line(&text, "# TYPE resilience_circuit_breaker_in_flight gauge");
    assert!(!text.contains("otel_scope"), "{text}");
    assert!(!text.contains("target_info"), "{text}");
    assert!(!text.contains("not exported"), "{text}");
    assert!(PROMETHEUS_CONTENT_TYPE.starts_with("text/plain"));
}

#[test]
fn a_ratio_is_called_so_once() {
    let telemetry = Telemetry::new();
    let builder = CircuitBreaker::builder("payments").failure_rate(0.9);
    let breaker = builder.min_calls(2).build().unwrap();
    telemetry.watch(&breaker);
    breaker.try_acquire().unwrap().success();
    assert!(!telemetry.export_prometheus_metrics().contains("_ratio"));
    breaker.try_acquire().unwrap().failure();
    assert_line(
        &telemetry.export_prometheus_metrics(),
        r#"resilience_circuit_breaker_failure_ratio{resilience_name="payments"} 0.5"#,
    );
}

#[test]
fn every_call_reads_anew_and_the_dead_are_gone() {
    let telemetry = Telemetry::new();
    let (payments, search) = (breaker("payments"), breaker("search"));
    telemetry.watch(&payments);
    let success = |value: u32| {
        format!(
            "resilience_circuit_breaker_calls_total\
             {{resilience_name=\"payments\",resilience_outcome=\"success\"}} {value}"
        )
    };
    assert_line(&telemetry.export_prometheus_metrics(), &success(0));
    payments.call_blocking(|| Ok::<_, ()>(())).unwrap();
    assert_line(&telemetry.export_prometheus_metrics(), &success(1));

    telemetry.watch(&search);
    assert!(telemetry.export_prometheus_metrics().contains("search"));
    drop(payments);
    let text = telemetry.export_prometheus_metrics();
    assert!(!text.contains("payments"), "{text}");
    assert!(text.contains("search"), "{text}");
}

#[test]
fn the_text_and_the_meter_provider_have_the_same_series() {
    let bench = Bench::new();
    let breaker = breaker("payments");
    bench.telemetry.watch(&breaker);
    let text = bench.telemetry.export_prometheus_metrics();
    let lines = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(lines, bench.export().0.len());
    assert_eq!(bench.telemetry.export_prometheus_metrics(), text);
}

#[test]
fn a_source_that_comes_later_is_in_the_text() {
    const MAILS: Instrument = Instrument::counter_f64("test.mail.time", "s", "Time on mails.");
    struct Late;

    impl Source for Late {
        fn name(&self) -> &str {
            "late"
        }

        fn instruments(&self) -> &'static [Instrument] {
            &[MAILS]
        }

        fn collect(&self, samples: &mut Samples<'_>) {
            samples.record_f64(&MAILS, 1.5, &[]);
        }
    }

    let telemetry = Telemetry::new();
    assert!(!telemetry.export_prometheus_metrics().contains("late"));
    let late = Arc::new(Late);
    telemetry.watch(&late);
    let text = telemetry.export_prometheus_metrics();
    assert_line(
        &text,
        r#"test_mail_time_seconds_total{resilience_name="late"} 1.5"#,
    );
}

#[test]
fn many_may_scrape_at_once_and_first() {
    let telemetry = Telemetry::new();
    let breaker = breaker("payments");
    telemetry.watch(&breaker);
    let texts: Vec<_> = thread::scope(|scope| {
        let scrapes: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| telemetry.export_prometheus_metrics()))
            .collect();
        scrapes
            .into_iter()
            .map(|scrape| scrape.join().unwrap())
            .collect()
    });
    for text in &texts {
        assert_eq!(*text, texts[0]);
    }
    assert!(texts[0].contains("payments"));
}

#[test]
fn more_series_than_the_sdk_keeps_by_default_are_all_there() {
    let telemetry = Telemetry::new();
    let breakers: Vec<_> = (0..500).map(|n| breaker(&format!("host-{n}"))).collect();
    for breaker in &breakers {
        telemetry.watch(breaker);
    }
    for _ in 0..2 {
        let text = telemetry.export_prometheus_metrics();
        assert!(!text.contains("otel_metric_overflow"));
        let calls = "resilience_circuit_breaker_calls_total{";
        assert_eq!(
            text.lines().filter(|line| line.starts_with(calls)).count(),
            2500
        );
    }
}
