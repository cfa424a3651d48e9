//! The trace that every change leaves for whoever collects logs.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{PAYMENTS, force_open};
use crate::support::{Served, breaker, operators};

/// Keeps the events of the dashboard, one line each.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "steadfast_dashboard"
    }

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                let _ = write!(self.0, "{}={value:?} ", field.name());
            }
        }
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn every_change_and_every_denial_is_traced_with_who_and_what() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let forged = "circuit_breaker/a\nINFO by=bob/1";
    let mallory = served
        .post(&force_open(PAYMENTS))
        .header("operator", "mallory");
    mallory.send().await.unwrap();
    served.control(&force_open(PAYMENTS)).await;
    served.control(&force_open(forged)).await;

    let lines = heard.0.lock().unwrap();
    let component = r#"component="circuit_breaker/payments/1""#;
    for (line, parts) in lines.iter().zip([
        [
            "WARN ",
            component,
            "control denied: mallory may look and touch nothing",
        ],
        [
            "by=alice reason=being moved ",
            component,
            "control: forced open until it is changed",
        ],
        [
            r#"a\nINFO"#,
            "by=alice",
            "control refused: there is no such component",
        ],
    ]) {
        assert!(!line.contains('\n'), "{line}");
        for part in parts {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[tokio::test]
async fn what_was_not_done_is_in_the_log_as_well_and_pushes_nothing_out() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.events(8).controls(operators().breaker(&payments))).await;
    served.control(&force_open(PAYMENTS)).await;
    // A hundred attempts of somebody who may not, at components that are there and at others.
    for number in 0..100 {
        let component = if number % 2 == 0 {
            PAYMENTS.to_owned()
        } else {
            format!("circuit_breaker/{number}/1")
        };
        let denied = served
            .post(&force_open(&component))
            .header("operator", "mallory");
        assert_eq!(denied.send().await.unwrap().status(), 403);
    }
    let form = super::of_payments(json!({ "action": "set_limit", "max_concurrent": 3 }));
    let refused = served.post(&form).header("operator", "bob");
    assert_eq!(refused.send().await.unwrap().status(), 400);

    let log = served.json("api/events").await;
    let events = log["events"].as_array().unwrap();
    let controls = events.iter().filter(|event| event["kind"] == "control");
    let told: Vec<_> = controls
        .map(|event| {
            (
                event["by"].as_str(),
                event["component"].as_str(),
                event["text"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                Some("alice"),
                Some(PAYMENTS),
                "forced open until it is changed: being moved"
            ),
            (
                None,
                Some(PAYMENTS),
                "force_open of circuit_breaker/payments/1 denied: mallory may look and touch nothing"
            ),
            (
                Some("bob"),
                Some(PAYMENTS),
                "set_limit of circuit_breaker/payments/1 refused: set_limit is not for a circuit_breaker: being moved"
            ),
        ]
    );
}
