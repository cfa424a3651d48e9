//! Other settings of the monitor and of its checks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use steadfast::health::{Check, Importance, Outcome};
use steadfast::supervisor::ReloadError;

use super::lines;
use crate::support::{config, started};

#[tokio::test(start_paused = true)]
async fn intervals_and_thresholds_of_all_checks_change_in_place() {
    let supervisor = started("[health.checks.db]\nunhealthy_after = 3").await;
    let runs = Arc::<AtomicU64>::default();
    let look = {
        let runs = Arc::clone(&runs);
        move || {
            runs.fetch_add(1, Ordering::Relaxed);
            async { Outcome::healthy() }
        }
    };
    let check = Check::new("db", look).config(supervisor.check_config("db"));
    supervisor.health().register(check).unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    let before = runs.load(Ordering::Relaxed);
    assert!((3..=5).contains(&before), "{before}");
    let text = "[health]\ninterval = '1s'\njitter = 0
        [health.checks.db]\nimportance = 'optional'
        [health.checks.'bulkhead/llm_requests']\ninterval = '20s'
        [health.checks.later]\ntimeout = '1s'";
    let report = supervisor.apply(config(text)).await.unwrap();
    assert!(report.needs_restart.is_empty(), "{report}");
    let told = lines(&report.applied).join("\n");
    for line in [
        "health.checks.db.unhealthy_after: removed",
        "health.interval: \"30s\" -> \"1s\"",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let counted = |name: &str| {
        let health = supervisor.health().get_health();
        health.component(name).unwrap().checks
    };
    let bulkhead = counted("bulkhead/llm_requests");
    tokio::time::sleep(Duration::from_secs(100)).await;
    let after = runs.load(Ordering::Relaxed);
    assert!((99..=101).contains(&(after - before)), "{before}, {after}");
    assert_eq!(counted("db"), after, "counts stay");
    assert_eq!(counted("bulkhead/llm_requests") - bulkhead, 5);
    let health = supervisor.health().get_health();
    let db = health.component("db").unwrap();
    assert_eq!(db.importance, Importance::Optional);
    // Who comes later is told as well.
    assert_eq!(
        supervisor.check_config("later").timeout,
        Some(Duration::from_secs(1))
    );
    assert!(supervisor.apply(config(text)).await.unwrap().is_unchanged());
}

#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_have_such_settings_is_told_and_nothing_changes() {
    let supervisor = started("").await;
    let check = Check::new("db", || async { Outcome::healthy() });
    let check = check.staleness(Duration::from_secs(60));
    supervisor.health().register(check).unwrap();
    let text = "[health]\ninterval = '1h'\n[bulkheads.llm_requests]\nmax_concurrent = 7\n[bulkheads.stock]";
    let error = supervisor.apply(config(text)).await.unwrap_err();
    assert!(matches!(error, ReloadError::Settings(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "health: health check \"db\" is misconfigured: staleness = 60s \
         (must be longer than one interval with its jitter plus the timeout)"
    );
    assert_eq!(
        supervisor.health().config().interval,
        Duration::from_secs(30)
    );
    let bulkhead = supervisor.bulkhead("llm_requests").unwrap();
    assert_eq!(bulkhead.config().max_concurrent, 10);
    supervisor.bulkhead("stock").unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_goes_meanwhile_keeps_no_settings_from_being_applied() {
    let supervisor = started("").await;
    let going = Arc::new(AtomicBool::new(true));
    let coming_and_going = tokio::task::spawn_blocking({
        let (health, going) = (supervisor.health().clone(), Arc::clone(&going));
        move || {
            while going.load(Ordering::Relaxed) {
                let check = Check::new("db", || async { Outcome::healthy() });
                health.register(check).unwrap();
                health.deregister("db");
            }
        }
    });
    let mut refused = None;
    for seconds in 1..=500 {
        let text = format!("[health.checks.db]\ntimeout = '{}s'", 1 + seconds % 9);
        refused = refused.or(supervisor.apply(config(&text)).await.err());
    }
    going.store(false, Ordering::Relaxed);
    coming_and_going.await.unwrap();
    assert!(refused.is_none(), "{refused:?}");
}
