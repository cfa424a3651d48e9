//! What is asked for once.

use std::time::Duration;

use serde_json::{Value, json};
use steadfast_breaker::CircuitBreaker;
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_telemetry::{Notice, NoticeLevel, Telemetry};
use tokio::time::sleep;

use crate::support::{LONG, Served, breaker, json, trip, until};

#[tokio::test]
async fn a_snapshot_says_whose_page_it_is() {
    let monitor = Monitor::builder("orders").build().unwrap();
    let served = Served::new(|it| it.health(&monitor).version("1.2.3")).await;
    let response = served.get("api/snapshot").await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let snapshot = json(response).await;
    let process = &snapshot["process"];
    assert_eq!(
        (&process["service"], &process["version"]),
        (&json!("orders"), &json!("1.2.3"))
    );
    assert_eq!(process["pid"], std::process::id());
    assert_eq!(process["instance"].as_str().unwrap().len(), 16);
    assert_eq!(
        snapshot["health"],
        json!({ "status": "healthy", "live": true, "ready": true, "started": true })
    );
    let said = (
        &snapshot["version"],
        &snapshot["controls"],
        &snapshot["history"],
    );
    assert_eq!(said, (&json!(1), &json!(false), &json!(true)));

    let without = Served::with(Telemetry::new(), |it| it).await;
    let snapshot = without.json("api/snapshot").await;
    assert_eq!(
        (&snapshot["health"], &snapshot["history"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(snapshot["process"]["service"], "service");
    assert!(
        snapshot["seq"].as_u64().unwrap() < 1 << 53,
        "JavaScript knows no larger ones"
    );
}

#[tokio::test]
async fn events_come_in_order_after_a_number_and_no_more_than_asked_for() {
    let served = Served::new(|it| it.events(5)).await;
    for number in 0..8 {
        let text = format!("change {number}");
        let notice = Notice::new("reload", "orders.toml", NoticeLevel::Warning, text);
        served.dashboard.tell(&notice);
    }
    let all = served.json("api/events").await;
    let events = all["events"].as_array().unwrap();
    let texts: Vec<_> = events
        .iter()
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        ["change 3", "change 4", "change 5", "change 6", "change 7"]
    );
    assert_eq!(
        (&events[0]["kind"], &events[0]["severity"]),
        (&json!("reload"), &json!(2))
    );

    let seq = events[0]["seq"].as_u64().unwrap();
    let some = served
        .json(&format!("api/events?after={seq}&limit=2"))
        .await;
    assert_eq!(some["events"], json!([events[1], events[2]]));
    assert_eq!(some["missed"], 0);
    let missed = served.json(&format!("api/events?after={}", seq - 3)).await;
    assert_eq!(missed["missed"], 2);
    assert_eq!(missed["events"].as_array().unwrap().len(), 5);
    let latest = served.json("api/events?limit=1").await;
    assert_eq!(latest["events"], json!([events[4]]));
    assert_eq!(served.json("api/events?limit=0").await["events"], json!([]));

    let response = served.get("api/events?after=yesterday").await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        json(response).await["error"],
        "after must be a whole number from 0 on"
    );
}

#[tokio::test]
async fn a_component_is_told_of_whole_whatever_its_name() {
    let name = "a/b c?#%\"é";
    let served = Served::new(|it| it).await;
    let odd = breaker(name);
    served.telemetry.watch(&odd);
    let other = breaker("other");
    served.telemetry.watch(&other);
    trip(&odd);
    trip(&other);
    let path = "api/components/a%2Fb%20c%3F%23%25%22%C3%A9";
    let mut component = served.json(path).await;
    // The event is told by a task of its own.
    for _ in 0..1000 {
        if component["events"] != json!([]) {
            break;
        }
        sleep(Duration::from_millis(5)).await;
        component = served.json(path).await;
    }
    let components = component["components"].as_array().unwrap();
    assert_eq!(components.len(), 1);
    assert_eq!(components[0]["id"], format!("circuit_breaker/{name}/1"));
    assert_eq!(components[0]["state"], "open");
    assert_eq!(
        components[0]["notes"]["cause"],
        "3 consecutive calls failed"
    );
    let values = components[0]["values"].as_array().unwrap();
    assert!(
        values
            .iter()
            .any(|value| value["metric"] == "resilience.circuit_breaker.calls")
    );
    let events = component["events"].as_array().unwrap();
    assert_eq!(events.len(), 1, "none of the other's");
    assert_eq!(events[0]["name"], name);

    for (path, status) in [("nobody", 404), ("%FF", 400)] {
        let response = served.get(&format!("api/components/{path}")).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(json(response).await["error"].is_string());
    }
}

#[tokio::test]
async fn the_last_five_minutes_are_there_at_once() {
    let served = Served::new(|it| it).await;
    let calling = CircuitBreaker::builder("payments").build().unwrap();
    served.telemetry.watch(&calling);
    let calls = async {
        loop {
            let _ = calling.call_blocking(|| Ok::<_, &str>(()));
            sleep(Duration::from_millis(5)).await;
        }
    };
    let history = async {
        loop {
            let history = served.json("api/history").await;
            let calls = &history["series"]["circuit_breaker/payments/1"]["calls"];
            let last = calls.as_array().and_then(|calls| calls.last()?.as_f64());
            if last.is_some_and(|last| last > 0.0) {
                return history;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let history = tokio::time::timeout(LONG, async {
        tokio::select! { history = history => history, () = calls => unreachable!() }
    });
    let history = history.await.unwrap();
    assert_eq!(
        (&history["step_seconds"], &history["points"]),
        (&json!(5), &json!(60))
    );
    let series = &history["series"]["circuit_breaker/payments/1"];
    for line in ["calls", "bad"] {
        assert_eq!(series[line].as_array().unwrap().len(), 60, "{line}");
    }
    assert_eq!(
        series["calls"][0],
        Value::Null,
        "nothing is known of that time"
    );
    let component = served.json("api/components/payments").await;
    let past = &component["components"][0]["history"]["seconds"];
    assert!(!past["calls"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn who_looks_first_has_rates_at_once_by_the_history() {
    let served = Served::new(|it| it).await;
    let payments = breaker("payments");
    served.telemetry.watch(&payments);
    let grew = || {
        let history = served.telemetry.history();
        let series = history.components.iter().flat_map(|one| &one.series);
        let mut calls = series.filter(|one| one.metric == "resilience.circuit_breaker.calls");
        calls.any(|one| one.seconds.iter().flatten().any(|grown| *grown > 0.0))
    };
    until(|| {
        let _ = payments.call_blocking(|| Ok::<_, &str>(()));
        grew()
    })
    .await;
    let row = served.row("circuit_breaker/payments/1").await;
    let rate = row["facts"]["calls_per_second"].as_f64();
    assert!(rate.is_some_and(|rate| rate > 0.0), "{row}");
}

#[tokio::test]
async fn metrics_are_prometheus_text_with_the_dashboards_own() {
    let served = Served::new(|it| it).await;
    let payments = breaker("payments");
    served.telemetry.watch(&payments);
    let response = served.get("metrics").await;
    let media_type = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        media_type.starts_with("text/plain; version=0.0.4"),
        "{media_type}"
    );
    let text = response.text().await.unwrap();
    let of_a_breaker = r#"resilience_circuit_breaker_state{resilience_name="payments",resilience_state="closed"} 1"#;
    assert!(text.contains(of_a_breaker));
    assert!(
        text.lines()
            .any(|line| line == "resilience_dashboard_streams 0")
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    let snapshot = served.json("api/snapshot").await;
    assert_eq!(
        snapshot["components"].as_array().unwrap().len(),
        1,
        "it has no row itself"
    );
}

#[tokio::test]
async fn probes_are_answered_below_the_mount_point() {
    let monitor = Monitor::builder("orders").build().unwrap();
    monitor
        .register(Check::new("db", || async { Outcome::unhealthy("refused") }))
        .unwrap();
    monitor.check_now().await;
    let served = Served::mounted(
        Telemetry::new(),
        |it| it.health(&monitor),
        "/ops",
        |dashboard| axum::Router::new().nest_service("/ops", dashboard.router::<()>()),
    )
    .await;
    for (path, status, body) in [
        ("health", 503, r#"{"status":"fail"}"#),
        ("health/ready", 503, r#"{"status":"fail"}"#),
        ("health/live", 200, r#"{"status":"pass"}"#),
        ("health/startup", 503, r#"{"status":"fail"}"#),
    ] {
        let response = served.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.text().await.unwrap(), body, "{path}");
    }
    let verbose = served.get("health?verbose").await.text().await.unwrap();
    assert!(verbose.contains("refused"));
    assert_eq!(served.get("health/nonsense").await.status(), 404);
    let post = served
        .client
        .post(served.url("health"))
        .send()
        .await
        .unwrap();
    assert_eq!(post.status(), 405);

    let without = Served::new(|it| it).await;
    assert_eq!(without.get("health").await.status(), 404);
}

#[tokio::test]
async fn without_its_telemetry_it_says_so() {
    let telemetry = Telemetry::new();
    let mut served = Served::with(telemetry, |it| it).await;
    served.telemetry = Telemetry::new();
    for path in [
        "api/snapshot",
        "api/history",
        "api/components/x",
        "metrics",
        "api/stream",
    ] {
        let response = served.get(path).await;
        assert_eq!(response.status(), 503, "{path}");
        assert!(json(response).await["error"].is_string(), "{path}");
    }
    assert_eq!(served.get("").await.status(), 200);
    assert_eq!(served.get("api/events").await.status(), 200);
}
