//! Settings that break their rules.

use std::time::Duration;

use steadfast_health::{Check, Monitor, Outcome, RegisterError};

use crate::support::{SECOND, steady};

fn check(name: &str) -> Check {
    Check::new(name, || async { Outcome::healthy() })
}

#[test]
fn build_names_every_bad_field_at_once() {
    let error = Monitor::builder("")
        .interval(Duration::ZERO)
        .timeout(Duration::ZERO)
        .jitter(f64::NAN)
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "health monitor \"\" is misconfigured: name = \"\" (must not be empty); \
         interval = 0ns (must be longer than zero); timeout = 0ns (must be longer than zero); \
         jitter = NaN (must be from 0 to 1)"
    );
    let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(fields, ["name", "interval", "timeout", "jitter"]);
}

#[test]
fn jitter_is_a_share() {
    for good in [0.0, 0.5, 1.0] {
        assert!(Monitor::builder("m").jitter(good).build().is_ok(), "{good}");
    }
    for bad in [-0.1, 1.1, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let error = Monitor::builder("m").jitter(bad).build().unwrap_err();
        assert_eq!(error.fields()[0].field, "jitter");
        assert_eq!(error.fields()[0].value, format!("{bad:?}"));
    }
}

#[test]
fn register_names_every_bad_field_at_once() {
    let error = steady()
        .register(
            check("")
                .timeout(Duration::ZERO)
                .interval(Duration::ZERO)
                .staleness(Duration::ZERO)
                .unhealthy_after(0)
                .healthy_after(0),
        )
        .unwrap_err();
    let RegisterError::Config(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.name(), "");
    assert_eq!(
        error.to_string(),
        "health check \"\" is misconfigured: name = \"\" (must not be empty); \
         timeout = 0ns (must be longer than zero); interval = 0ns (must be longer than zero); \
         staleness = 0ns (must be longer than one interval with its jitter plus the timeout); \
         unhealthy_after = 0 (must be at least 1); healthy_after = 0 (must be at least 1)"
    );
}

#[test]
fn a_staleness_that_a_check_on_time_would_pass_is_refused() {
    let monitor = Monitor::builder("m").jitter(0.5).build().unwrap();
    let timed = |name| check(name).interval(10 * SECOND).timeout(2 * SECOND);
    let refused = monitor.register(timed("tight").staleness(17 * SECOND));
    assert!(matches!(refused, Err(RegisterError::Config(_))));
    let longer = 17 * SECOND + Duration::from_millis(1);
    monitor.register(timed("loose").staleness(longer)).unwrap();
}

#[test]
fn a_staleness_is_held_against_the_interval_and_the_timeout_of_the_monitor() {
    let refused = steady().register(check("db").staleness(35 * SECOND));
    assert!(matches!(refused, Err(RegisterError::Config(_))));
    steady()
        .register(check("db").staleness(36 * SECOND))
        .unwrap();
}

#[test]
fn the_longest_durations_are_accepted_as_never() {
    let monitor = Monitor::builder("m")
        .interval(Duration::MAX)
        .timeout(Duration::MAX)
        .jitter(1.0)
        .build()
        .unwrap();
    monitor.register(check("db")).unwrap();
    assert_eq!(monitor.get_health().components.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_with_the_longest_durations_runs_once() {
    let probe = crate::support::Probe::new();
    let monitor = Monitor::builder("m")
        .interval(Duration::MAX)
        .timeout(Duration::MAX)
        .jitter(1.0)
        .build()
        .unwrap();
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    tokio::time::sleep(1000 * SECOND).await;
    assert_eq!(probe.begun(), 1);
    runner.stop().await;
}
