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
