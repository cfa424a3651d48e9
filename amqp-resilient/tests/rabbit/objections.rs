//! What the broker objects to, and what that costs.

use std::time::Duration;

use steadfast_amqp::lapin::options::BasicAckOptions;
use steadfast_amqp::{AmqpError, Purpose};
use steadfast_testkit::RabbitNode;

use crate::support::{brisk, until};

/// A scene of the story of a healthy broker. RabbitMQ says 530 here, as of a virtual host that it does not know.
pub(crate) async fn a_full_vhost_is_no_refusal_for_good(node: &RabbitNode) {
    node.ctl(&["add_vhost", "small"]).await.unwrap();
    node.ctl(&["set_permissions", "-p", "small", "guest", ".*", ".*", ".*"])
        .await
        .unwrap();
    let limit = r#"{"max-connections": 1}"#;
    node.ctl(&["set_vhost_limits", "-p", "small", limit])
        .await
        .unwrap();
    let uri = node.uri().replace("%2f", "small");
    let first = brisk("first", node).uri(&uri).connect().await.unwrap();
    let second = brisk("second", node).uri(&uri).connect_lazy().unwrap();
    let failed = || second.snapshot().totals.failed > 0;
    until("there is no room", Duration::from_secs(20), failed).await;
    let error = second.snapshot().last_error.unwrap();
    println!("a full vhost: {error}");
    assert!(matches!(*error, AmqpError::Connect { .. }), "{error:?}");
    assert_eq!(second.snapshot().totals.refused, 0);
    first.close(Duration::from_secs(5)).await;
    let connected = || second.state().is_connected();
    until("there is room", Duration::from_secs(20), connected).await;
}

/// The broker closes the channel over an acknowledgement of nothing, at the moment at which it is dropped.
pub(crate) async fn an_ack_of_nothing_costs_one_channel(node: &RabbitNode) {
    let connection = brisk("acks", node).connect().await.unwrap();
    let consuming = connection.consuming();
    for _ in 0..200 {
        let channel = connection.get_channel(Purpose::Consume).await.unwrap();
        let options = BasicAckOptions::default();
        channel.basic_ack(17, options).await.unwrap();
    }
    consuming.probe(Duration::from_secs(5)).await.unwrap();
    let snapshot = consuming.snapshot();
    assert_eq!((snapshot.totals.connected, snapshot.totals.lost), (1, 0));
    let report = connection.close(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report}");
}
