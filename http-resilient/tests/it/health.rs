//! The ready-made health check.

use steadfast_health::{ComponentReport, Monitor, Status};
use steadfast_http::Client;
use steadfast_testkit::HttpUpstream;

use crate::support::{SECOND, dead_end, long, millis, once, only, until};

async fn check(client: &Client) -> ComponentReport {
    let monitor = Monitor::builder("test").build().unwrap();
    monitor.register(client.health_check()).unwrap();
    monitor.check_now().await.components[0].clone()
}

#[tokio::test]
async fn follows_the_circuits() {
    let (dead, _held) = dead_end().await;
    let alive = HttpUpstream::start().await;
    let client = once()
        .failure_threshold(1)
        .open_for(60 * SECOND)
        .build()
        .unwrap();
    let report = check(&client).await;
    assert_eq!(&*report.name, "http/test");
    assert_eq!(report.status, Status::Healthy, "before the first request");

    let _ = client.get(format!("http://{dead}/")).send().await;
    let report = check(&client).await;
    assert_eq!(report.status, Status::Unhealthy, "all circuits are open");
    assert_eq!(
        report.message.as_deref(),
        Some(&*format!("circuit open: {dead}"))
    );

    client.get(alive.url("/")).send().await.unwrap();
    assert_eq!(check(&client).await.status, Status::Degraded, "one of two");
}

#[tokio::test]
async fn a_message_names_five_of_many() {
    let client = once().failure_threshold(1).build().unwrap();
    let mut held = Vec::new();
    for _ in 0..7 {
        let (dead, listener) = dead_end().await;
        held.push(listener);
        let _ = client.get(format!("http://{dead}/")).send().await;
    }
    let message = check(&client).await.message.unwrap();
    assert_eq!(message.matches("127.0.0.1").count(), 5, "{message}");
    assert!(message.ends_with(" and 2 more"), "{message}");
}

#[tokio::test]
async fn an_authority_that_may_be_probed_is_degraded() {
    let (dead, _held) = dead_end().await;
    let client = once()
        .failure_threshold(1)
        .open_for(millis(10))
        .build()
        .unwrap();
    let _ = client.get(format!("http://{dead}/")).send().await;
    let due = || {
        only(&client)
            .breaker
            .retry_after
            .is_some_and(|wait| wait.is_zero())
    };
    until("the open time is over", due).await;
    assert_eq!(check(&client).await.status, Status::Degraded);
}

#[tokio::test]
async fn a_crowded_authority_is_degraded() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long(), long(), long()]);
    let client = once().max_concurrent(4).build().unwrap();
    let mut held = Vec::new();
    for status in [Status::Healthy, Status::Healthy, Status::Degraded] {
        held.push(client.get(upstream.url("/")).send().await.unwrap());
        assert_eq!(check(&client).await.status, status, "{} of 4", held.len());
    }
}

#[tokio::test]
async fn a_client_that_is_gone_is_unknown() {
    let monitor = Monitor::builder("test").build().unwrap();
    monitor
        .register(once().build().unwrap().health_check())
        .unwrap();
    let report = monitor.check_now().await;
    assert_eq!(report.components[0].status, Status::Unknown);
}
