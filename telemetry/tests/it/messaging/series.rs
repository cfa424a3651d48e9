//! Which series there are. They are the same with and without the feature `bound`: CI runs these tests
//! both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast_telemetry::MessagingStart;

use super::{Bench, DURATION, SENT, attributes, publish_once};

/// So that a sum of seconds is a count.
const ONE: Duration = Duration::from_secs(1);

#[test]
fn a_thousand_brokers_are_fifty_one_sets_of_series_and_spans_tell_them_all() {
    let bench = Bench::new();
    for number in 0..1000 {
        let host = format!("broker-{number}");
        let start = MessagingStart::new("shop", "orders", "order.created");
        publish_once(bench.publish(start.server(host, 5672)));
    }
    let export = bench.metrics.export();
    for metric in [SENT, DURATION] {
        let series = export.of(metric);
        assert_eq!(series.len(), 51, "{metric}");
        let (others, own): (Vec<_>, Vec<_>) = series
            .into_iter()
            .partition(|series| series.attributes["server.address"] == "other");
        assert_eq!(others.len(), 1);
        assert!(!others[0].attributes.contains_key("server.port"));
        assert!(
            own.iter()
                .all(|one| one.attributes["server.port"] == "5672")
        );
    }
    let others = [
        ("messaging.destination.name", "orders"),
        ("messaging.operation.name", "publish"),
        ("messaging.system", "rabbitmq"),
        ("server.address", "other"),
    ];
    assert_eq!(export.value(SENT, &others), 950.0);
    let spans: Vec<_> = bench.spans().iter().map(attributes).collect();
    let hosts: BTreeSet<_> = spans.iter().map(|span| &span["server.address"]).collect();
    assert_eq!(hosts.len(), 1000);
    assert!(spans.iter().all(|span| span["server.port"] == "5672"));
}

/// More exchanges, templates and outcomes than there is room for handles.
#[test]
fn every_message_is_in_the_series_of_where_it_went_and_what_became_of_it() {
    const OUTCOMES: [Option<&str>; 10] = [
        None,
        Some("returned"),
        Some("nacked"),
        Some("ambiguous"),
        Some("blocked"),
        Some("buffer_full"),
        Some("lapin"),
        Some("closed"),
        Some("timeout"),
        Some("too_large"),
    ];
    let bench = Bench::new();
    let mut count = BTreeMap::new();
    let mut publish = |start: MessagingStart, outcome: Option<&'static str>| {
        let destination = match (&start.template, &*start.exchange) {
            (Some(template), _) => ("messaging.destination.template", template.to_string()),
            (None, "") => ("messaging.destination.name", "amq.default".to_owned()),
            (None, exchange) => ("messaging.destination.name", exchange.to_owned()),
        };
        let server = start.server.is_some();
        let expected: BTreeMap<_, _> = [
            Some(destination),
            outcome.map(|why| ("error.type", why.to_owned())),
            Some(("messaging.operation.name", "publish".to_owned())),
            Some(("messaging.system", "rabbitmq".to_owned())),
            server.then(|| ("server.address", "broker.example".to_owned())),
            server.then(|| ("server.port", "5672".to_owned())),
        ]
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        *count.entry(expected).or_insert(0.0) += 1.0;
        let mut message = bench.publish(start);
        message.sent();
        message.answered(outcome);
        match outcome {
            None => message.confirmed(ONE),
            Some(why) => message.failed(why, ONE),
        }
    };
    for _ in 0..3 {
        for outcome in OUTCOMES {
            for exchange in ["", "orders"] {
                let start = || MessagingStart::new("shop", exchange, "order.17");
                publish(start(), outcome);
                publish(start().server("broker.example", 5672), outcome);
                publish(start().template("orders:{id}"), outcome);
                publish(start().template(""), outcome);
            }
        }
        for number in 0..300 {
            let start = MessagingStart::new("shop", format!("exchange-{number}"), "");
            publish(start, None);
        }
    }
    let export = bench.metrics.export();
    let told = |metric| -> BTreeMap<_, f64> {
        let series = export.of(metric).into_iter();
        series
            .map(|series| {
                let mut attributes = series.attributes.clone();
                let is_operation = attributes.remove("messaging.operation.type").is_some();
                assert_eq!(is_operation, metric == DURATION);
                (attributes, series.value)
            })
            .collect()
    };
    assert_eq!(told(SENT), count);
    assert_eq!(told(DURATION), count);
}

#[cfg(feature = "prometheus")]
#[test]
fn the_prometheus_text_has_messages_that_were_begun_before_it_was_asked_for() {
    let bench = Bench::new();
    publish_once(bench.publish(super::order()));
    let in_flight = bench.publish(super::order());
    let _nothing_yet = bench.telemetry.export_prometheus_metrics();
    publish_once(in_flight);
    publish_once(bench.publish(super::order()));
    let text = bench.telemetry.export_prometheus_metrics();
    for name in [
        "messaging_client_operation_duration_seconds_count",
        "messaging_client_sent_messages_total",
    ] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.ends_with(" 2"), "{line}");
    }
}
