//! Messages and what becomes of them.

mod alarms;
mod buffering;
mod chaos;
mod polled;
mod sending;
mod sharing;
mod unsure;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use steadfast_amqp::lapin::BasicProperties;
use steadfast_amqp::lapin::types::AMQPValue;
use steadfast_amqp::{AmqpError, Message, PublishError, Publisher};
use tokio::time::timeout;

use crate::broker::{Answer, Command, FakeBroker, until};
use crate::support::{connected, now, quick};

/// Has the publisher open its channel, so that a short deadline is all the message's.
async fn warm_up(publisher: &Publisher) {
    publisher
        .publish(Message::new("", "q", "warm"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_confirmed_message_was_sent_once_persistent_and_mandatory_with_an_id() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let message = Message::new("orders", "order.created", "17");
    let published = connection.publisher().publish(message).await.unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (1, false)
    );
    assert_eq!(published.epoch.number(), 1);
    let received = &broker.received()[0];
    assert_eq!(
        (&*received.exchange, &*received.routing_key),
        ("orders", "order.created")
    );
    assert_eq!((received.text(), received.delivery_mode), ("17", Some(2)));
    assert!(received.mandatory);
    assert_eq!(received.message_id, published.message_id);
    assert!(!published.message_id.is_empty());
}

#[tokio::test]
async fn ids_are_the_callers_or_unique() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let named = Message::new("", "q", "x").message_id("mine");
    assert_eq!(publisher.publish(named).await.unwrap().message_id, "mine");
    let properties = BasicProperties::default().with_message_id("theirs".into());
    let named = Message::new("", "q", "x").properties(properties);
    assert_eq!(publisher.publish(named).await.unwrap().message_id, "theirs");
    assert_eq!(broker.received()[1].delivery_mode, Some(2));

    let mut ids = Vec::new();
    for publisher in [
        publisher,
        connection.publisher_builder("other").build().unwrap(),
    ] {
        for _ in 0..10 {
            ids.push(
                publisher
                    .publish(Message::new("", "q", "x"))
                    .await
                    .unwrap()
                    .message_id,
            );
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn a_returned_message_comes_back_to_its_own_publish() {
    let broker = FakeBroker::start().await;
    broker.on_publish(
        |message, _| match message.text().parse::<u32>().unwrap() % 3 {
            0 => Answer::Return,
            1 => Answer::Nack,
            _ => Answer::Ack,
        },
    );
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let publishes = (0..600_u32).map(|number| {
        let publisher = publisher.clone();
        async move {
            let message = Message::new("", "q", number.to_string());
            (number, publisher.publish(message).await)
        }
    });
    let mut results = stream::iter(publishes).buffer_unordered(100);
    while let Some((number, result)) = results.next().await {
        match (number % 3, result) {
            (0, Err(PublishError::Returned(message))) => {
                assert_eq!(message.body, number.to_string().into_bytes());
                assert_eq!(message.reply_code, 312);
            }
            (1, Err(PublishError::Nacked { .. })) | (2, Ok(_)) => {}
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
    let totals = connection.snapshot().publishes;
    assert_eq!(
        (totals.returned, totals.nacked, totals.confirmed),
        (200, 200, 200)
    );
    assert!(broker.channels_opened() <= 20);
}

#[tokio::test]
async fn a_channel_closed_over_a_message_is_that_messages_error_and_nobody_elses() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|message, _| match message.text() {
        "bad" => Answer::CloseChannel(404),
        _ => Answer::Ack,
    });
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let good = (0..40).map(|_| publisher.publish(Message::new("", "q", "good")));
    let bad = (0..10).map(|_| publisher.publish(Message::new("nowhere", "q", "bad")));
    let (good, bad) = tokio::join!(join_all(good), join_all(bad));
    assert!(good.iter().all(Result::is_ok));
    for result in bad {
        let error = result.unwrap_err();
        let closed = PublishError::Amqp(AmqpError::ChannelClosed {
            code: 404,
            text: "as the test says".to_owned(),
        });
        assert_eq!(error.to_string(), closed.to_string());
        assert!(!error.is_retryable());
    }
    assert_eq!(connection.epoch().map(|epoch| epoch.number()), Some(1));
    assert_eq!(broker.received().len(), 50, "none was sent twice");
}

#[tokio::test]
async fn a_publish_waits_for_the_connection_until_its_deadline() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = connection.publisher();
    let message = Message::new("", "q", "x").deadline(Duration::from_millis(200));
    let error = publisher.publish(message).await.unwrap_err();
    assert!(
        matches!(error, PublishError::Amqp(AmqpError::Disconnected { .. })),
        "{error:?}"
    );

    let publish = tokio::spawn(async move { publisher.publish(Message::new("", "q", "x")).await });
    until("the breaker has opened", || {
        connection.breaker().snapshot().totals.opened > 0
    })
    .await;
    broker.come_up().await;
    assert!(!publish.await.unwrap().unwrap().possibly_duplicated);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_meets_nobody_else() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    broker.on_publish(|message, _| match message.text() {
        "slow" => Answer::Nothing,
        _ => Answer::Return,
    });
    for _ in 0..5 {
        let slow = publisher.publish(Message::new("", "q", "slow"));
        timeout(Duration::from_millis(50), slow).await.unwrap_err();
        let error = publisher
            .publish(Message::new("", "q", "quick"))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, PublishError::Returned(m) if m.body == b"quick"),
            "{error:?}"
        );
    }
    assert_eq!(connection.snapshot().publishes.abandoned, 5);
    assert_eq!(broker.channels_opened(), 1);
}

