//! Settings and their rules.

use std::time::Duration;

use steadfast_dashboard::{Dashboard, Thresholds};
use steadfast_telemetry::Telemetry;

#[test]
fn every_field_that_breaks_its_rule_is_named() {
    let mut thresholds = Thresholds::default();
    thresholds.retry_share = -1.0;
    thresholds.bulkhead_use = f64::NAN;
    let error = Dashboard::builder(&Telemetry::new())
        .thresholds(thresholds)
        .max_streams(0)
        .events(2_000_000)
        .max_stream_age(Duration::ZERO)
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "dashboard: thresholds.retry_share must be a number from 0 on, not -1.0; \
         thresholds.bulkhead_use must be a number from 0 on, not NaN; \
         max_streams must be from 1 to 100000, not 0; \
         events must be from 1 to 1000000, not 2000000; \
         max_stream_age must be longer than zero, not 0ns"
    );
    assert_eq!(error.fields().len(), 5);
}

#[test]
fn a_host_is_a_name_or_an_address_and_nothing_else() {
    let build = |hosts: &[&str]| {
        let builder = Dashboard::builder(&Telemetry::new());
        builder.hosts(hosts.iter().copied()).build()
    };
    let longest = format!("{}.example", ["a"; 123].join("."));
    let good = [
        "localhost",
        "ops.example.com",
        "OPS.example.com.",
        "my_host-1",
        "xn--bcher-kva.example",
        "127.0.0.1",
        "[::1]",
        "::1",
        &longest,
    ];
    build(&good).unwrap();
    let longer = format!("a{longest}");
    let label = format!("{}.example", "a".repeat(64));
    for bad in [
        "",
        ".",
        "ops..example.com",
        "ops.example.com:443",
        "https://ops.example.com",
        "ops.example.com/resilience",
        "*.example.com",
        "b\u{fc}cher.example",
        " localhost",
        "[::1]:80",
        "[localhost]",
        "127.0.0.1:80",
        &longer,
        &label,
    ] {
        let error = build(&["localhost", bad]).unwrap_err();
        let fields = error.fields();
        assert_eq!(fields.len(), 1, "{bad}");
        assert_eq!(
            error.to_string(),
            format!(
                "dashboard: hosts must be a host's name in ASCII or its address, without a port, not {bad:?}"
            )
        );
    }
}

#[tokio::test]
async fn the_longest_age_and_the_most_of_everything_are_taken() {
    let dashboard = Dashboard::builder(&Telemetry::new())
        .max_streams(100_000)
        .events(1_000_000)
        .max_stream_age(Duration::MAX)
        .build()
        .unwrap();
    assert_eq!(dashboard.streams(), 0);
}

/// Every setting of the builder has a row in the README's table, and every row is a setting.
#[test]
fn the_readme_lists_every_setting() {
    let builder = include_str!("../../src/builder.rs");
    let methods = builder.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("pub fn ")?;
        rest.contains("(mut self, ")
            .then(|| rest.split('(').next())?
    });
    let readme = include_str!("../../README.md");
    let (_, settings) = readme.split_once("## Settings").unwrap();
    let (settings, _) = settings.split_once("## ").unwrap();
    let rows = settings
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let (mut methods, mut rows): (Vec<_>, Vec<_>) = (methods.collect(), rows.collect());
    methods.sort_unstable();
    rows.sort_unstable();
    assert_eq!(methods, rows);
}

/// Every metric of the dashboard's own has a row in the README's table.
#[test]
fn the_readme_lists_every_metric() {
    let readme = include_str!("../../README.md");
    for metric in steadfast_dashboard::metrics::ALL {
        let row = format!(
            "| `{}` | {} | `{}` |",
            metric.name(),
            metric.kind(),
            metric.unit()
        );
        assert!(readme.contains(&row), "{row}");
    }
}
