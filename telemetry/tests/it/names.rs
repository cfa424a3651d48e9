//! `names` is the one table: the README's are written from it, and what is exported is held to it.

use std::collections::BTreeSet;

use steadfast_telemetry::{EventKind, Instrument, names};
use steadfast_testkit::{golden, golden_section};

use crate::export::Bench;
use crate::traffic;

const README: &str = include_str!("../../README.md");
const README_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const GOLDEN_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/names.golden.txt");

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

/// Those of the patterns and of telemetry itself; the others follow OpenTelemetry's conventions.
fn ours() -> Vec<Instrument> {
    let all = names::ALL.iter().copied();
    all.filter(|one| one.name().starts_with("resilience."))
        .collect()
}

#[test]
fn the_readmes_metric_tables_are_written_from_names() {
    for (section, instruments) in [
        ("metrics", &ours()[..]),
        ("http metrics", names::HTTP),
        ("messaging metrics", names::MESSAGING),
    ] {
        golden_section(README_PATH, section, &names::markdown(instruments));
    }
}

/// Dashboards and alerts hang on these. A name that goes, or a value, is a breaking change: say so in
/// the changelog when you bless it.
#[test]
fn no_name_unit_attribute_or_value_changes_by_accident() {
    let mut lines: Vec<_> = names::ALL.iter().map(|one| format!("{one}\n")).collect();
    lines.sort();
    golden(GOLDEN_PATH, &lines.concat());
}

#[test]
fn every_instrument_has_a_name_of_its_own_a_unit_and_a_description() {
    let distinct: BTreeSet<_> = names::ALL.iter().map(Instrument::name).collect();
    assert_eq!(distinct.len(), names::ALL.len());
    assert_eq!(
        ours().len() + names::HTTP.len() + names::MESSAGING.len(),
        names::ALL.len()
    );
    for instrument in names::ALL {
        assert!(!instrument.unit().is_empty(), "{instrument}");
        assert!(instrument.description().ends_with('.'), "{instrument}");
    }
}

#[tokio::test]
async fn every_series_is_as_names_say() {
    let bench = Bench::new();
    let _traffic = traffic::drive(&bench.telemetry).await;
    let export = bench.export();
    for instrument in &ours() {
        let series = export.of(instrument.name());
        assert!(!series.is_empty(), "{instrument} has no series");
        let declared: BTreeSet<_> = instrument
            .attributes()
            .iter()
            .map(|one| one.key().to_owned())
            .collect();
        for series in &series {
            let mut keys: BTreeSet<_> = series.attributes.keys().cloned().collect();
            let named = keys.remove(names::NAME);
            assert_eq!(keys, declared, "{instrument}");
            let about_itself = instrument.name().starts_with("resilience.telemetry.");
            assert_ne!(named, about_itself, "{instrument}");
            assert_eq!(series.unit, instrument.unit(), "{instrument}");
            assert_eq!(series.description, instrument.description(), "{instrument}");
            let kind = series.kind.trim_end_matches(" f64");
            assert_eq!(kind, instrument.kind().to_string(), "{instrument}");
        }
        for attribute in instrument.attributes() {
            let exported: BTreeSet<_> = series
                .iter()
                .map(|one| &*one.attributes[attribute.key()])
                .collect();
            if let Some(values) = attribute.values() {
                let values = values.iter().copied().collect();
                assert_eq!(exported, values, "{instrument}");
            }
        }
    }
    let unknown = export
        .0
        .iter()
        .find(|series| !ours().iter().any(|one| one.name() == series.metric));
    assert!(unknown.is_none(), "not in names: {unknown:?}");
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
        names::PRIORITY,
        names::REASON,
        names::COMPONENT,
        names::PROBE,
        names::EVENT,
        names::HANDLER,
        names::ERROR_TYPE,
    ];
    assert_eq!(table, in_code.map(str::to_owned).into_iter().collect());
}

#[test]
fn the_table_of_http_attributes_is_names_rs() {
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
fn the_table_of_messaging_attributes_is_names_rs() {
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
