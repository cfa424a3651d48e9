//! What operators may change.

mod audited;
mod live;
mod refused;

use std::time::Duration;

use serde_json::json;
use steadfast_breaker::{Mode, State};
use steadfast_bulkhead::Bulkhead;
use steadfast_dashboard::Dashboard;
use steadfast_health::{Check, Monitor, Outcome, Status};
use steadfast_telemetry::Telemetry;

use crate::support::{Served, breaker, json, operators, said, trip, until};

const PAYMENTS: &str = "circuit_breaker/payments/1";

fn force_open(component: &str) -> String {
    json!({ "action": "force_open", "component": component, "reason": "being moved" }).to_string()
}

fn of_payments(more: serde_json::Value) -> String {
    let mut form = json!({ "component": PAYMENTS, "reason": "being moved" });
    let fields = form.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    form.to_string()
}

#[tokio::test]
async fn without_controls_there_is_nothing_to_post_to() {
    let served = Served::new(|it| it).await;
    let payments = breaker("payments");
    served.telemetry.watch(&payments);
    let (status, error) = served.control(&force_open(PAYMENTS)).await;
    assert_eq!(
        (status, error.as_str()),
        (404, "controls are off: `Builder::controls` turns them on")
    );
    assert_eq!(served.get("api/control").await.status(), 404);
    assert_eq!(payments.mode(), Mode::Automatic);
    assert_eq!(served.row(PAYMENTS).await["actions"], json!([]));
}

#[tokio::test]
async fn a_breaker_that_is_forced_open_rejects_until_its_time_is_over() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let actions = json!(["force_open", "force_closed", "disable", "reset"]);
    assert_eq!(served.row(PAYMENTS).await["actions"], actions);

    let form = of_payments(json!({ "action": "force_open", "for_seconds": 1 }));
    let (status, text) = served.control(&form).await;
    assert_eq!((status, text.as_str()), (200, "forced open for 1 s"));
    let rejected = payments.try_acquire().unwrap_err();
    assert_eq!(rejected.forced_because(), Some("being moved"));

    until(|| payments.mode() == Mode::Automatic).await;
    payments.try_acquire().unwrap().success();
    assert_eq!(payments.mode(), Mode::Automatic);
}

#[tokio::test]
async fn the_row_says_who_has_set_a_mode_and_why_and_until_when() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let form = of_payments(json!({ "action": "force_closed", "for_seconds": 600 }));
    assert_eq!(served.control(&form).await.0, 200);
    let row = served.row(PAYMENTS).await;
    let facts = &row["facts"];
    assert_eq!(
        (&row["state"], &facts["mode"]),
        (&json!("forced_closed"), &json!("forced_closed"))
    );
    assert_eq!(
        (&facts["mode_by"], &facts["mode_reason"]),
        (&json!("alice"), &json!("being moved"))
    );
    assert!(facts["mode_expires_at"].is_u64());
    assert_eq!(
        row["actions"],
        json!([
            "force_open",
            "force_closed",
            "disable",
            "automatic",
            "reset"
        ])
    );
    let warnings = served.json("api/snapshot").await["warnings"].clone();
    let text = "circuit breaker payments is forced closed by alice: being moved";
    assert_eq!(warnings[0]["text"], text);

    // What bob asks for and does not get is not his.
    let form = of_payments(json!({ "action": "set_limit", "max_concurrent": 3 }));
    let (status, _) = said(served.post(&form).header("operator", "bob")).await;
    assert_eq!(status, 400);
    assert_eq!(served.row(PAYMENTS).await["facts"]["mode_by"], "alice");

    // Set by somebody else's code, it is not alice's any more.
    payments.set_mode(Mode::ForcedOpen, "by the code");
    until_row(&served, |row| row["state"] == "forced_open").await;
    let row = served.row(PAYMENTS).await;
    assert_eq!(row["facts"].get("mode_by"), None);
}

async fn until_row(served: &Served, is_so: impl Fn(&serde_json::Value) -> bool) {
    for _ in 0..1000 {
        if is_so(&served.row(PAYMENTS).await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the row never is so");
}

#[tokio::test]
async fn what_is_done_is_in_the_log_and_counted() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let response = served.post(&force_open(PAYMENTS)).send().await.unwrap();
    let seq = json(response).await["seq"].clone();
    let log = served.json("api/events").await;
    let events = log["events"].as_array().unwrap();
    let event = events
        .iter()
        .find(|event| event["kind"] == "control")
        .unwrap();
    assert_eq!(
        (&event["by"], &event["component"]),
        (&json!("alice"), &json!(PAYMENTS))
    );
    assert_eq!(
        event["text"],
        "forced open until it is changed: being moved"
    );
    assert_eq!(event["seq"], seq);
    served
        .post(&force_open(PAYMENTS))
        .header("operator", "mallory")
        .send()
        .await
        .unwrap();
    let metrics = served.get("metrics").await.text().await.unwrap();
    for line in [
        r#"resilience_dashboard_controls_total{resilience_action="force_open",resilience_outcome="done"} 1"#,
        r#"resilience_dashboard_controls_total{resilience_action="force_open",resilience_outcome="denied"} 1"#,
        r#"resilience_dashboard_controls_total{resilience_action="reset",resilience_outcome="done"} 0"#,
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line}");
    }
}

