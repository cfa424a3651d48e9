//! The ready-made checks.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Keyed, Mode};
use steadfast_bulkhead::Bulkhead;
use steadfast_health::{Monitor, Status, checks};
use tokio::time::advance;

use crate::support::{SECOND, message_of, status_of, steady};

async fn status(monitor: &Monitor, name: &str) -> (Status, String) {
    let report = monitor.check_now().await;
    (status_of(&report, name), message_of(&report, name))
}

#[tokio::test(start_paused = true)]
async fn a_breaker_is_as_healthy_as_its_state() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(2)
        .success_threshold(1)
        .open_for(10 * SECOND)
        .build()
        .unwrap();
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    let name = "breaker/payments";
    assert_eq!(status(&monitor, name).await.0, Status::Healthy);

    for _ in 0..2 {
        breaker.try_acquire().unwrap().failure();
    }
    let (open, message) = status(&monitor, name).await;
    assert_eq!(open, Status::Unhealthy);
    assert_eq!(
        message,
        "circuit breaker is open: 2 consecutive calls failed"
    );

    advance(10 * SECOND).await;
    let (elapsed, message) = status(&monitor, name).await;
    assert_eq!(elapsed, Status::Degraded);
    assert_eq!(
        message,
        "circuit breaker is open, and the next call probes: 2 consecutive calls failed"
    );

    let probe = breaker.try_acquire().unwrap();
    let (probing, message) = status(&monitor, name).await;
    assert_eq!(probing, Status::Degraded);
    assert_eq!(message, "circuit breaker is half-open: probing");
    let report = monitor.get_health();
    let details = &report.component(name).unwrap().details;
    assert_eq!(details["state"], "half-open");
    assert_eq!(details["in_flight"], "1");

    probe.success();
    assert_eq!(status(&monitor, name).await.0, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_degrades_the_service_unless_it_is_required() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(1)
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    assert_eq!(monitor.check_now().await.readiness, Status::Degraded);

    let vital = checks::breaker(&breaker).renamed("vital").required();
    monitor.register(vital).unwrap();
    assert_eq!(monitor.check_now().await.readiness, Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_forced_open_is_unhealthy_and_says_why_and_for_how_long() {
    let breaker = CircuitBreaker::builder("payments").build().unwrap();
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    let name = "breaker/payments";
    breaker.set_mode_for(Mode::ForcedOpen, "payments is being moved", 60 * SECOND);
    advance(15 * SECOND).await;
    let (forced, message) = status(&monitor, name).await;
    assert_eq!(forced, Status::Unhealthy);
    assert_eq!(
        message,
        "circuit breaker is forced open: payments is being moved"
    );
    let report = monitor.get_health();
    let details = &report.component(name).unwrap().details;
    assert_eq!(details["mode"], "forced open");
    assert_eq!(details["mode_reason"], "payments is being moved");
    assert_eq!(details["mode_expires_in"], "45s");
    assert_eq!(details["cause"], "it was forced");

    // Nobody calls, and yet it does not stay unhealthy: the check itself notices the end.
    advance(45 * SECOND).await;
    let (ended, message) = status(&monitor, name).await;
    assert_eq!(ended, Status::Degraded);
    assert_eq!(message, "circuit breaker is half-open: probing");
    let report = monitor.get_health();
    let details = &report.component(name).unwrap().details;
    assert_eq!(details["mode"], "automatic");
    assert!(!details.contains_key("mode_reason") && !details.contains_key("mode_expires_in"));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_rejects_nobody_is_healthy_and_notes_its_mode() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(1)
        .build()
        .unwrap();
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    let name = "breaker/payments";
    for (mode, state) in [
        (Mode::Shadow, "open"),
        (Mode::ForcedClosed, "closed"),
        (Mode::Disabled, "closed"),
    ] {
        breaker.set_mode(mode, "drill");
        breaker.try_acquire().unwrap().failure();
        let permit = breaker.try_acquire();
        assert!(permit.is_ok(), "{mode}: it rejects nobody");
        assert_eq!(status(&monitor, name).await.0, Status::Healthy, "{mode}");
        let report = monitor.get_health();
        let details = &report.component(name).unwrap().details;
        assert_eq!(details["mode"], mode.to_string());
        assert_eq!(details["mode_reason"], "drill");
        assert_eq!(details["state"], state, "{mode}");
    }

    breaker.set_mode(Mode::Automatic, "over");
    breaker.try_acquire().unwrap().failure();
    assert_eq!(status(&monitor, name).await.0, Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn the_rates_of_a_breaker_are_details_once_there_are_enough_calls() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_rate(0.9)
        .min_calls(3)
        .build()
        .unwrap();
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    for rate in [None, None, Some("0.33")] {
        let before = breaker.snapshot().totals;
        let permit = breaker.try_acquire().unwrap();
        if before.failure == 0 {
            permit.failure();
        } else {
            permit.success();
        }
        let report = monitor.check_now().await;
        let details = &report.component("breaker/payments").unwrap().details;
        assert_eq!(details.get("failure_rate").map(String::as_str), rate);
        assert!(!details.contains_key("slow_call_rate"), "nobody asked");
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_of_breakers_is_unhealthy_when_all_reject_and_degraded_when_some_do() {
    let hosts: Keyed<u32> = Keyed::builder("hosts")
        .breaker(|each| each.failure_threshold(1).open_for(10 * SECOND))
        .max_keys(8)
        .build()
        .unwrap();
    let monitor = steady();
    monitor.register(checks::breakers(&hosts)).unwrap();
    let name = "breakers/hosts";
    assert_eq!(
        status(&monitor, name).await.0,
        Status::Healthy,
        "without any key"
    );
    hosts.get(&1).try_acquire().unwrap().failure();
    let (all, message) = status(&monitor, name).await;
    assert_eq!((all, &*message), (Status::Unhealthy, "rejecting: hosts/1"));
    hosts.get(&2).try_acquire().unwrap().success();
    assert_eq!(status(&monitor, name).await.0, Status::Degraded);

    // Due for a probe, the first ones; and more are down than a message should name.
    advance(10 * SECOND).await;
    for key in 3..=8 {
        hosts.get(&key).try_acquire().unwrap().failure();
    }
    let (some, message) = status(&monitor, name).await;
    assert_eq!(some, Status::Degraded);
    assert_eq!(
        message,
        "rejecting: hosts/3, hosts/4, hosts/5, hosts/6, hosts/7; and 2 more"
    );
    let report = monitor.get_health();
    let details = &report.component(name).unwrap().details;
    assert_eq!(details["keys"], "8");
    assert_eq!((&*details["rejecting"], &*details["probing"]), ("6", "1"));
    assert!(!details.contains_key("overflowed"));

    // A ninth key has no breaker of its own, as none of the eight can go.
    let _kept: Vec<_> = (1..=8).map(|key| hosts.get(&key)).collect();
    hosts.get(&9).try_acquire().unwrap().failure();
    let (some, _) = status(&monitor, name).await;
    assert_eq!(some, Status::Degraded);
    let report = monitor.get_health();
    let details = &report.component(name).unwrap().details;
    assert_eq!((&*details["keys"], &*details["overflowed"]), ("8", "1"));
    assert_eq!(details["rejecting"], "7");

    let weak = hosts.downgrade();
    drop(hosts);
    assert!(weak.upgrade().is_none(), "the check keeps it alive");
    assert_eq!(status(&monitor, name).await.0, Status::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_set_whose_shared_breaker_lets_calls_through_is_degraded_and_no_more() {
    let hosts: Keyed<u32> = Keyed::builder("hosts")
        .breaker(|each| each.failure_threshold(1))
        .max_keys(1)
        .build()
        .unwrap();
    let monitor = steady();
    monitor.register(checks::breakers(&hosts)).unwrap();
    let own = hosts.get(&1);
    own.try_acquire().unwrap().failure();
    hosts.get(&2).try_acquire().unwrap().success();
    let (some, message) = status(&monitor, "breakers/hosts").await;
    assert_eq!((some, &*message), (Status::Degraded, "rejecting: hosts/1"));
}

#[tokio::test(start_paused = true)]
async fn a_check_keeps_neither_breaker_nor_bulkhead_alive() {
    let breaker = CircuitBreaker::builder("payments").build().unwrap();
    let bulkhead = Bulkhead::builder("uploads").build().unwrap();
    let (weak_breaker, weak_bulkhead) = (breaker.downgrade(), bulkhead.downgrade());
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    monitor.register(checks::bulkhead(&bulkhead)).unwrap();
    assert_eq!(monitor.check_now().await.readiness, Status::Healthy);

    drop((breaker, bulkhead));
    assert!(weak_breaker.upgrade().is_none() && weak_bulkhead.upgrade().is_none());
    let report = monitor.check_now().await;
    for name in ["breaker/payments", "bulkhead/uploads"] {
        assert_eq!(status_of(&report, name), Status::Unknown);
        assert!(message_of(&report, name).ends_with("was dropped"));
    }
    assert_eq!(report.readiness, Status::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_is_degraded_above_seventy_percent_and_unhealthy_above_ninety() {
    let bulkhead = Bulkhead::builder("uploads")
        .max_concurrent(10)
        .build()
        .unwrap();
    let monitor = steady();
    monitor.register(checks::bulkhead(&bulkhead)).unwrap();
    let mut permits = Vec::new();
    for busy in 0..=10 {
        let expected = match busy {
            0..=7 => Status::Healthy,
            8 | 9 => Status::Degraded,
            _ => Status::Unhealthy,
        };
        let (seen, message) = status(&monitor, "bulkhead/uploads").await;
        assert_eq!(seen, expected, "{busy} of 10");
        if seen != Status::Healthy {
            assert_eq!(message, format!("{busy} of 10 places are in use"));
        }
        permits.extend(bulkhead.try_acquire());
    }
    assert_eq!(monitor.get_health().readiness, Status::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_closed_bulkhead_is_unhealthy() {
    let bulkhead = Bulkhead::builder("uploads").build().unwrap();
    let monitor = steady();
    monitor.register(checks::bulkhead(&bulkhead)).unwrap();
    bulkhead.close();
    assert_eq!(
        status(&monitor, "bulkhead/uploads").await,
        (Status::Unhealthy, "bulkhead is closed".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn ready_made_checks_look_every_five_seconds() {
    let breaker = CircuitBreaker::builder("payments").build().unwrap();
    let monitor = steady();
    monitor.register(checks::breaker(&breaker)).unwrap();
    let runner = monitor.start();
    tokio::time::sleep(Duration::from_millis(11_500)).await;
    assert_eq!(monitor.get_health().components[0].checks, 3);
    assert_eq!(checks::INTERVAL, 5 * SECOND);
    runner.stop().await;
}