#[tokio::test]
async fn a_channel_is_closed_when_too_many_answers_are_missing_on_it() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::Nothing);
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    for round in 1..=3 {
        let slow = (0..50).map(|_| publisher.publish(Message::new("", "q", "slow")));
        let sent = until("they were sent", || broker.received().len() == 50 * round);
        tokio::select! {
            _ = join_all(slow) => panic!("nothing is answered"),
            () = sent => {}
        }
    }
    assert_eq!(connection.snapshot().publishes.abandoned, 150);
    // 50 and 50 on the first, 50 on the second.
    until("the first is closed", || broker.channels() == 1).await;
    assert_eq!(broker.channels_opened(), 2);
}

#[tokio::test]
async fn a_message_that_makes_the_broker_close_connections_is_not_sent_for_ever() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::CloseConnection(501));
    let connection = connected(&broker).await;
    let error = connection
        .publisher()
        .publish(Message::new("", "q", "poison"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::Ambiguous { attempts: 2, .. }),
        "{error:?}"
    );
    assert_eq!(broker.received().len(), 2);
}

#[tokio::test]
async fn what_the_protocol_cannot_carry_is_refused_before_it_is_sent() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let long = "x".repeat(256);
    let short = AMQPValue::ShortString("s".into());
    let nested = AMQPValue::FieldArray(vec![true.into(), short.clone()].into());
    let huge = AMQPValue::LongString("x".repeat(200_000).into());
    let cases = [
        (Message::new(&*long, "q", ""), "exchange"),
        (Message::new("", &*long, ""), "routing_key"),
        (Message::new("", "q", "").message_id(&*long), "message_id"),
        (
            Message::new("", "q", "").content_type(&*long),
            "content_type",
        ),
        (Message::new("", "q", "").header(&*long, true), "header"),
        (Message::new("", "q", "").header("huge", huge), "properties"),
        (Message::new("", "q", "").header("short", short), "headers"),
        (
            Message::new("", "q", "").header("nested", nested),
            "headers",
        ),
    ];
    for (message, expected) in cases {
        let error = connection.publisher().publish(message).await.unwrap_err();
        let PublishError::Invalid(field) = &error else {
            panic!("{expected}: {error:?}");
        };
        assert_eq!(field.field, expected);
    }
    assert!(broker.received().is_empty());
    // The largest header that fits, and an empty body.
    let large = AMQPValue::LongString("x".repeat(130_900).into());
    let message = Message::new("", "q", "")
        .header("large", large)
        .mandatory(false);
    connection.publisher().publish(message).await.unwrap();
    assert!(!broker.received()[0].mandatory);
}

#[tokio::test]
async fn a_message_of_many_frames_arrives_whole() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let body: Vec<u8> = (0..1_000_000_u32).map(|byte| byte as u8).collect();
    connection
        .publisher()
        .publish(Message::new("", "q", body.clone()))
        .await
        .unwrap();
    assert_eq!(broker.received()[0].body, body);
}

#[tokio::test]
async fn publishers_work_from_many_tasks_and_threads() {
    fn is_shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let broker = Arc::new(FakeBroker::start().await);
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    is_shareable(&connection);
    is_shareable(&publisher);
    let tasks = (0..8).map(|_| {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                publisher.publish(Message::new("", "q", "x")).await.unwrap();
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(Result::unwrap);
    assert_eq!(connection.snapshot().publishes.confirmed, 400);
}
