//! What comes and goes while the controls are in use.

use serde_json::json;
use steadfast_breaker::Mode;
use steadfast_bulkhead::Bulkhead;

use super::{PAYMENTS, force_open};
use crate::support::{Served, breaker, operators};

#[tokio::test]
async fn what_is_added_later_is_watched_and_can_be_changed() {
    let served = Served::new(|it| it.controls(operators())).await;
    // The first reading, which the next one must not rest on.
    served.json("api/snapshot").await;
    let controls = served.dashboard.controls().unwrap();
    let payments = breaker("payments");
    controls.add(&payments);
    controls.clone().add(&payments);
    until_actions(
        &served,
        json!(["force_open", "force_closed", "disable", "reset"]),
    )
    .await;
    assert_eq!(served.control(&force_open(PAYMENTS)).await.0, 200);
    assert_eq!(payments.mode(), Mode::ForcedOpen);
}

#[tokio::test]
async fn what_is_removed_is_refused_and_shown_for_as_long_as_it_lives() {
    let (payments, stock) = (breaker("payments"), breaker("stock"));
    let controls = operators().breaker(&payments).breaker(&stock);
    let served = Served::new(|it| it.controls(controls)).await;
    assert_eq!(served.control(&force_open(PAYMENTS)).await.0, 200);
    let controls = served.dashboard.controls().unwrap();
    assert!(controls.remove(&payments));
    assert!(!controls.remove(&payments));
    let refused = served.control(&force_open(PAYMENTS)).await;
    let text = "payments is not registered for controls";
    assert_eq!(refused, (404, text.to_owned()));
    // What was done stays, but its row has lost its actions.
    assert_eq!(payments.mode(), Mode::ForcedOpen);
    until_actions(&served, json!([])).await;
    let other = force_open("circuit_breaker/stock/1");
    assert_eq!(served.control(&other).await.0, 200);
    drop(payments);
    until("the row is gone", &served, |row| row.is_none()).await;
}

#[tokio::test]
async fn one_that_was_never_in_takes_nothing_along_of_another_of_its_name() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    assert_eq!(served.control(&force_open(PAYMENTS)).await.0, 200);
    let controls = served.dashboard.controls().unwrap();
    assert!(!controls.remove(&breaker("payments")));
    // Something that only the next reading knows of.
    payments.try_acquire().unwrap_err();
    let is_read = |row: Option<&serde_json::Value>| {
        row.is_some_and(|row| row["facts"]["total_rejected"] == 1)
    };
    until("it was read again", &served, is_read).await;
    assert_eq!(served.row(PAYMENTS).await["facts"]["mode_by"], "alice");
}

#[tokio::test]
async fn another_of_the_same_name_is_another() {
    let first = Bulkhead::builder("reports").build().unwrap();
    let served = Served::new(|it| it.controls(operators().bulkhead(&first))).await;
    let controls = served.dashboard.controls().unwrap();
    controls.remove(&first);
    drop(first);
    let second = Bulkhead::builder("reports").build().unwrap();
    controls.add(&second);
    let form = json!({ "action": "set_limit", "component": "bulkhead/reports/1", "reason": "too many", "max_concurrent": 3 });
    let (status, text) = served.control(&form.to_string()).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(second.snapshot().max_concurrent, 3);
}

#[tokio::test]
async fn controls_keep_neither_dashboard_nor_components_and_there_are_none_unless_asked_for() {
    let telemetry = steadfast_telemetry::Telemetry::new();
    let off = steadfast_dashboard::Dashboard::builder(&telemetry)
        .build()
        .unwrap();
    assert!(off.controls().is_none());
    let dashboard = steadfast_dashboard::Dashboard::builder(&telemetry).controls(operators());
    let controls = dashboard.build().unwrap().controls().unwrap();
    let payments = breaker("payments");
    let weak = payments.downgrade();
    controls.add(&payments);
    drop((payments, telemetry));
    assert!(weak.upgrade().is_none());
    // Nobody is there to see it any more.
    controls.add(&breaker("late"));
}

/// Also as long as the reading from before is fresh.
#[tokio::test]
async fn nothing_is_done_to_what_has_come_in_the_place_of_what_was_asked_for() {
    let first = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&first))).await;
    served.row(PAYMENTS).await;
    let controls = served.dashboard.controls().unwrap();
    controls.remove(&first);
    let second = breaker("payments");
    controls.add(&second);
    assert_eq!(served.control(&force_open(PAYMENTS)).await.0, 409);
    drop(first);
    assert_eq!(served.control(&force_open(PAYMENTS)).await.0, 404);
    assert_eq!(second.mode(), Mode::Automatic);
    let form = force_open("circuit_breaker/payments/2");
    until("it was read again", &served, |row| row.is_none()).await;
    assert_eq!(served.control(&form).await.0, 200);
    assert_eq!(second.mode(), Mode::ForcedOpen);
}

#[cfg(feature = "http")]
#[tokio::test]
async fn the_hosts_of_a_client_come_and_go_with_it() {
    let client = steadfast_http::Client::named("billing").max_attempts(1);
    let client = client.build().unwrap();
    let served = Served::new(|it| it.controls(operators())).await;
    let controls = served.dashboard.controls().unwrap();
    controls.add(&client);
    // Nobody listens there.
    client.get("http://127.0.0.1:1/").send().await.unwrap_err();
    let form = force_open("circuit_breaker/billing/127.0.0.1:1/1");
    assert_eq!(served.control(&form).await.0, 200);
    assert!(controls.remove(&client));
    assert_eq!(served.control(&form).await.0, 404);
}

#[cfg(feature = "amqp")]
#[tokio::test]
async fn a_connection_comes_and_goes_with_its_breaker() {
    let connection = steadfast_amqp::ResilientConnection::builder("orders")
        .uri("amqp://127.0.0.1:1")
        .connect_lazy()
        .unwrap();
    let served = Served::new(|it| it.controls(operators())).await;
    let controls = served.dashboard.controls().unwrap();
    controls.add(&connection);
    let form = force_open("circuit_breaker/orders/1");
    assert_eq!(served.control(&form).await.0, 200);
    assert!(controls.remove(&connection));
    assert_eq!(served.control(&form).await.0, 404);
    let form = json!({ "action": "reconnect", "component": "amqp_connection/orders/1", "reason": "moved" });
    assert_eq!(served.control(&form.to_string()).await.0, 404);
}

async fn until_actions(served: &Served, actions: serde_json::Value) {
    let has_them =
        |row: Option<&serde_json::Value>| row.is_some_and(|row| row["actions"] == actions);
    until("the row has the actions", served, has_them).await;
}

/// Waits until the row of payments is so.
async fn until(what: &str, served: &Served, is_so: impl Fn(Option<&serde_json::Value>) -> bool) {
    for _ in 0..1000 {
        let snapshot = served.json("api/snapshot").await;
        let rows = snapshot["components"].as_array().unwrap();
        if is_so(rows.iter().find(|row| row["id"] == PAYMENTS)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
