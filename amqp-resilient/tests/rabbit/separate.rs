//! Consuming while publishing is blocked.

use std::time::Duration;

use futures_util::StreamExt;
use steadfast_amqp::lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use steadfast_amqp::{Message, Purpose};
use steadfast_testkit::RabbitNode;

use crate::support::{brisk, declare, until};

/// A scene of the story of a broker that does nothing. F5's consumer.
pub(crate) async fn a_consumer_goes_on_acknowledging_in_an_alarm(node: &RabbitNode) {
    const MESSAGES: usize = 200;
    let connection = brisk("separate", node).connect().await.unwrap();
    declare(&connection, "backlog", &[]).await;
    let publisher = connection.publisher();
    for number in 0..MESSAGES {
        let message = Message::new("", "backlog", number.to_string());
        publisher.publish(message).await.unwrap();
    }
    let channel = connection.get_channel(Purpose::Consume).await.unwrap();
    let qos = BasicQosOptions::default();
    channel.basic_qos(10, qos).await.unwrap();
    let mut consumer = channel
        .basic_consume(
            "backlog".into(),
            "".into(),
            BasicConsumeOptions::default(),
            Default::default(),
        )
        .await
        .unwrap();

    node.memory_alarm(true).await.unwrap();
    let message = Message::new("", "backlog", "late").deadline(Duration::from_millis(500));
    publisher.publish(message).await.unwrap_err();
    assert!(connection.state().is_blocked());
    assert!(connection.consuming().state().is_connected());
    // With ten unacknowledged at a time, the eleventh comes only if the acknowledgements arrive.
    let acknowledging = async {
        for _ in 0..MESSAGES {
            let delivery = consumer.next().await.unwrap().unwrap();
            delivery.ack(BasicAckOptions::default()).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), acknowledging)
        .await
        .unwrap();
    assert!(
        connection.state().is_blocked(),
        "all of it during the alarm"
    );
    println!("F5: {MESSAGES} messages acknowledged while publishing was blocked");

    node.memory_alarm(false).await.unwrap();
    let up = || connection.state().is_connected();
    until("the alarm is over", Duration::from_secs(10), up).await;
    let snapshot = connection.snapshot();
    assert_eq!(snapshot.totals.lost, 0);
    assert_eq!(snapshot.consuming.unwrap().totals.lost, 0);
    drop((channel, consumer));
    assert!(connection.close(Duration::from_secs(5)).await.is_clean());
}
