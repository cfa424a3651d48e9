//! Two connections behind one handle: the primary one, and the one for consuming.

mod ending;
mod topologies;
mod watching;

use std::time::Duration;

use steadfast_amqp::lapin::options::BasicQosOptions;
use steadfast_amqp::{AmqpError, Message, Purpose, ResilientConnection};

use crate::broker::{Command, FakeBroker, Welcome, until};
use crate::support::{connected, quick};

/// A connection with the other one made, and a channel that is out on it.
async fn both(broker: &FakeBroker) -> ResilientConnection {
    let connection = connected(broker).await;
    let consuming = connection.consuming();
    consuming
        .wait_connected(Duration::from_secs(5))
        .await
        .unwrap();
    connection
}

fn number(connection: &ResilientConnection) -> Option<u64> {
    connection.epoch().map(|epoch| epoch.number())
}

#[tokio::test]
async fn the_connection_for_consuming_is_made_when_it_is_first_asked_for() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    connection.get_channel(Purpose::Admin).await.unwrap();
    assert_eq!(broker.names(), ["test"]);
    assert!(connection.snapshot().consuming.is_none());

    let channel = connection.get_channel(Purpose::Consume).await.unwrap();
    assert_eq!(broker.names(), ["test", "test/consume"]);
    assert!(channel.is_current());
    assert_eq!(channel.epoch().number(), 1);
    connection.get_channel(Purpose::Consume).await.unwrap();
    connection
        .consuming()
        .get_channel(Purpose::Consume)
        .await
        .unwrap();
    assert_eq!(broker.accepted(), 2);

    let other = connection.snapshot().consuming.unwrap();
    assert_eq!(&*other.name, "test/consume");
    assert_eq!(other.pools.len(), 1);
    assert!(other.consuming.is_none());
    assert_eq!(connection.consuming().name(), "test/consume");
    assert!(connection.consuming().snapshot().consuming.is_none());
}

#[tokio::test]
async fn each_is_found_by_its_name_and_none_is_made_by_that() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    assert_eq!(connection.named("test").unwrap().name(), "test");
    assert!(connection.named("test/consume").is_none());
    assert_eq!(broker.accepted(), 1);

    let both = both(&broker).await;
    let consuming = both.named("test/consume").unwrap();
    assert_eq!(consuming.name(), "test/consume");
    assert_eq!(consuming.named("test").unwrap().name(), "test");
    assert!(both.named("other").is_none());
}

#[tokio::test]
async fn a_weak_handle_is_of_the_same_connection_and_keeps_none() {
    let broker = FakeBroker::start().await;
    let connection = both(&broker).await;
    let weak = connection.consuming().downgrade();
    assert_eq!(weak.upgrade().unwrap().name(), "test/consume");
    drop(connection);
    assert!(weak.upgrade().is_none());
}

#[tokio::test]
async fn each_is_lost_and_comes_back_by_itself() {
    let broker = FakeBroker::start().await;
    let connection = both(&broker).await;
    let consuming = connection.consuming();
    let held = connection.get_channel(Purpose::Consume).await.unwrap();

    broker.hang_up_on("test/consume");
    until("it is back", || number(&consuming) == Some(2)).await;
    assert!(!held.is_current());
    assert_eq!(number(&connection), Some(1));
    assert_eq!(connection.snapshot().totals.lost, 0);

    broker.hang_up_on("test");
    until("it is back", || number(&connection) == Some(2)).await;
    assert_eq!(number(&consuming), Some(2));
    let mut states = consuming.subscribe();
    let fresh = connection.get_channel(Purpose::Consume).await.unwrap();
    assert_eq!(Some(fresh.epoch()), states.borrow_and_update().epoch());
    assert!(fresh.is_current());
}

#[tokio::test]
async fn an_alarm_on_the_one_that_publishes_leaves_the_one_that_consumes() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .checkout_timeout(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    let channel = connection.get_channel(Purpose::Consume).await.unwrap();
    broker.command_to("test", Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;

    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    assert!(matches!(error, AmqpError::Blocked { .. }), "{error:?}");
    let consuming = connection.consuming();
    assert!(consuming.state().is_connected());
    consuming.probe(Duration::from_secs(2)).await.unwrap();
    channel
        .basic_qos(3, BasicQosOptions::default())
        .await
        .unwrap();
    connection.get_channel(Purpose::Consume).await.unwrap();
}

#[tokio::test]
async fn publishers_are_on_the_primary_connection_whatever_handle_made_them() {
    let broker = FakeBroker::start().await;
    let connection = both(&broker).await;
    let consuming = connection.consuming();
    broker.command_to("test/consume", Command::Block);
    until("it is blocked", || consuming.state().is_blocked()).await;
    let named = consuming.publisher_builder("named").build().unwrap();
    for publisher in [consuming.publisher(), named] {
        assert_eq!(publisher.connection().name(), "test");
        let message = Message::new("", "q", "x").deadline(Duration::from_secs(2));
        publisher.publish(message).await.unwrap();
    }
    assert_eq!(connection.snapshot().publishes.confirmed, 2);
}

#[tokio::test]
async fn what_consumes_is_there_while_the_primary_connection_is_refused() {
    let broker = FakeBroker::start().await;
    let connection = both(&broker).await;
    broker.welcome(Welcome::Refuse(403));
    broker.hang_up_on("test");
    until("it is refused", || connection.snapshot().totals.refused > 0).await;
    connection.get_channel(Purpose::Admin).await.unwrap_err();
    connection.get_channel(Purpose::Consume).await.unwrap();
    assert_eq!(number(&connection.consuming()), Some(1));
}

#[tokio::test]
async fn one_connection_can_be_enough() {
    let broker = FakeBroker::start().await;
    let builder = quick(broker.uri()).one_connection(true);
    let connection = builder.connect().await.unwrap();
    connection.get_channel(Purpose::Consume).await.unwrap();
    assert_eq!(connection.consuming().name(), "test");
    assert_eq!(broker.names(), ["test"]);
    assert!(connection.snapshot().consuming.is_none());
}
