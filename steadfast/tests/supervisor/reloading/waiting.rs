//! What waits for a restart, and is told until then.

use steadfast::health::{Check, Outcome};

use super::{BEFORE, lines};
use crate::support::{config, started};

const MEASURED: &str = "[bulkheads.payments]\nmax_concurrent = 3\nhold_times = true";

#[tokio::test(start_paused = true)]
async fn what_is_retired_waits_for_nothing() {
    let supervisor = started(BEFORE).await;
    let bulkhead = supervisor.bulkhead("payments").unwrap();
    let report = supervisor.apply(config(MEASURED)).await.unwrap();
    let waiting =
        "bulkheads.payments.hold_times: false -> true (is settled when the bulkhead is built)";
    assert_eq!(lines(&report.needs_restart), [waiting]);
    let report = supervisor.apply(config("")).await.unwrap();
    assert_eq!(
        lines(&report.applied),
        ["bulkheads.payments: removed (retired: who has it keeps it)"]
    );
    assert!(report.needs_restart.is_empty(), "{report}");
    let report = supervisor.apply(config("")).await.unwrap();
    assert!(report.is_unchanged(), "{report}");
    // It comes back as it was, and waits again.
    for _ in 0..2 {
        let report = supervisor.apply(config(MEASURED)).await.unwrap();
        let told = lines(&report.needs_restart).join("\n");
        assert!(
            told.starts_with("bulkheads.payments.hold_times: "),
            "{told}"
        );
    }
    assert!(!bulkhead.config().hold_times);
}

#[tokio::test(start_paused = true)]
async fn a_component_without_its_check_is_told_until_it_has_it() {
    let supervisor = started("").await;
    let own = Check::new("bulkhead/stock", || async { Outcome::degraded("mine") });
    supervisor.health().register(own).unwrap();
    let text = "[bulkheads.stock]\nmax_concurrent = 5";
    for _ in 0..2 {
        let report = supervisor.apply(config(text)).await.unwrap();
        let told = lines(&report.needs_restart).join("\n");
        assert!(told.contains("in use without its check"), "{told}");
        assert_eq!(supervisor.snapshot_now().needs_restart.len(), 1);
    }
    // The check of the program is the program's.
    supervisor.apply(config("")).await.unwrap();
    let health = supervisor.health().get_health();
    assert!(health.component("bulkhead/stock").is_some());
    supervisor.apply(config(text)).await.unwrap();
    supervisor.health().deregister("bulkhead/stock");
    let report = supervisor.apply(config(text)).await.unwrap();
    assert!(report.needs_restart.is_empty(), "{report}");
    let health = supervisor.health().check_now().await;
    let check = health.component("bulkhead/stock").unwrap();
    assert_ne!(check.message.as_deref(), Some("mine"));
    assert!(supervisor.apply(config(text)).await.unwrap().is_unchanged());
}
