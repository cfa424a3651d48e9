//! Telemetry's rules and dashboard.

#![expect(
    clippy::unwrap_used,
    reason = "a test binary: helpers fail like tests"
)]

#[expect(dead_code, reason = "an example has a main")]
#[path = "../../../telemetry/examples/prometheus.rs"]
mod example;
mod family;

use steadfast_telemetry::Telemetry;

#[tokio::test]
async fn dump() {
    let telemetry = Telemetry::new();
    let _first = telemetry.export_prometheus_metrics();
    let family = family::Family::gather(&telemetry).await;
    family.work().await;
    telemetry.flush(std::time::Duration::from_secs(60));
    std::fs::write("/tmp/exposition.txt", telemetry.export_prometheus_metrics()).unwrap();
}
