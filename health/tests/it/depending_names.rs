//! The names that checks depend on: not registered yet, gone again, in a circle, or none at all.

use steadfast_health::{RegisterError, Status};
use tokio::time::sleep;

use crate::depending::pair;
use crate::support::{Probe, SECOND, message_of, steady};

#[tokio::test(start_paused = true)]
async fn a_dependency_may_be_registered_later_and_go_again() {
    let (monitor, db, table) = pair();
    let runner = monitor.start();
    sleep(SECOND).await;
    monitor.deregister("db");
    let report = monitor.get_health();
    assert_eq!(
        message_of(&report, "table"),
        "waits for db, which is not registered"
    );
    assert_eq!(report.readiness, Status::Unknown);
    sleep(100 * SECOND).await;
    assert_eq!(table.begun(), 1);
    monitor.register(db.check("db")).unwrap();
    sleep(SECOND).await;
    assert_eq!(table.begun(), 2);
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    runner.stop().await;
}

#[test]
fn a_cycle_is_refused_whole_by_the_check_that_would_close_it() {
    let monitor = steady();
    let check = |name: &str, needs: &[&'static str]| {
        Probe::new().check(name).depends_on(needs.iter().copied())
    };
    monitor.register(check("a", &["x", "b"])).unwrap();
    monitor.register(check("b", &["x", "c"])).unwrap();
    let error = monitor.register(check("c", &["x", "a"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "health monitor \"orders\" cannot take check \"c\": it would wait for itself: c -> a -> b -> c"
    );
    let RegisterError::Cycle { cycle, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(cycle.len(), 4);
    assert_eq!(monitor.get_health().components.len(), 2);

    let error = monitor.register(check("d", &["d"])).unwrap_err();
    assert!(error.to_string().ends_with("d -> d"), "{error}");
    // Without the way back it is welcome, and two ways to the same check are no cycle.
    monitor.register(check("c", &["x"])).unwrap();
    monitor.register(check("d", &["a", "b", "c", "a"])).unwrap();
    let report = monitor.get_health();
    let d = report.component("d").unwrap();
    assert_eq!(d.depends_on.len(), 3);
}

#[test]
fn an_empty_name_to_depend_on_is_refused() {
    let refused = steady().register(Probe::new().check("a").depends_on(["b", ""]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "health check \"a\" is misconfigured: depends_on = [\"b\", \"\"] (must name other checks)"
    );
}
