//! Why a message was not confirmed, as its span says it.

use steadfast_amqp::{Backpressure, PublishError};
use tokio::time::timeout;

use super::*;
use crate::broker::{Command, until};

/// The error type of the only message so far, and how often it was sent.
fn ended(watched: &Watched) -> (String, String) {
    let span = watched.span();
    let attempts = attributes(&span)["resilience.attempts"].clone();
    (error_type(&span).unwrap(), attempts)
}

fn told(why: &str, attempts: &str) -> (String, String) {
    (why.to_owned(), attempts.to_owned())
}

#[tokio::test]
async fn what_the_broker_says_no_to() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let publisher = watched.publisher();
    for (answer, why) in [
        (Answer::Return, "returned"),
        (Answer::Nack, "nacked"),
        (Answer::CloseChannel(404), "channel_closed"),
    ] {
        watched.exporter.reset();
        broker.on_publish(move |_, _| answer);
        let error = publisher.publish(order()).await.unwrap_err();
        assert_eq!(error.error_type(), why);
        assert_eq!(ended(&watched), told(why, "1"));
        watched.exporter.reset();
        let handle = publisher.send(order()).await.unwrap();
        handle.await.unwrap_err();
        assert_eq!(ended(&watched), told(why, "1"));
    }
}

#[tokio::test]
async fn what_has_no_answer_is_ambiguous() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let message = order().deadline(Duration::from_millis(300));
    let error = watched.publisher().publish(message).await.unwrap_err();
    assert!(error.may_be_delivered());
    assert_eq!(ended(&watched), told("ambiguous", "1"));
}

#[tokio::test]
async fn a_definite_no_after_an_unknown_outcome_is_ambiguous_too() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    broker.on_publish(|_, before| match before {
        0 => Answer::HangUp,
        _ => Answer::Nack,
    });
    watched.publisher().publish(order()).await.unwrap_err();
    assert_eq!(ended(&watched), told("ambiguous", "2"));
}

#[tokio::test]
async fn what_was_not_sent_in_an_alarm_is_blocked() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    broker.command(Command::Block);
    let connection = &watched.connection;
    until("it is blocked", || connection.state().is_blocked()).await;
    let message = order().deadline(Duration::from_millis(50));
    watched.publisher().publish(message).await.unwrap_err();
    assert_eq!(ended(&watched), told("blocked", "0"));
    assert!(watched.span().events.is_empty());
}

#[tokio::test]
async fn what_is_refused_before_it_is_sent_has_a_span() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publisher = watched.connection.publisher_builder("small");
    let publisher = publisher
        .max_in_flight(1)
        .buffer_messages(1)
        .buffer_bytes(10_000)
        .backpressure(Backpressure::FailFast)
        .build()
        .unwrap();
    let held = publisher.send(order()).await.unwrap();
    let large = Message::new("orders", "order.created", vec![0; 20_000]);
    let invalid = order().header("x".repeat(300), true);
    for (message, why) in [
        (order(), "buffer_full"),
        (large, "too_large"),
        (invalid, "invalid"),
    ] {
        watched.exporter.reset();
        let error = publisher.publish(message.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), why);
        assert_eq!(ended(&watched), told(why, "0"));
        watched.exporter.reset();
        publisher.send(message).await.unwrap_err();
        assert_eq!(ended(&watched), told(why, "0"));
        assert_eq!(watched.span().name, "publish orders:order.created");
    }
    assert!(!held.is_ended());
}

#[tokio::test]
async fn without_a_broker_it_is_disconnected() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let watched = watch(connection, |builder| builder);
    let message = order().deadline(Duration::from_millis(50));
    let error = watched.publisher().publish(message).await.unwrap_err();
    assert!(matches!(error, PublishError::Amqp(_)), "{error:?}");
    assert_eq!(ended(&watched), told("disconnected", "0"));
}

#[tokio::test]
async fn a_dropped_publish_is_abandoned() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publisher = watched.publisher();
    let publishing = tokio::spawn(async move { publisher.publish(order()).await });
    until("it was sent", || broker.received().len() == 1).await;
    assert!(watched.spans().is_empty());
    publishing.abort();
    let _ = publishing.await;
    assert_eq!(ended(&watched), told("abandoned", "1"));
}

#[tokio::test]
async fn a_dropped_handle_abandons_nothing_and_a_send_dropped_in_line_is_abandoned() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let watched = watch(connection, |builder| builder);
    let publisher = watched.connection.publisher_builder("small");
    let publisher = publisher.max_in_flight(1).buffer_messages(1);
    let publisher = publisher.build().unwrap();
    drop(publisher.send(order()).await.unwrap());
    let waiting = publisher.send(order());
    timeout(Duration::from_millis(20), waiting)
        .await
        .unwrap_err();
    assert_eq!(ended(&watched), told("abandoned", "0"));

    watched.exporter.reset();
    broker.come_up().await;
    let report = publisher.flush(Duration::from_secs(10)).await;
    assert_eq!(report.confirmed, 1);
    until("its span has ended", || !watched.spans().is_empty()).await;
    assert_eq!(error_type(&watched.span()), None);
}
