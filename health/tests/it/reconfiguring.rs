//! Other settings while checks are run.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_health::{CheckConfig, Importance, Monitor, ReconfigureError, Status};
use tokio::time::sleep;

use crate::support::{Probe, Recorder, SECOND, message_of, now, status_of, steady};

const NONE: [(&str, CheckConfig); 0] = [];

fn every(monitor: &Monitor, interval: Duration) {
    let mut config = monitor.config();
    config.interval = interval;
    monitor.reconfigure(config, NONE).unwrap();
}

fn check_config(change: impl FnOnce(&mut CheckConfig)) -> CheckConfig {
    let mut config = CheckConfig::default();
    change(&mut config);
    config
}

#[tokio::test(start_paused = true)]
async fn the_next_run_comes_by_the_new_interval_and_counts_stay() {
    let monitor = steady();
    let (usual, own) = (Probe::new(), Probe::new());
    monitor.register(usual.check("usual")).unwrap();
    let check = own.check("own").interval(40 * SECOND);
    monitor.register(check).unwrap();
    let start = now();
    let seconds = |probe: &Probe| -> Vec<u64> {
        let starts = probe.starts().into_iter();
        starts.map(|at| (at - start).as_secs()).collect()
    };
    let runner = monitor.start();
    sleep(35 * SECOND).await;
    // The next one was due after 60 s, and is due after 45 s; that of its own stays.
    every(&monitor, 15 * SECOND);
    assert_eq!(monitor.config().interval, 15 * SECOND);
    sleep(12 * SECOND).await;
    assert_eq!(seconds(&usual), [0, 30, 45]);
    assert_eq!(seconds(&own), [0, 40]);
    // It is over due: at once.
    every(&monitor, SECOND / 2);
    sleep(SECOND / 4).await;
    assert_eq!(seconds(&usual), [0, 30, 45, 47]);
    every(&monitor, 100 * SECOND);
    sleep(102 * SECOND).await;
    assert_eq!(seconds(&usual), [0, 30, 45, 47, 147]);
    assert_eq!(monitor.get_health().component("usual").unwrap().checks, 5);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_found_does_not_become_stale_before_there_was_the_time_to_look() {
    let monitor = steady();
    let heard = Recorder::default();
    monitor.add_observer(std::sync::Arc::new(heard.clone()));
    let probe = Probe::new().taking(2 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    sleep(25 * SECOND).await;
    let changes = heard.changes();
    // Results of the new interval are stale after 8 s, and this one is 23 s old.
    every(&monitor, SECOND);
    assert_eq!(status_of(&monitor.get_health(), "db"), Status::Healthy);
    sleep(60 * SECOND).await;
    assert_eq!(heard.changes(), changes);
    runner.stop().await;
    // One came every three seconds.
    sleep(4 * SECOND).await;
    assert_eq!(status_of(&monitor.get_health(), "db"), Status::Healthy);
    sleep(5 * SECOND).await;
    assert_eq!(status_of(&monitor.get_health(), "db"), Status::Unknown);
    let told = message_of(&monitor.get_health(), "db");
    assert!(told.ends_with("the staleness bound of 8s"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn settings_that_come_again_and_again_keep_no_result_alive() {
    let monitor = steady();
    monitor.register(Probe::new().check("db")).unwrap();
    monitor.check_now().await;
    // 95 s at first, and then never longer than that.
    for _ in 0..95 {
        every(&monitor, SECOND);
        sleep(SECOND / 2).await;
        every(&monitor, 2 * SECOND);
        sleep(SECOND / 2).await;
    }
    assert_eq!(status_of(&monitor.get_health(), "db"), Status::Unknown);
}

#[tokio::test(start_paused = true)]
async fn thresholds_timeouts_and_importance_change_and_what_a_config_does_not_say_is_as_the_code_says()
 {
    let monitor = steady();
    let probe = Probe::new().taking(2 * SECOND);
    let config = check_config(|config| config.timeout = Some(3 * SECOND));
    let check = probe.check("db").unhealthy_after(3).timeout(SECOND);
    monitor.register(check.config(config)).unwrap();
    monitor.check_now().await;
    probe.answer(Status::Unhealthy);
    monitor.check_now().await;
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    let config = check_config(|config| {
        config.timeout = Some(4 * SECOND);
        config.unhealthy_after = Some(2);
        config.importance = Some(Importance::Optional);
        config.liveness = Some(true);
    });
    monitor
        .reconfigure(monitor.config(), [("db", config)])
        .unwrap();
    let report = monitor.get_health();
    // Nothing was found by the new threshold yet.
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    monitor.check_now().await;
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
    let db = report.component("db").unwrap();
    assert_eq!((db.checks, db.consecutive_bad, db.timeouts), (3, 2, 0));
    assert_eq!((db.importance, db.liveness), (Importance::Optional, true));
    // An optional one degrades the whole at most.
    assert_eq!(
        (report.readiness, report.liveness),
        (Status::Degraded, Status::Degraded)
    );
    // The code says one second.
    monitor
        .reconfigure(monitor.config(), [("db", CheckConfig::default())])
        .unwrap();
    monitor.check_now().await;
    let report = monitor.get_health();
    let db = report.component("db").unwrap();
    assert_eq!((db.timeouts, db.importance), (1, Importance::Required));
    assert_eq!(report.readiness, Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn a_run_in_flight_keeps_its_timeout_and_is_not_run_twice() {
    let monitor = steady();
    let probe = Probe::new().taking(3 * SECOND);
    monitor.register(probe.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    let mut config = monitor.config();
    (config.timeout, config.interval) = (SECOND, SECOND / 10);
    monitor.reconfigure(config, NONE).unwrap();
    sleep(SECOND * 21 / 10).await;
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Healthy);
    assert_eq!((probe.answered(), probe.peak()), (1, 1));
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn dependencies_change() {
    let monitor = steady();
    let (db, cache) = (Probe::new(), Probe::new());
    db.answer(Status::Unhealthy);
    monitor.register(db.check("db")).unwrap();
    monitor.register(cache.check("cache")).unwrap();
    monitor.check_now().await;
    let needs = |name: &str| check_config(|config| config.depends_on = Some(vec![name.into()]));
    monitor
        .reconfigure(monitor.config(), [("cache", needs("db"))])
        .unwrap();
    let told = message_of(&monitor.get_health(), "cache");
    assert_eq!(told, "waits for db, which is unhealthy");

    let before = monitor.get_health();
    let error = monitor.reconfigure(monitor.config(), [("db", needs("cache"))]);
    let error = error.unwrap_err();
    assert!(matches!(error, ReconfigureError::Cycle { .. }));
    let told = error.to_string();
    assert!(
        told.ends_with("a check would wait for itself: cache -> db -> cache"),
        "{told}"
    );
    assert_eq!(monitor.get_health().components, before.components);
    // The other way round, in one step.
    let both = [("cache", CheckConfig::default()), ("db", needs("cache"))];
    monitor.reconfigure(monitor.config(), both).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "cache"), Status::Healthy);
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
}

#[test]
fn what_breaks_rules_changes_nothing_and_all_of_it_is_told() {
    let monitor = steady();
    let patient = Probe::new().check("patient").staleness(100 * SECOND);
    monitor.register(patient).unwrap();
    monitor.register(Probe::new().check("db")).unwrap();
    let mut config = monitor.config();
    (config.interval, config.jitter) = (200 * SECOND, 7.0);
    let never = check_config(|config| config.unhealthy_after = Some(0));
    let error = monitor.reconfigure(config.clone(), [("db", never)]);
    let told = error.unwrap_err().to_string();
    for part in [
        "health monitor \"orders\" is misconfigured: jitter = 7.0 (must be from 0 to 1)",
        "health check \"patient\" is misconfigured: staleness = 100s",
        "health check \"db\" is misconfigured: unhealthy_after = 0",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(monitor.config().interval, 30 * SECOND);
    let unknown = [("bd", CheckConfig::default())];
    let error = monitor.reconfigure(monitor.config(), unknown).unwrap_err();
    assert_eq!(
        error.to_string(),
        "health monitor \"orders\" has no check named bd"
    );
    // Both at once are right.
    config.jitter = 0.0;
    let longer = check_config(|config| config.staleness = Some(300 * SECOND));
    monitor.reconfigure(config, [("patient", longer)]).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever the intervals become and when: each run is due one interval after the start of the last one, by the
    /// interval that holds then, or at once if that is over.
    #[test]
    fn runs_are_due_by_the_interval_that_holds(changes in prop::collection::vec((0_u64..20, 1_u64..10), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (found, expected) = runtime.block_on(async {
            let monitor = Monitor::builder("orders").jitter(0.0).interval(5 * SECOND);
            let monitor = monitor.build().unwrap();
            let probe = Probe::new();
            monitor.register(probe.check("db")).unwrap();
            let start = now();
            let runner = monitor.start();
            let (mut expected, mut interval, mut at) = (vec![Duration::ZERO], 5 * SECOND, Duration::ZERO);
            let millisecond = Duration::from_millis(1);
            for (wait, next) in changes {
                // One millisecond more, so that nothing else is ever due when settings change.
                let wait = Duration::from_millis(wait * 1000 + 1);
                sleep(wait).await;
                at += wait;
                let mut last = *expected.last().unwrap();
                while last + interval < at {
                    last += interval;
                    expected.push(last);
                }
                interval = u32::try_from(next).unwrap() * SECOND;
                every(&monitor, interval);
                if last + interval <= at {
                    expected.push(at);
                }
            }
            sleep(millisecond).await;
            runner.stop().await;
            let found: Vec<_> = probe.starts().into_iter().map(|at| at - start).collect();
            (found, expected)
        });
        prop_assert_eq!(found, expected);
    }
}
