//! Queues, and what is in them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use steadfast_amqp::lapin::options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use steadfast_amqp::lapin::types::{AMQPValue, FieldTable};
use steadfast_amqp::{Builder, Purpose, ResilientConnection};
use steadfast_testkit::RabbitNode;
use tokio::sync::Mutex;

/// A connection that comes back within a second or two.
pub(crate) fn brisk(name: &str, node: &RabbitNode) -> Builder {
    ResilientConnection::builder(name)
        .uri(node.uri())
        .max_backoff(Duration::from_secs(1))
}

pub(crate) async fn declare(
    connection: &ResilientConnection,
    queue: &str,
    limits: &[(&str, &str)],
) {
    let mut arguments = FieldTable::default();
    for &(name, value) in limits {
        let value = match value.parse::<i32>() {
            Ok(number) => AMQPValue::LongInt(number),
            Err(_) => AMQPValue::LongString(value.into()),
        };
        arguments.insert(name.into(), value);
    }
    let channel = connection.get_channel(Purpose::Admin).await.unwrap();
    let options = QueueDeclareOptions::durable();
    channel
        .queue_declare(queue.into(), options, arguments)
        .await
        .unwrap();
}

pub(crate) async fn delete(connection: &ResilientConnection, queue: &str) {
    let channel = connection.get_channel(Purpose::Admin).await.unwrap();
    let options = QueueDeleteOptions::default();
    channel.queue_delete(queue.into(), options).await.unwrap();
}

/// Empties a queue: how often each body was in it.
pub(crate) async fn take_all(
    connection: &ResilientConnection,
    queue: &str,
) -> HashMap<String, u32> {
    let channel = connection.get_channel(Purpose::Admin).await.unwrap();
    let mut bodies = HashMap::new();
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(queue.into(), options).await.unwrap() {
        let body = String::from_utf8(message.delivery.data).unwrap();
        *bodies.entry(body).or_default() += 1;
    }
    bodies
}

/// Held by a story that counts lapin's threads, which are those of the whole process, and by one that has
/// many connections.
pub(crate) static THREADS: Mutex<()> = Mutex::const_new(());

/// Waits until something holds, and tells how long that took.
pub(crate) async fn until(what: &str, at_most: Duration, holds: impl Fn() -> bool) -> Duration {
    let began = std_now();
    while !holds() {
        assert!(
            began.elapsed() < at_most,
            "waited for {at_most:?} until {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    began.elapsed()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of tests with a real broker"
)]
pub(crate) fn std_now() -> Instant {
    Instant::now()
}
