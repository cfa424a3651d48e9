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
    let builder = format!("{:?}", Telemetry::builder());
    for setting in ["queue", "own_series", "history"] {
        let row = format!("| `{setting}` | ");
        let default = readme.lines().find_map(|line| line.strip_prefix(&row));
        let default = default.unwrap().split([':', ' ']).next().unwrap();
        let set = format!("{setting}: {default},");
        assert!(builder.contains(&set), "{set} {builder}");
    }
    let built = Telemetry::builder().build().unwrap().snapshot();
    assert_eq!(
        Telemetry::new().snapshot().queue_capacity,
        built.queue_capacity
    );
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
