//! A broker that is down at the start. Nothing listens where it should be.

use std::net::TcpListener;

use steadfast::health::Status;
use steadfast::migrate::{Error, Kind};
use steadfast::supervisor::Supervisor;

use super::support::{alive, only, started, until};

/// An address at which nothing listens: what listened has just gone.
fn nowhere() -> String {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    format!("[amqp]\nuri = 'amqp://app:secret@{address}/%2f'\nfailure_threshold = 1\n")
}

fn check(supervisor: &Supervisor) -> Status {
    let report = supervisor.health().get_health();
    let mut components = report.components.iter();
    components
        .find(|one| &*one.name == "amqp/amqp")
        .unwrap()
        .status
}

#[tokio::test]
async fn a_broker_that_is_down_holds_up_no_start_and_readiness_shows_it() {
    let before = alive();
    let supervisor = started(&nowhere()).await;
    until("unhealthy", || check(&supervisor) == Status::Unhealthy).await;
    let report = supervisor.health().get_health();
    assert_eq!(
        (report.http_status(), report.liveness_http_status()),
        (503, 200)
    );
    let error = supervisor
        .with_amqp_channel("orders", |_channel| async { Ok::<_, std::fmt::Error>(()) })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Amqp(_)), "{error}");
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(!format!("{supervisor:?} {error:?}").contains("secret"));
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.steps[3].name, "amqp");
    drop(supervisor);
    only(before).await;
}

#[tokio::test]
async fn nothing_is_left_of_a_connection_when_the_supervisor_is_dropped() {
    let before = alive();
    for _ in 0..5 {
        let supervisor = started(&nowhere()).await;
        drop(supervisor);
        only(before).await;
    }
}

#[tokio::test]
async fn settings_of_the_connection_need_a_restart_and_its_secret_is_not_told() {
    let supervisor = started(&nowhere()).await;
    let report = supervisor
        .apply(super::support::config(&nowhere()))
        .await
        .unwrap();
    let told = report.to_string();
    assert!(
        told.starts_with("needs a restart: amqp.uri: changed ("),
        "{told}"
    );
    let report = supervisor.apply(super::support::config("")).await.unwrap();
    let told = report.to_string();
    assert!(
        told.starts_with("needs a restart: amqp: removed ("),
        "{told}"
    );
    assert!(supervisor.amqp().is_some());
}

#[tokio::test]
async fn without_a_section_there_is_no_connection() {
    let supervisor = started("").await;
    assert!(supervisor.amqp().is_none());
    let error = supervisor
        .with_amqp_channel("orders", |_channel| async { Ok::<_, std::fmt::Error>(()) })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
}
