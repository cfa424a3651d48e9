//! What others see of both connections.

use std::sync::Arc;

use parking_lot::Mutex;
use steadfast_amqp::{Observer, StateChange};

use crate::broker::{FakeBroker, until};
use crate::support::quick;

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Observer for Heard {
    fn state_changed(&self, change: &StateChange) {
        self.0.lock().push(format!("{} {}", change.name, change.to));
    }
}

#[tokio::test]
async fn observers_hear_of_both_whenever_they_came() {
    let broker = FakeBroker::start().await;
    let (early, late, last) = (Heard::default(), Heard::default(), Heard::default());
    let builder = quick(broker.uri()).observer(early.clone());
    let connection = builder.connect().await.unwrap();
    connection.add_observer(Arc::new(late.clone()));
    let consuming = connection.consuming();
    until("it is connected", || consuming.state().is_connected()).await;
    consuming.add_observer(Arc::new(last.clone()));
    let connected = ["test/consume connecting", "test/consume connected"];
    until("the late one has heard", || late.0.lock().len() == 2).await;
    assert_eq!(*late.0.lock(), connected);
    assert_eq!(early.0.lock()[2..], connected);
    broker.hang_up_on("test");
    until("the last one has heard", || last.0.lock().len() >= 3).await;
    broker.hang_up_on("test/consume");
    let lost = |heard: &Heard| {
        let heard = heard.0.lock();
        heard
            .iter()
            .filter(|it| it.ends_with("disconnected"))
            .count()
    };
    for heard in [early, late, last] {
        until("it has heard of both losses", || lost(&heard) == 2).await;
    }
}

#[cfg(feature = "health")]
#[tokio::test]
async fn the_check_is_as_bad_as_the_worse_one_and_names_it() {
    use std::time::Duration;

    use steadfast_health::{Monitor, Status};

    use crate::broker::{Command, Welcome};
    use crate::support::connected;

    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let monitor = Monitor::builder("test").build().unwrap();
    monitor.register(connection.health_check()).unwrap();
    let look = async || {
        let report = monitor.check_now().await;
        let component = &report.components[0];
        let message = component.message.clone().unwrap_or_default();
        (component.status, message.to_string())
    };
    assert_eq!(look().await.0, Status::Healthy);
    assert_eq!(broker.accepted(), 1, "it makes no connection");

    let consuming = connection.consuming();
    consuming
        .wait_connected(Duration::from_secs(5))
        .await
        .unwrap();
    monitor.register(consuming.health_check()).unwrap();
    assert_eq!(look().await.0, Status::Healthy);
    broker.command_to("test", Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let blocked = "test: broker has blocked the connection: low on memory";
    assert_eq!(look().await, (Status::Degraded, blocked.to_owned()));
    let report = monitor.check_now().await;
    let view = report
        .components
        .iter()
        .find(|it| &*it.name == "amqp/test/consume")
        .unwrap();
    assert_eq!(view.status, Status::Healthy);

    broker.welcome(Welcome::Refuse(403));
    broker.hang_up_on("test/consume");
    until("it is refused", || {
        connection.consuming().snapshot().totals.refused > 0
    })
    .await;
    let (status, message) = look().await;
    assert_eq!(status, Status::Unhealthy);
    let (first, second) = message.split_once("; ").unwrap();
    assert_eq!(first, blocked);
    assert!(
        second.starts_with("test/consume: not connected for"),
        "{second}"
    );
    connection.close(Duration::ZERO).await;
    assert_eq!(look().await.0, Status::Unknown);
}

#[cfg(feature = "telemetry")]
#[tokio::test]
async fn both_are_watched_and_one_that_is_made_later_too() {
    use std::time::Duration;

    use steadfast_telemetry::Telemetry;

    use super::both;
    use crate::support::connected;

    let broker = FakeBroker::start().await;
    let watched = |telemetry: &Telemetry| {
        let text = telemetry.export_prometheus_metrics();
        ["test", "test/consume"].map(|name| {
            text.lines().any(|line| {
                line.starts_with("amqp_resilient_connection_state{")
                    && line.contains(&format!("resilience_name=\"{name}\""))
                    && line.contains("resilience_state=\"connected\"")
                    && line.ends_with(" 1")
            })
        })
    };
    let before = connected(&broker).await;
    let telemetry = Telemetry::new();
    telemetry.watch(&before);
    assert_eq!(watched(&telemetry), [true, false]);
    before
        .consuming()
        .wait_connected(Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(watched(&telemetry), [true, true]);

    let after = both(&broker).await;
    let telemetry = Telemetry::new();
    telemetry.watch(&after.consuming());
    assert_eq!(watched(&telemetry), [true, true]);
}
