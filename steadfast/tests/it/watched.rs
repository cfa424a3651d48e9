//! A policy in telemetry.

use steadfast::policy::Policy;
use steadfast::telemetry::Telemetry;

#[test]
fn its_parts_are_watched() {
    let telemetry = Telemetry::new();
    let policy = Policy::http_like("stock").build().unwrap();
    telemetry.watch(&policy);
    let snapshot = telemetry.snapshot();
    let kinds: Vec<_> = snapshot
        .components
        .iter()
        .map(|one| &*one.id.kind)
        .collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    for kind in ["retry", "retry_budget", "circuit_breaker", "bulkhead"] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    drop(policy);
    assert_eq!(telemetry.snapshot().watched, 0);
}
