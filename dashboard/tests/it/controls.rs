//! What operators may change.

use std::time::Duration;

use serde_json::json;
use steadfast_breaker::{Mode, State};
use steadfast_bulkhead::Bulkhead;
use steadfast_dashboard::Dashboard;
use steadfast_health::{Check, Monitor, Outcome};
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
async fn health_checks_are_run() {
    let monitor = Monitor::builder("orders").build().unwrap();
    let (ran, runs) = std::sync::mpsc::channel();
    let look = move || {
        ran.send(()).unwrap();
        async { Outcome::healthy() }
    };
    monitor.register(Check::new("db", look)).unwrap();
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
        (200, "all health checks of the monitor are being run")
    );
    until(|| runs.try_recv().is_ok()).await;
}

#[tokio::test]
async fn only_the_page_itself_can_post() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let host = served.origin().strip_prefix("http://").unwrap().to_owned();
    let own = format!("http://{host}");
    let own_tls = format!("https://{host}");
    let json_type = ("content-type", "application/json");
    let csrf = ("x-resilience-csrf", "1");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[csrf, ("sec-fetch-site", "same-origin")], 415),
        (
            &[
                csrf,
                ("content-type", "text/plain"),
                ("sec-fetch-site", "same-origin"),
            ],
            415,
        ),
        (
            &[
                csrf,
                ("content-type", "application/x-www-form-urlencoded"),
                ("origin", &own),
            ],
            415,
        ),
        (&[json_type, ("sec-fetch-site", "same-origin")], 403),
        (
            &[
                json_type,
                ("x-resilience-csrf", "0"),
                ("sec-fetch-site", "same-origin"),
            ],
            403,
        ),
        (&[json_type, csrf], 403),
        (&[json_type, csrf, ("sec-fetch-site", "cross-site")], 403),
        (&[json_type, csrf, ("sec-fetch-site", "same-site")], 403),
        (&[json_type, csrf, ("sec-fetch-site", "none")], 403),
        (
            &[
                json_type,
                csrf,
                ("sec-fetch-site", "cross-site"),
                ("origin", &own),
            ],
            403,
        ),
        (&[json_type, csrf, ("origin", "http://evil.example")], 403),
        (&[json_type, csrf, ("origin", "null")], 403),
        (&[json_type, csrf, ("origin", "http://127.0.0.1")], 403),
        (
            &[json_type, csrf, ("origin", &own), ("operator", "mallory")],
            403,
        ),
        (&[json_type, csrf, ("origin", &own)], 200),
        (&[json_type, csrf, ("origin", &own_tls)], 200),
        (
            &[
                ("content-type", "Application/JSON; charset=utf-8"),
                csrf,
                ("origin", &own),
            ],
            200,
        ),
    ];
    for (headers, expected) in cases {
        payments.reset();
        let mut request = served.client.post(served.url("api/control"));
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let (status, line) = said(request.body(force_open(PAYMENTS))).await;
        assert_eq!(status, *expected, "{headers:?}: {line}");
        let forced = payments.mode() == Mode::ForcedOpen;
        assert_eq!(forced, *expected == 200, "{headers:?}");
    }
    let get = served.get("api/control").await;
    assert_eq!(
        (get.status().as_u16(), &get.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn what_is_not_well_formed_is_refused_with_a_line_that_helps() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let long = "x".repeat(201);
    for (more, expected) in [
        (
            json!({ "action": "explode" }),
            "action must be one of force_open, force_closed, disable, automatic, reset, set_limit, reconnect, check_now",
        ),
        (
            json!({ "action": "force_open", "reason": " a " }),
            "reason must be one line of 3 to 200 characters",
        ),
        (
            json!({ "action": "force_open", "reason": long }),
            "reason must be one line of 3 to 200 characters",
        ),
        (
            json!({ "action": "force_open", "reason": "two\nlines" }),
            "reason must be one line of 3 to 200 characters",
        ),
        (
            json!({ "action": "reset", "for_seconds": 5 }),
            "for_seconds is not for reset",
        ),
        (
            json!({ "action": "force_open", "for_seconds": 0 }),
            "for_seconds must be from 1 to 86400; leave it out to set a mode until it is changed",
        ),
        (
            json!({ "action": "force_open", "for_seconds": 86_401 }),
            "for_seconds must be from 1 to 86400; leave it out to set a mode until it is changed",
        ),
        (
            json!({ "action": "force_open", "max_concurrent": 5 }),
            "max_concurrent is not for force_open",
        ),
        (
            json!({ "action": "set_limit" }),
            "set_limit needs max_concurrent",
        ),
    ] {
        let answer = served.control(&of_payments(more)).await;
        assert_eq!(answer, (400, expected.to_owned()));
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"action":"reset"}"#,
        r#"{"action":"reset","component":"x","reason":"abc","x":1}"#,
    ] {
        let (status, error) = served.control(body).await;
        assert_eq!(status, 400, "{body}");
        assert!(
            error.starts_with("the body is not as it must be: ") && !error.contains('\n'),
            "{error}"
        );
    }
    let (status, error) = served.control(&" ".repeat(4097)).await;
    assert_eq!(
        (status, error.as_str()),
        (413, "the body must not be longer than 4096 bytes")
    );
    assert_eq!(payments.mode(), Mode::Automatic);
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let automatic = of_payments(json!({ "action": "automatic" }));
    let limit = of_payments(json!({ "action": "set_limit", "max_concurrent": 3 }));
    for (form, expected) in [
        (automatic, (409, "it is automatic already")),
        (limit, (400, "set_limit is not for a circuit_breaker")),
        (
            force_open("circuit_breaker/nobody/1"),
            (404, "there is no such component"),
        ),
        (force_open("nonsense"), (404, "there is no such component")),
    ] {
        let (status, text) = served.control(&form).await;
        assert_eq!((status, text.as_str()), expected, "{form}");
    }
}

