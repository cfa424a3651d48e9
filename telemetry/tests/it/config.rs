//! Settings, and which meter provider is used.

use steadfast_telemetry::opentelemetry::global;
use steadfast_telemetry::{AttachError, EventKind, Filter, Telemetry};

use crate::export::FarEnd;

#[test]
fn a_queue_without_room_is_refused() {
    let error = Telemetry::builder().queue(0).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "telemetry is misconfigured: queue = 0 (must be at least 1)"
    );
    assert_eq!(error.fields().len(), 1);
    assert_eq!(error.fields()[0].field, "queue");
}

#[test]
fn defaults_are_those_of_the_readme() {
    let readme = include_str!("../../README.md");
    let row = readme
        .lines()
        .find(|line| line.starts_with("| `queue` |"))
        .unwrap();
    let default = row.split('|').nth(2).unwrap().trim();
    let built = Telemetry::builder().build().unwrap();
    assert_eq!(built.snapshot().queue_capacity.to_string(), default);
    let capacity = Telemetry::new().snapshot().queue_capacity;
    assert_eq!(capacity.to_string(), default);
}

#[test]
fn exports_to_the_global_provider_unless_told_otherwise() {
    let (global_end, own_end) = (FarEnd::new(), FarEnd::new());
    global::set_meter_provider(global_end.provider.clone());

    let _global = Telemetry::new();
    assert!(!global_end.export().0.is_empty());

    let builder = Telemetry::builder().meter_provider(&own_end.provider);
    let _own = builder.build().unwrap();
    assert!(!own_end.export().0.is_empty());
}

#[test]
fn an_id_is_neither_empty_nor_used_twice() {
    let telemetry = Telemetry::new();
    telemetry.attach("log", Filter::all(), |_| ()).unwrap();

    let error = telemetry
        .attach("log", EventKind::Retry, |_| ())
        .unwrap_err();
    assert!(matches!(&error, AttachError::Duplicate { id } if **id == *"log"));
    assert_eq!(
        error.to_string(),
        "another event handler is attached as \"log\""
    );
    assert!(matches!(
        telemetry.attach("", EventKind::Retry, |_| ()),
        Err(AttachError::EmptyId)
    ));

    assert!(telemetry.detach("log"));
    assert!(!telemetry.detach("log"));
    telemetry.attach("log", EventKind::Retry, |_| ()).unwrap();
}
