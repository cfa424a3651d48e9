//! The end of both connections.

use std::time::Duration;

use steadfast_amqp::{AmqpError, ConnectionState, Message, Purpose};

use super::both;
use crate::broker::{Answer, FakeBroker, Welcome, until};
use crate::support::{connected, now};

#[tokio::test]
async fn closing_closes_both_within_the_one_grace_and_adds_up() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::Nothing);
    let connection = both(&broker).await;
    let held = connection.get_channel(Purpose::Consume).await.unwrap();
    let publisher = connection.publisher();
    let publish = tokio::spawn(async move { publisher.publish(Message::new("", "q", "x")).await });
    until("it was sent", || broker.received().len() == 1).await;
    let began = now();
    let view = connection.consuming();
    let report = view.close(Duration::from_millis(300)).await;
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    assert_eq!((report.abandoned, report.is_clean()), (2, false));
    assert_eq!(connection.state(), ConnectionState::Closed);
    assert_eq!(view.state(), ConnectionState::Closed);
    until("both are gone", || broker.live() == 0).await;
    assert_eq!(connection.close(Duration::ZERO).await, report);
    publish.await.unwrap().unwrap_err();
    drop(held);
}

#[tokio::test]
async fn closing_waits_for_what_is_in_flight_on_either() {
    let broker = FakeBroker::start().await;
    let connection = both(&broker).await;
    let held = connection.get_channel(Purpose::Consume).await.unwrap();
    let closing = tokio::spawn({
        let connection = connection.clone();
        async move { connection.close(Duration::from_secs(5)).await }
    });
    until("it is draining", || {
        connection.consuming().state() == ConnectionState::Draining
    })
    .await;
    assert!(held.status().connected());
    assert!(!closing.is_finished());
    drop(held);
    let report = closing.await.unwrap();
    assert!(report.is_clean(), "{report}");
    until("both are gone", || broker.live() == 0).await;
}

#[tokio::test]
async fn nothing_is_made_for_consuming_once_it_was_closed() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    connection.close(Duration::from_secs(5)).await;
    let error = connection.get_channel(Purpose::Consume).await.unwrap_err();
    assert!(matches!(error, AmqpError::Closed), "{error:?}");
    assert_eq!(connection.consuming().state(), ConnectionState::Closed);
    assert_eq!(broker.accepted(), 1);
}

#[tokio::test]
async fn the_last_handle_ends_both_whatever_it_is() {
    let broker = FakeBroker::start().await;
    for last in [
        "handle",
        "view",
        "channel",
        "channel for consuming",
        "publisher",
    ] {
        let connection = both(&broker).await;
        assert_eq!(broker.live(), 2, "{last}");
        let held: Box<dyn std::any::Any> = match last {
            "handle" => Box::new(connection.clone()),
            "view" => Box::new(connection.consuming()),
            "channel" => Box::new(connection.get_channel("work").await.unwrap()),
            "channel for consuming" => {
                Box::new(connection.get_channel(Purpose::Consume).await.unwrap())
            }
            _ => Box::new(connection.consuming().publisher()),
        };
        drop(connection);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(broker.live(), 2, "{last}");
        drop(held);
        until(last, || broker.live() == 0).await;
    }
}

#[tokio::test]
async fn the_last_handle_ends_one_that_is_still_being_made() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.welcome(Welcome::Silence);
    let view = connection.consuming();
    until("the handshake has begun", || broker.live() == 2).await;
    drop((connection, view));
    until("both are gone", || broker.live() == 0).await;
}

#[test]
fn one_that_is_asked_for_when_the_runtime_has_gone_is_closed() {
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    let broker = elsewhere.block_on(FakeBroker::start());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = runtime.block_on(connected(&broker));
    drop(runtime);
    let error = elsewhere
        .block_on(connection.get_channel(Purpose::Consume))
        .unwrap_err();
    assert!(matches!(error, AmqpError::Closed), "{error:?}");
    let began = now();
    elsewhere.block_on(connection.close(Duration::from_secs(5)));
    assert!(began.elapsed() < Duration::from_secs(2));
}