#[tokio::test]
async fn only_what_is_registered_under_a_name_of_its_own_can_be_changed() {
    let (twin, unregistered) = (breaker("twin"), breaker("unregistered"));
    let served = Served::new(|it| it.controls(operators().breaker(&twin))).await;
    served.telemetry.watch(&unregistered);
    let other_twin = breaker("twin");
    served.telemetry.watch(&other_twin);
    for (component, expected) in [
        (
            "circuit_breaker/unregistered/1",
            (404, "unregistered is not registered for controls"),
        ),
        (
            "circuit_breaker/twin/1",
            (
                409,
                "more than one circuit_breaker is named twin: nobody knows which one is meant",
            ),
        ),
        (
            "circuit_breaker/twin/2",
            (
                409,
                "more than one circuit_breaker is named twin: nobody knows which one is meant",
            ),
        ),
    ] {
        let (status, text) = served.control(&force_open(component)).await;
        assert_eq!((status, text.as_str()), expected, "{component}");
    }
    assert_eq!(
        served.row("circuit_breaker/twin/1").await["actions"],
        json!([])
    );
    assert_eq!(
        (twin.mode(), other_twin.mode()),
        (Mode::Automatic, Mode::Automatic)
    );
}

#[tokio::test]
async fn an_authoriser_that_denies_or_panics_lets_nothing_through() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    for (name, expected) in [
        ("mallory", (403, "mallory may look and touch nothing")),
        ("boom", (500, "the authoriser panicked")),
    ] {
        let request = served.post(&force_open(PAYMENTS)).header("operator", name);
        let (status, error) = said(request).await;
        assert_eq!((status, error.as_str()), expected);
    }
    assert_eq!(payments.mode(), Mode::Automatic);
}

#[tokio::test]
async fn too_many_at_once_are_refused() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let crowd = (0..50).map(|_| said(served.post(&force_open(PAYMENTS))));
    let answers = futures_util::future::join_all(crowd).await;
    let refused = answers.iter().filter(|(status, _)| *status == 429).count();
    assert!(answers.iter().any(|(status, _)| *status == 200));
    assert!(refused > 0, "{answers:?}");
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
