//! What the server has learned of each metric.

use serde_json::Value;
use steadfast_telemetry::{Instrument, InstrumentKind, names};

pub(crate) fn is_that_of_names(metadata: &Value) {
    for instrument in names::ALL {
        let family = family(instrument);
        let known = &metadata[&family][0];
        assert_eq!(known["help"], instrument.description(), "{family}");
        assert_eq!(known["type"], kind(instrument), "{family}");
    }
}

fn kind(instrument: &Instrument) -> &'static str {
    match instrument.kind() {
        InstrumentKind::Counter | InstrumentKind::CounterF64 => "counter",
        InstrumentKind::Duration => "histogram",
        InstrumentKind::UpDownCounter | InstrumentKind::Gauge | InstrumentKind::GaugeF64 => "gauge",
        other => panic!("{other:?}"),
    }
}

/// The name in Prometheus' form, by the README's rule.
fn family(instrument: &Instrument) -> String {
    let name = instrument.name().replace('.', "_");
    let unit = match instrument.unit() {
        "s" => "_seconds",
        "By" => "_bytes",
        "1" if !name.ends_with("_ratio") => "_ratio",
        _ => "",
    };
    let total = if kind(instrument) == "counter" {
        "_total"
    } else {
        ""
    };
    format!("{name}{unit}{total}")
}
