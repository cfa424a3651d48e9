//! The README's tables, `names.rs` and what is really exported say the same.

use std::collections::{BTreeMap, BTreeSet};

use steadfast_telemetry::{EventKind, Instrument, InstrumentKind, names};

use crate::export::Bench;
use crate::traffic;

const README: &str = include_str!("../../README.md");

/// A row of the metric table.
#[derive(Debug)]
struct Row {
    kind: String,
    unit: String,
    attributes: BTreeSet<String>,
    description: String,
}

/// The cells of the rows that begin with a name in the given namespace.
fn rows(namespace: &str) -> Vec<Vec<String>> {
    let start = format!("| `{namespace}");
    let rows = README.lines().filter(|line| line.starts_with(&start));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

fn plain(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

/// The metric table; an attribute is anything in backticks up to its values in parentheses.
fn metrics() -> BTreeMap<String, Row> {
    let rows = rows("resilience.").into_iter().filter(|row| row.len() == 5);
    rows.map(|row| {
        let attributes = row[3]
            .split(';')
            .map(str::trim)
            .filter(|one| !one.is_empty());
        let attributes = attributes.map(|one| one.split('`').nth(1).unwrap().to_owned());
        let columns = Row {
            kind: row[1].clone(),
            unit: plain(&row[2]),
            attributes: attributes.collect(),
            description: row[4].clone(),
        };
        (plain(&row[0]), columns)
    })
    .collect()
}

fn in_code() -> Vec<Instrument> {
    [
        names::BREAKER,
        names::RETRY,
        names::BULKHEAD,
        names::POOL,
        names::HEALTH,
        names::TELEMETRY,
    ]
    .concat()
}

#[test]
fn the_metric_table_is_names_rs() {
    let table = metrics();
    let in_code = in_code();
    for instrument in &in_code {
        let name = instrument.name();
        let Some(row) = table.get(name) else {
            panic!("the README lacks {name}");
        };
        let kind = match instrument.kind() {
            InstrumentKind::Counter | InstrumentKind::CounterF64 => "counter",
            InstrumentKind::UpDownCounter => "up-down counter",
            InstrumentKind::Gauge | InstrumentKind::GaugeF64 => "gauge",
            other => panic!("the README does not know {other:?}"),
        };
        assert_eq!(row.kind, kind, "{name}");
        assert_eq!(row.unit, instrument.unit(), "{name}");
        assert_eq!(row.description, instrument.description(), "{name}");
    }
    assert_eq!(
        table.len(),
        in_code.len(),
        "the README has one that is gone"
    );
}

#[test]
fn every_instrument_has_a_name_of_its_own_a_unit_and_a_description() {
    let in_code = in_code();
    let distinct: BTreeSet<_> = in_code.iter().map(Instrument::name).collect();
    assert_eq!(distinct.len(), in_code.len());
    for instrument in in_code {
        assert!(instrument.name().starts_with("resilience."));
        assert!(!instrument.unit().is_empty(), "{instrument:?}");
        assert!(instrument.description().ends_with('.'), "{instrument:?}");
    }
}

#[tokio::test]
async fn the_attributes_in_the_table_are_those_on_the_series() {
    let bench = Bench::new();
    let _traffic = traffic::drive(&bench.telemetry).await;
    let export = bench.export();
    for (metric, row) in metrics() {
        let series = export.of(&metric);
        assert!(!series.is_empty(), "{metric} has no series");
        for series in series {
            let mut keys: BTreeSet<_> = series.attributes.keys().cloned().collect();
            let named = keys.remove(names::NAME);
            assert_eq!(keys, row.attributes, "{metric}");
            let about_itself = metric.starts_with("resilience.telemetry.");
            assert_ne!(named, about_itself, "{metric}");
            assert_eq!(series.unit, row.unit, "{metric}");
            assert_eq!(series.description, row.description, "{metric}");
        }
    }
    let unknown = export
        .0
        .iter()
        .find(|series| !metrics().contains_key(&series.metric));
    assert!(unknown.is_none(), "not in the README: {unknown:?}");
}

#[tokio::test]
async fn the_values_of_attributes_in_the_table_are_those_on_the_series() {
    let bench = Bench::new();
    let _traffic = traffic::drive(&bench.telemetry).await;
    let export = bench.export();
    for row in rows("resilience.").iter().filter(|row| row.len() == 5) {
        for attribute in row[3].split(';').filter(|one| one.contains('(')) {
            let key = attribute.split('`').nth(1).unwrap();
            let listed = attribute.split(['(', ')']).nth(1).unwrap();
            let listed: BTreeSet<_> = listed.split(", ").map(plain).collect();
            let series = export.of(row[0].trim_matches('`'));
            let exported: BTreeSet<_> = series
                .iter()
                .map(|one| one.attributes[key].clone())
                .collect();
            assert_eq!(exported, listed, "{} {key}", row[0]);
        }
    }
}

#[test]
fn the_attribute_table_is_names_rs() {
    let table: BTreeSet<_> = ["resilience.", "error.type"]
        .into_iter()
        .flat_map(rows)
        .filter(|row| row.len() == 2)
        .map(|row| plain(&row[0]))
        .collect();
    let in_code = [
        names::NAME,
        names::INSTANCE,
        names::OUTCOME,
        names::STATE,
        names::MODE,
        names::ATTEMPT,
        names::COMPONENT,
        names::PROBE,
        names::EVENT,
        names::HANDLER,
        names::ERROR_TYPE,
    ];
    assert_eq!(table, in_code.map(str::to_owned).into_iter().collect());
}

#[test]
fn the_http_tables_are_names_rs() {
    let metrics = rows("http.client.")
        .into_iter()
        .filter(|row| row.len() == 5);
    let metrics: Vec<_> = metrics.collect();
    assert_eq!(metrics.len(), names::HTTP.len());
    for (row, instrument) in metrics.iter().zip(names::HTTP) {
        assert_eq!(instrument.kind(), InstrumentKind::Duration);
        assert_eq!(plain(&row[0]), instrument.name());
        assert_eq!(row[1], "histogram");
        assert_eq!(plain(&row[2]), instrument.unit());
        assert_eq!(row[4], instrument.description());
    }

    let namespaces = [
        "http.",
        "network.",
        "server.",
        "url.",
        "error.type",
        "resilience.",
    ];
    let table: BTreeSet<_> = namespaces
        .into_iter()
        .flat_map(rows)
        .filter(|row| row.len() == 3)
        .map(|row| plain(&row[0]))
        .collect();
    let in_code = [
        names::HTTP_REQUEST_METHOD,
        names::HTTP_REQUEST_METHOD_ORIGINAL,
        names::HTTP_REQUEST_RESEND_COUNT,
        names::HTTP_RESPONSE_STATUS_CODE,
        names::NETWORK_PEER_ADDRESS,
        names::NETWORK_PEER_PORT,
        names::NETWORK_PROTOCOL_VERSION,
        names::SERVER_ADDRESS,
        names::SERVER_PORT,
        names::URL_FULL,
        names::URL_TEMPLATE,
        names::ATTEMPTS,
        names::WAIT,
        names::NAME,
        names::ERROR_TYPE,
    ];
    assert_eq!(table, in_code.map(str::to_owned).into_iter().collect());
    for event in [names::RETRY_EVENT, names::REJECTED_EVENT] {
        assert!(README.contains(&format!("`{event}`")), "{event}");
    }
}

#[test]
fn the_messaging_tables_are_names_rs() {
    let metrics = rows("messaging.client.");
    assert_eq!(metrics.len(), names::MESSAGING.len());
    for (row, instrument) in metrics.iter().zip(names::MESSAGING) {
        let kind = match instrument.kind() {
            InstrumentKind::Duration => "histogram",
            InstrumentKind::Counter => "counter",
            other => panic!("the README does not know {other:?}"),
        };
        assert_eq!(plain(&row[0]), instrument.name());
        assert_eq!(row[1], kind);
        assert_eq!(plain(&row[2]), instrument.unit());
        assert_eq!(row[4], instrument.description());
    }

    let table: BTreeSet<_> = rows("messaging.")
        .into_iter()
        .filter(|row| row.len() == 3)
        .map(|row| plain(&row[0]))
        .collect();
    let in_code = [
        names::MESSAGING_SYSTEM,
        names::MESSAGING_OPERATION_NAME,
        names::MESSAGING_OPERATION_TYPE,
        names::MESSAGING_DESTINATION_NAME,
        names::MESSAGING_DESTINATION_TEMPLATE,
        names::MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
        names::MESSAGING_MESSAGE_ID,
        names::MESSAGING_MESSAGE_CONVERSATION_ID,
        names::MESSAGING_MESSAGE_BODY_SIZE,
    ];
    assert_eq!(table, in_code.map(str::to_owned).into_iter().collect());
    let (_, messaging) = README.split_once("### Messaging").unwrap();
    for common in [
        names::SERVER_ADDRESS,
        names::SERVER_PORT,
        names::NAME,
        names::ATTEMPTS,
        names::WAIT,
        names::ERROR_TYPE,
        names::SENT_EVENT,
        names::RETRY_EVENT,
    ] {
        assert!(messaging.contains(&format!("`{common}`")), "{common}");
    }
}

#[test]
fn the_event_table_has_every_kind() {
    for kind in EventKind::ALL {
        let row = format!("| `{kind:?}` | {kind} |");
        assert!(
            README.lines().any(|line| line.starts_with(&row)),
            "{kind:?}"
        );
    }
}

#[test]
fn the_table_of_span_events_is_names_rs() {
    let (_, section) = README
        .split_once("### Span events of your own spans")
        .unwrap();
    let (section, _) = section.split_once("\nAlert on").unwrap();
    let rows = section
        .lines()
        .filter(|line| line.contains("| `resilience."));
    let told: BTreeSet<_> = rows.map(|row| row.split('`').nth(3).unwrap()).collect();
    let in_code = [
        names::RETRY_EVENT,
        names::GAVE_UP_EVENT,
        names::QUEUED_EVENT,
        names::ACQUIRED_EVENT,
        names::REJECTED_EVENT,
    ];
    assert_eq!(told, in_code.into_iter().collect());
}
