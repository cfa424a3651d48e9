//! One check because somebody asks.

use steadfast_health::Status;

use crate::support::{Probe, SECOND, message_of, now, status_of, steady};

#[tokio::test(start_paused = true)]
async fn one_is_checked_after_what_it_depends_on_and_no_other_is() {
    let monitor = steady();
    let probes =
        ["disk", "db", "table", "view", "mail"].map(|name| (name, Probe::new().taking(SECOND)));
    for (name, probe) in probes.iter().rev() {
        let check = match *name {
            "db" => probe.check(name).depends_on(["disk"]),
            "table" => probe.check(name).depends_on(["db"]),
            "view" => probe.check(name).depends_on(["table", "not registered"]),
            _ => probe.check(name),
        };
        monitor.register(check).unwrap();
    }
    let begun = || probes.each_ref().map(|(_, probe)| probe.begun());
    let start = now();
    let report = monitor.check_one("table").await.unwrap();
    assert_eq!(begun(), [1, 1, 1, 0, 0]);
    assert_eq!(now() - start, 3 * SECOND, "one after the other");
    assert_eq!(status_of(&report, "table"), Status::Healthy);
    assert_eq!(status_of(&report, "mail"), Status::Unknown);
    monitor.check_one("disk").await.unwrap();
    assert_eq!(begun(), [2, 1, 1, 0, 0]);
    assert!(monitor.check_one("not registered").await.is_none());
    // It needs what is not there, so it is not run, but all that is there is.
    let report = monitor.check_one("view").await.unwrap();
    assert_eq!(begun(), [3, 2, 2, 0, 0]);
    assert_eq!(
        message_of(&report, "view"),
        "waits for not registered, which is not registered"
    );
    monitor.deregister("table");
    assert!(monitor.check_one("table").await.is_none());
}
