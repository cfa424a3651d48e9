//! The report in the form of the IETF health-check draft.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::{Value, json};
use steadfast_health::{Check, Monitor, Outcome, Probe, Report, Status};
use tokio::time::advance;

use crate::support::{self, SECOND, steady};

fn parsed(report: &Report) -> Value {
    serde_json::from_str(&report.to_json()).unwrap()
}

/// 2024-02-29 12:00:00 UTC.
fn noon() -> SystemTime {
    UNIX_EPOCH + 1_709_208_000 * SECOND
}

#[tokio::test(start_paused = true)]
async fn a_document_has_everything_the_draft_asks_for() {
    let monitor = steady();
    let db = Check::new("db", || async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Outcome::healthy()
    });
    let cache = Check::new("cache", || async {
        Outcome::unhealthy("connection refused").detail("host", "10.0.0.7")
    });
    monitor.register(db.liveness(true)).unwrap();
    monitor.register(cache.optional()).unwrap();
    monitor.check_now().await;
    advance(10 * SECOND).await;
    monitor
        .register(support::Probe::new().check("late").optional())
        .unwrap();

    let mut report = monitor.get_health();
    report.at = noon();
    assert_eq!(
        parsed(&report),
        json!({
            "status": "warn",
            "serviceId": "orders",
            "notes": ["liveness: healthy", "readiness: degraded", "startup: healthy"],
            "output": "cache is unhealthy: connection refused; late is unknown: not checked yet",
            "checks": {
                "db:responseTime": [{
                    "componentId": "db",
                    "componentType": "component",
                    "status": "pass",
                    "state": "healthy",
                    "importance": "required",
                    "liveness": true,
                    "startup": true,
                    "hasStarted": true,
                    "consecutiveBad": 0,
                    "observedValue": 1500.0,
                    "observedUnit": "ms",
                    "time": "2024-02-29T11:59:50.000Z",
                }],
                "cache:responseTime": [{
                    "componentId": "cache",
                    "componentType": "component",
                    "status": "fail",
                    "state": "unhealthy",
                    "importance": "optional",
                    "liveness": false,
                    "startup": false,
                    "hasStarted": false,
                    "consecutiveBad": 1,
                    "observedValue": 0.0,
                    "observedUnit": "ms",
                    "time": "2024-02-29T11:59:48.500Z",
                    "output": "connection refused",
                    "details": { "host": "10.0.0.7" },
                }],
                "late:responseTime": [{
                    "componentId": "late",
                    "componentType": "component",
                    "status": "fail",
                    "state": "unknown",
                    "importance": "optional",
                    "liveness": false,
                    "startup": false,
                    "hasStarted": false,
                    "consecutiveBad": 0,
                    "output": "not checked yet",
                }],
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn each_probe_has_a_document_of_what_counts_for_it() {
    let monitor = steady();
    let disk = Check::new("disk", || async { Outcome::unknown("cannot tell") });
    let db = Check::new("db", || async { Outcome::healthy() });
    let cache = Check::new("cache", || async { Outcome::unhealthy("refused") });
    monitor
        .register(disk.liveness(true).startup(false))
        .unwrap();
    monitor.register(db).unwrap();
    monitor.register(cache.optional().startup(true)).unwrap();
    let report = monitor.check_now().await;
    for (probe, status, word, http, names, output) in [
        // The draft wants `fail` with 4xx or 5xx only, and unknown is no reason to restart.
        (
            Probe::Liveness,
            Status::Unknown,
            "warn",
            200,
            vec!["disk"],
            "disk is unknown: cannot tell",
        ),
        (
            Probe::Readiness,
            Status::Unknown,
            "fail",
            503,
            vec!["cache", "db", "disk"],
            "disk is unknown: cannot tell; cache is unhealthy: refused",
        ),
        (
            Probe::Startup,
            Status::Unhealthy,
            "fail",
            503,
            vec!["cache", "db"],
            "cache is unhealthy: refused",
        ),
    ] {
        let document: Value = serde_json::from_str(&report.to_json_of(probe)).unwrap();
        assert_eq!(report.status_of(probe), status, "{probe}");
        assert_eq!(report.http_status_of(probe), http, "{probe}");
        assert_eq!(document["status"], word, "{probe}");
        assert_eq!(document["output"], output, "{probe}");
        let mut told: Vec<_> = document["checks"].as_object().unwrap().keys().collect();
        told.sort();
        let names: Vec<_> = names
            .iter()
            .map(|name| format!("{name}:responseTime"))
            .collect();
        assert_eq!(told, names.iter().collect::<Vec<_>>(), "{probe}");
        assert_eq!(
            report.to_terse_json_of(probe),
            format!("{{\"status\":\"{word}\"}}")
        );
    }
    assert_eq!(report.to_json(), report.to_json_of(Probe::Readiness));
}

/// The draft has no output where all is well.
#[tokio::test(start_paused = true)]
async fn what_damping_holds_back_is_not_told() {
    let monitor = steady();
    let probe = support::Probe::new();
    monitor
        .register(probe.check("db").unhealthy_after(2))
        .unwrap();
    monitor.check_now().await;
    probe.answer(Status::Unhealthy);
    let document = parsed(&monitor.check_now().await);
    let db = &document["checks"]["db:responseTime"][0];
    assert_eq!(
        (&db["status"], &db["consecutiveBad"]),
        (&json!("pass"), &json!(1))
    );
    assert!(db.get("output").is_none(), "{db}");
    assert!(document.get("output").is_none(), "{document}");
}

#[test]
fn a_service_says_what_it_is() {
    let monitor = Monitor::builder("orders")
        .service_id("f03e522f")
        .version("1")
        .release_id("1.2.2")
        .description("takes orders")
        .build()
        .unwrap();
    let document = parsed(&monitor.get_health());
    for (key, value) in [
        ("serviceId", "f03e522f"),
        ("version", "1"),
        ("releaseId", "1.2.2"),
        ("description", "takes orders"),
    ] {
        assert_eq!(document[key], value);
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_that_waits_says_for_whom() {
    let monitor = steady();
    let db = Check::new("db", || async { Outcome::unhealthy("refused") });
    let table = Check::new("table", || async { Outcome::healthy() });
    monitor.register(table.depends_on(["db", "disk"])).unwrap();
    monitor.register(db).unwrap();
    monitor
        .register(support::Probe::new().check("disk"))
        .unwrap();
    let document = parsed(&monitor.check_now().await);
    let table = &document["checks"]["table:responseTime"][0];
    assert_eq!(table["dependsOn"], json!(["db", "disk"]));
    assert_eq!(table["waitsFor"], "db");
    assert_eq!(table["output"], "waits for db, which is unhealthy");
    let db = &document["checks"]["db:responseTime"][0];
    assert!(db.get("dependsOn").is_none() && db.get("waitsFor").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_draft_has_three_words_for_our_four() {
    let monitor = steady();
    let probe = support::Probe::new();
    monitor.register(probe.check("db")).unwrap();
    for (status, word) in [
        (Status::Healthy, "pass"),
        (Status::Degraded, "warn"),
        (Status::Unhealthy, "fail"),
        (Status::Unknown, "fail"),
    ] {
        probe.answer(status);
        let document = parsed(&monitor.check_now().await);
        let db = &document["checks"]["db:responseTime"][0];
        assert_eq!(document["status"], word);
        assert_eq!(db["status"], word);
        assert_eq!(db["state"], status.as_str());
        let passes = word == "pass";
        assert_eq!(document.get("output").is_none(), passes, "{document}");
        assert_eq!(db.get("output").is_none(), passes, "{document}");
    }
}

#[test]
fn no_checks_make_a_document_too() {
    let document = parsed(&steady().get_health());
    assert_eq!(document["status"], "pass");
    assert_eq!(document["checks"], json!({}));
}

#[test]
fn a_colon_in_a_name_is_kept_out_of_the_key_and_nothing_is_lost() {
    let monitor = steady();
    for name in ["host:443", "host_443"] {
        monitor.register(support::Probe::new().check(name)).unwrap();
    }
    let document = parsed(&monitor.get_health());
    let both = &document["checks"]["host_443:responseTime"];
    assert_eq!(both.as_array().unwrap().len(), 2);
    assert_eq!(both[0]["componentId"], "host:443");
    assert_eq!(both[1]["componentId"], "host_443");
}

#[test]
fn quotes_and_control_characters_are_escaped() {
    let monitor = Monitor::builder("\"a\"").build().unwrap();
    monitor
        .register(support::Probe::new().check("b\\\n\u{1}\u{1f600}"))
        .unwrap();
    let json = monitor.get_health().to_json();
    assert!(json.contains(r#""serviceId":"\"a\"""#), "{json}");
    assert!(
        json.contains("\"componentId\":\"b\\\\\\n\\u0001😀\""),
        "{json}"
    );
    assert!(json.chars().all(|each| !each.is_control()), "{json}");
}

proptest! {
    #[test]
    fn any_text_comes_back_as_it_was(
        service in ".+", name in ".+", message in any::<String>(),
        key in any::<String>(), detail in any::<String>(),
    ) {
        let monitor = Monitor::builder(&*service).build().unwrap();
        let said = (message.clone(), key.clone(), detail.clone());
        let check = Check::new(&*name, move || {
            let (message, key, detail) = said.clone();
            async move { Outcome::unhealthy(message).detail(key, detail) }
        });
        monitor.register(check).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let document = parsed(&runtime.block_on(monitor.check_now()));
        let component = &document["checks"][format!("{}:responseTime", name.replace(':', "_"))][0];
        prop_assert_eq!(&document["serviceId"], &service);
        prop_assert_eq!(&component["componentId"], &name);
        prop_assert_eq!(&component["output"], &message);
        prop_assert_eq!(&component["details"][&key], &detail);
    }
}

/// A report made at that second, with one component that was checked at that moment.
fn time_at(seconds: u64) -> String {
    let monitor = steady();
    monitor.register(support::Probe::new().check("db")).unwrap();
    let mut report = monitor.get_health();
    report.at = UNIX_EPOCH + Duration::from_secs(seconds);
    report.components[0].checked_ago = Some(Duration::ZERO);
    let document = parsed(&report);
    let time = &document["checks"]["db:responseTime"][0]["time"];
    time.as_str().unwrap().to_owned()
}

#[test]
fn times_are_in_utc_and_know_leap_years() {
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399, "2000-02-28T23:59:59.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (951_868_800, "2000-03-01T00:00:00.000Z"),
        (1_709_164_800, "2024-02-29T00:00:00.000Z"),
        (1_735_689_599, "2024-12-31T23:59:59.000Z"),
        (4_107_542_399, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799, "9999-12-31T23:59:59.000Z"),
    ] {
        assert_eq!(time_at(seconds), expected);
    }
}

#[test]
fn every_day_of_four_centuries_follows_the_day_before() {
    let mut day = 0;
    for year in 1970..2370 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if leap { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, days) in (1..).zip(months) {
            // The first and the last day pin the days between down.
            for date in [1, days] {
                let time = time_at((day + date - 1) * 86_400);
                assert_eq!(
                    time,
                    format!("{year:04}-{month:02}-{date:02}T00:00:00.000Z")
                );
            }
            day += days;
        }
    }
}

#[test]
fn a_time_before_1970_does_not_panic() {
    let monitor = steady();
    monitor.register(support::Probe::new().check("db")).unwrap();
    let mut report = monitor.get_health();
    report.at = UNIX_EPOCH;
    report.components[0].checked_ago = Some(Duration::MAX);
    assert!(report.to_json().contains("1970-01-01T00:00:00.000Z"));
}

#[test]
fn a_time_after_9999_does_not_panic() {
    assert_eq!(time_at(253_402_300_800), "9999-12-31T23:59:59.999Z");
}