#[tokio::test]
async fn every_verb_does_what_it_says() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    for (verb, mode, text) in [
        (
            "force_closed",
            Mode::ForcedClosed,
            "forced closed until it is changed",
        ),
        ("disable", Mode::Disabled, "disabled until it is changed"),
        ("automatic", Mode::Automatic, "automatic again"),
    ] {
        let answer = served
            .control(&of_payments(json!({ "action": verb })))
            .await;
        assert_eq!(answer, (200, text.to_owned()));
        assert_eq!(payments.mode(), mode, "{verb}");
    }
    trip(&payments);
    assert_eq!(payments.state(), State::Open);
    assert_eq!(
        served
            .control(&of_payments(json!({ "action": "reset" })))
            .await
            .0,
        200
    );
    assert_eq!(payments.state(), State::Closed);
}

#[tokio::test]
async fn the_limit_of_a_bulkhead_is_changed() {
    let reports = Bulkhead::builder("reports")
        .max_concurrent(8)
        .build()
        .unwrap();
    let served = Served::new(|it| it.controls(operators().bulkhead(&reports))).await;
    let form = |limit: serde_json::Value| {
        let component = "bulkhead/reports/1";
        json!({ "action": "set_limit", "component": component, "reason": "too many", "max_concurrent": limit })
            .to_string()
    };
    assert_eq!(
        served.control(&form(json!(3))).await,
        (200, "limit 8 -> 3".to_owned())
    );
    assert_eq!(reports.snapshot().max_concurrent, 3);
    let (status, error) = served.control(&form(json!(0))).await;
    assert_eq!(status, 400, "{error}");
    assert!(error.contains("max_concurrent"), "{error}");
    assert_eq!(served.control(&form(json!(null))).await.0, 400);
    reports.close();
    assert_eq!(
        served.control(&form(json!(5))).await,
        (409, "it is closed".to_owned())
    );
    assert_eq!(reports.snapshot().max_concurrent, 3);
}

#[tokio::test]
async fn a_health_check_is_run_and_no_other() {
    let monitor = Monitor::builder("orders").build().unwrap();
    let (ran, runs) = std::sync::mpsc::channel();
    for name in ["db", "mail"] {
        let ran = ran.clone();
        let look = move || {
            ran.send(name).unwrap();
            async { Outcome::healthy() }
        };
        monitor.register(Check::new(name, look)).unwrap();
    }
    let other = Monitor::builder("other").build().unwrap();
    let controls = operators().monitor(&other).monitor(&monitor);
    let served = Served::new(|it| it.health(&monitor).controls(controls)).await;
    let row = served.row("health_check/db/1").await;
    assert_eq!(
        (&row["state"], &row["actions"]),
        (&json!("unknown"), &json!(["check_now"]))
    );
    let form =
        json!({ "action": "check_now", "component": "health_check/db/1", "reason": "is it back?" });
    let (status, text) = served.control(&form.to_string()).await;
    assert_eq!(
        (status, text.as_str()),
        (200, "it is being run, after what it depends on")
    );
    until(|| monitor.get_health().component("db").unwrap().status == Status::Healthy).await;
    assert_eq!(runs.try_iter().collect::<Vec<_>>(), ["db"]);
}

#[tokio::test]
async fn components_are_not_kept_alive() {
    let payments = breaker("payments");
    let weak = payments.downgrade();
    let telemetry = Telemetry::new();
    let controls = operators().breaker(&payments);
    let dashboard = Dashboard::builder(&telemetry).controls(controls);
    let _dashboard = dashboard.build().unwrap();
    drop(payments);
    assert!(weak.upgrade().is_none());
}

#[cfg(feature = "http")]
#[tokio::test]
async fn the_breaker_of_a_host_is_reached_through_its_client() {
    let client = steadfast_http::Client::named("billing")
        .max_attempts(1)
        .build()
        .unwrap();
    let served = Served::new(|it| it.controls(operators().http_client(&client))).await;
    // Nobody listens there.
    let url = "http://127.0.0.1:1/";
    client.get(url).send().await.unwrap_err();
    let row = "circuit_breaker/billing/127.0.0.1:1/1";
    assert_ne!(served.row(row).await["actions"], json!([]));
    assert_eq!(served.control(&force_open(row)).await.0, 200);
    assert!(client.get(url).send().await.unwrap_err().is_circuit_open());
    assert_eq!(served.row(row).await["facts"]["mode_by"], "alice");
    let (status, error) = served.control(&force_open("http_client/billing/1")).await;
    assert_eq!(
        (status, error.as_str()),
        (404, "billing is not registered for controls")
    );
}

#[cfg(feature = "amqp")]
#[tokio::test]
async fn a_connection_is_made_anew() {
    use steadfast_amqp::{ConnectionState, ResilientConnection};

    let connection = ResilientConnection::builder("orders")
        .uri("amqp://127.0.0.1:1")
        // Longer than the test, so that it waits when it is asked to try now.
        .base_backoff(Duration::from_secs(3600))
        .max_backoff(Duration::from_secs(3600))
        .connect_lazy()
        .unwrap();
    let weak = connection.downgrade();
    let served = Served::new(|it| it.controls(operators().connection(&connection))).await;
    let row = "amqp_connection/orders/1";
    assert_eq!(served.row(row).await["actions"], json!(["reconnect"]));
    until(|| connection.state() == ConnectionState::Disconnected).await;
    let form = json!({ "action": "reconnect", "component": row, "reason": "nodes have moved" });
    let (status, text) = served.control(&form.to_string()).await;
    assert_eq!((status, text.as_str()), (200, "it connects again"));
    assert_eq!(connection.snapshot().totals.reconnects_asked, 1);

    let (status, _) = served
        .control(&force_open("circuit_breaker/orders/1"))
        .await;
    assert_eq!(status, 200);
    let (status, error) = served.control(&form.to_string()).await;
    assert_eq!(status, 409, "{error}");
    drop(connection);
    assert!(weak.upgrade().is_none(), "the controls do not keep it");
}
