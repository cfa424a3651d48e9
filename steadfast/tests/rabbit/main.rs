//! One smoke test against a private RabbitMQ node: the supervisor is there before its broker.

use std::time::Duration;

use steadfast::amqp::lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use steadfast::amqp::lapin::types::FieldTable;
use steadfast::amqp::lapin::{BasicProperties, Error};
use steadfast::amqp::{Message, Queue, Topology};
use steadfast::config::Loader;
use steadfast::health::Status;
use steadfast::supervisor::Supervisor;
use steadfast_testkit::RabbitNode;

const PATIENCE: Duration = Duration::from_secs(60);

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..PATIENCE.as_millis() / 20 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not in time: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_later_is_found_used_and_left_in_order() {
    let node = RabbitNode::start().await.unwrap();
    node.stop_graceful().await;
    let text = format!(
        "[amqp]\nuri = '{}'\nbase_backoff = '50ms'\nmax_backoff = '500ms'\nopen_for = '500ms'",
        node.uri()
    );
    let config = Loader::new().text("app.toml", text).load().unwrap();
    let supervisor = Supervisor::builder()
        .config(config.into_config())
        .amqp(|builder| builder.topology(Topology::new().queue(Queue::new("orders"))))
        .start()
        .await
        .unwrap();
    let readiness = || supervisor.health().get_health().readiness;
    until("not ready", || readiness() == Status::Unhealthy).await;
    node.restart().await.unwrap();
    let connection = supervisor.amqp().unwrap();
    connection.wait_connected(PATIENCE).await.unwrap();
    until("ready", || readiness() == Status::Healthy).await;

    let messages = supervisor
        .with_amqp_channel("orders", |channel| async move {
            let properties = BasicProperties::default();
            let options = BasicPublishOptions::default();
            channel
                .basic_publish("".into(), "orders".into(), options, b"one", properties)
                .await?;
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let queue = channel
                .queue_declare("orders".into(), passive, FieldTable::default())
                .await?;
            Ok::<_, Error>(queue.message_count())
        })
        .await
        .unwrap();
    assert!(messages <= 1);
    // What is under way when the end begins is confirmed before the connection is closed.
    let publisher = connection.publisher();
    let publishing =
        tokio::spawn(async move { publisher.publish(Message::new("", "orders", "two")).await });
    publishing.await.unwrap().unwrap();
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    let ready = node.ctl(&[
        "list_queues",
        "--quiet",
        "--no-table-headers",
        "name",
        "messages",
    ]);
    assert_eq!(
        ready.await.unwrap().split_whitespace().collect::<Vec<_>>(),
        ["orders", "2"]
    );
}
