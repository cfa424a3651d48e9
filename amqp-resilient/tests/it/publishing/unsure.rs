//! Messages of which it is not known whether the broker has them.

use super::*;

#[tokio::test]
async fn a_message_lost_with_its_connection_is_sent_again_under_the_same_id() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, before| {
        if before < 2 {
            Answer::HangUp
        } else {
            Answer::Ack
        }
    });
    let connection = connected(&broker).await;
    let message = Message::new("", "q", "once more");
    let published = connection.publisher().publish(message).await.unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (3, true)
    );
    assert_eq!(published.epoch.number(), 3);
    let received = broker.received();
    assert_eq!(received.len(), 3);
    assert!(
        received
            .iter()
            .all(|copy| copy.message_id == published.message_id)
    );
    assert_eq!(connection.snapshot().publishes.republished, 2);
}

#[tokio::test]
async fn a_message_that_is_not_answered_is_sent_again_on_another_channel() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, before| {
        if before == 0 {
            Answer::Nothing
        } else {
            Answer::Ack
        }
    });
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("impatient")
        .confirm_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let published = publisher.publish(Message::new("", "q", "x")).await.unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (2, true)
    );
    assert_eq!(
        published.epoch.number(),
        1,
        "the connection was not to blame"
    );
    assert_eq!(broker.channels_opened(), 2);
}

#[tokio::test]
async fn without_an_answer_until_the_deadline_the_outcome_is_ambiguous() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    warm_up(&connection.publisher()).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let message = Message::new("", "q", "x")
        .message_id("m")
        .deadline(Duration::from_millis(500));
    let began = now();
    let error = connection.publisher().publish(message).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(error.may_be_delivered());
    let PublishError::Ambiguous {
        message_id,
        attempts,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((&*message_id, attempts), ("m", 1));
    assert_eq!(connection.snapshot().publishes.ambiguous, 1);
}

#[tokio::test]
async fn a_definite_no_after_an_unknown_outcome_stays_ambiguous() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    for answer in [Answer::Nack, Answer::Return, Answer::CloseChannel(404)] {
        let first = AtomicBool::new(true);
        broker.on_publish(move |_, _| {
            if first.swap(false, Ordering::SeqCst) {
                Answer::HangUp
            } else {
                answer
            }
        });
        let error = connection
            .publisher()
            .publish(Message::new("", "q", "x"))
            .await
            .unwrap_err();
        let PublishError::Ambiguous {
            attempts: 2,
            source: Some(source),
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert!(!source.may_be_delivered());
    }
}

#[tokio::test]
async fn a_message_whose_time_is_over_is_not_sent() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    for exchange in ["", "new"] {
        let message = || Message::new(exchange, "q", "late").deadline(Duration::ZERO);
        let sent = async { publisher.send(message()).await.unwrap().await };
        for result in [publisher.publish(message()).await, sent.await] {
            let error = result.unwrap_err();
            let no_channel = matches!(error, PublishError::Amqp(AmqpError::ChannelTimeout { .. }));
            let late = matches!(error, PublishError::Deadline { .. });
            assert!(late || no_channel && exchange == "new", "{error:?}");
        }
    }
    warm_up(&publisher).await;
    assert!(broker.received().iter().all(|it| it.text() == "warm"));
}

/// Each was in flight when the broker closed a connection. Had they been sent again together, the culprit
/// would have taken them with it once more, and all would have been taken for culprits.
#[tokio::test]
async fn of_those_that_may_have_killed_a_connection_only_the_culprit_fails() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    broker.on_publish(|message, before| match message.text() {
        _ if before < 51 => Answer::Nothing,
        _ if before == 51 => Answer::CloseConnection(501),
        "poison" => Answer::CloseConnection(501),
        _ => Answer::Ack,
    });
    let good = (0..50).map(|_| publisher.publish(Message::new("", "q", "good")));
    let (poison, good, ()) = tokio::join!(
        publisher.publish(Message::new("", "q", "poison")),
        join_all(good),
        async {
            until("they were sent", || broker.received().len() == 52).await;
        }
    );
    assert!(poison.unwrap_err().may_be_delivered());
    for result in good {
        assert!(result.unwrap().possibly_duplicated);
    }
}

#[tokio::test]
async fn an_exchange_is_not_to_blame_for_a_lost_connection() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let publish = || publisher.publish(Message::new("orders", "q", "x"));
    publish().await.unwrap();
    broker.on_publish(|_, before| match before {
        20 => Answer::HangUp,
        0..20 => Answer::Nothing,
        _ => Answer::Ack,
    });
    for result in join_all((0..20).map(|_| publish())).await {
        assert!(result.unwrap().possibly_duplicated);
    }
    let channels = broker.channels_opened();
    assert_eq!(
        channels, 2,
        "they share a channel on the new connection too"
    );
}

#[tokio::test]
async fn a_broker_that_is_slow_to_open_a_channel_costs_a_message_nothing_but_time() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .channel_timeout(Duration::from_millis(100))
        .connect()
        .await
        .unwrap();
    for exchange in ["", "new"] {
        broker.ignore_channel_opens(2);
        let message = Message::new(exchange, "q", "x");
        let published = connection.publisher().publish(message).await.unwrap();
        assert_eq!(published.attempts, 1);
    }
}

#[tokio::test]
async fn a_message_for_which_there_is_no_channel_in_time_was_not_sent() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publisher = connection.publisher();
    // As many as may be alone on a channel.
    let stuck = (0..9).map(|_| publisher.publish(Message::new("new", "q", "stuck")));
    let mut stuck = std::pin::pin!(join_all(stuck));
    let sent = until("they were sent", || broker.received().len() == 9);
    tokio::select! {
        _ = &mut stuck => panic!("nothing was answered"),
        () = sent => {}
    }
    let message = Message::new("new", "q", "x").deadline(Duration::from_millis(100));
    let error = publisher.publish(message).await.unwrap_err();
    assert!(matches!(error, PublishError::Deadline { .. }), "{error:?}");
    assert_eq!(broker.received().len(), 9);
}

#[tokio::test]
async fn an_error_and_those_behind_it_say_nothing_twice() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let message = Message::new("", "q", "x").deadline(Duration::from_millis(100));
    let error = connection.publisher().publish(message).await.unwrap_err();
    let behind = std::error::Error::source(&error).unwrap();
    assert_ne!(error.to_string(), behind.to_string());
}
