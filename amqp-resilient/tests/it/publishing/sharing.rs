//! Many messages on one channel, and what happens when the broker closes it.

use futures_util::FutureExt;

use super::*;

#[tokio::test]
async fn hundreds_of_messages_are_in_flight_on_one_channel() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publisher = connection.publisher();
    let publishes = (0..300).map(|_| publisher.publish(Message::new("", "q", "x")));
    let mut publishes = std::pin::pin!(join_all(publishes));
    let sent = async {
        until("256 were sent", || broker.received().len() == 256).await;
    };
    tokio::select! {
        _ = &mut publishes => panic!("nothing was answered"),
        () = sent => {}
    }
    let now = &connection.snapshot().publishers[0];
    assert_eq!((now.bulkhead.busy, now.held), (256, 300));
    assert_eq!(broker.channels_opened(), 1);
}

#[tokio::test]
async fn the_first_messages_to_an_exchange_have_a_channel_each() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let publish = |count| {
        let publishes = (0..count).map(|_| publisher.publish(Message::new("orders", "q", "x")));
        join_all(publishes)
    };
    let first = publish(3).await;
    assert!(first.iter().all(Result::is_ok));
    assert_eq!(broker.channels_opened(), 3);
    // They are known to be harmless by now, and one of the three is enough.
    let others = publish(200).await;
    assert!(others.iter().all(Result::is_ok));
    assert_eq!(broker.channels_opened(), 3);
}

#[tokio::test]
async fn a_deleted_exchange_costs_its_own_messages_and_no_others() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    publisher
        .publish(Message::new("doomed", "q", "good"))
        .await
        .unwrap();
    broker.on_publish(|message, _| match &*message.exchange {
        "doomed" => Answer::CloseChannel(404),
        _ => Answer::Ack,
    });
    let doomed = (0..20).map(|_| publisher.publish(Message::new("doomed", "q", "bad")));
    let good = (0..200).map(|_| publisher.publish(Message::new("", "q", "good")));
    let (doomed, good) = tokio::join!(join_all(doomed), join_all(good));
    for result in good {
        result.unwrap();
    }
    for result in doomed {
        let error = result.unwrap_err();
        let definite = matches!(
            error,
            PublishError::Amqp(AmqpError::ChannelClosed { code: 404, .. })
        );
        // Of what was on the shared channel together with others nobody can tell.
        assert!(definite || error.may_be_delivered(), "{error:?}");
    }
    assert_eq!(connection.epoch().map(|epoch| epoch.number()), Some(1));
    // Known by now, it disturbs nobody.
    let opened = broker.channels_opened();
    let (bad, good) = tokio::join!(
        publisher.publish(Message::new("doomed", "q", "bad")),
        publisher.publish(Message::new("", "q", "good")),
    );
    assert!(matches!(
        bad.unwrap_err(),
        PublishError::Amqp(AmqpError::ChannelClosed { code: 404, .. })
    ));
    assert!(!good.unwrap().possibly_duplicated);
    // One for the bad, and the shared one, if all there were had been closed.
    assert!(broker.channels_opened() <= opened + 2);
}

#[tokio::test]
async fn alone_on_the_shared_channel_a_message_gets_a_definite_answer() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    broker.on_publish(|_, _| Answer::CloseChannel(406));
    let error = publisher
        .publish(Message::new("", "q", "bad"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::Amqp(AmqpError::ChannelClosed { code: 406, .. })
        ),
        "{error:?}"
    );
    assert_eq!(broker.received().len(), 2);
}

#[tokio::test]
async fn a_message_that_kills_connections_does_not_take_the_others_with_it() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    broker.on_publish(|message, _| match message.text() {
        "poison" => Answer::CloseConnection(501),
        _ => Answer::Ack,
    });
    let good = (0..100).map(|_| publisher.publish(Message::new("", "q", "good")));
    let (before, poison, after) = tokio::join!(
        join_all(good.clone()),
        publisher.publish(Message::new("", "q", "poison")),
        join_all(good),
    );
    assert!(poison.unwrap_err().may_be_delivered());
    for result in before.into_iter().chain(after) {
        result.unwrap();
    }
}

#[tokio::test]
async fn messages_of_one_id_get_their_own_returns() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|message, _| match &*message.routing_key {
        "nowhere" => Answer::Return,
        _ => Answer::Ack,
    });
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let publishes = (0..200).map(|number| {
        let key = if number % 2 == 0 { "q" } else { "nowhere" };
        publisher.publish(Message::new("", key, number.to_string()).message_id("same"))
    });
    for (number, result) in join_all(publishes).await.into_iter().enumerate() {
        match (number % 2, result) {
            (0, Ok(_)) => {}
            (1, Err(PublishError::Returned(message))) => {
                assert_eq!(message.body, number.to_string().into_bytes());
            }
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
}

/// Whatever the broker's way of acknowledging: it is its own choice.
#[tokio::test]
async fn answers_are_right_however_the_broker_acknowledges() {
    for acknowledges in [Answer::AckMultiple, Answer::AckBackwards] {
        let broker = FakeBroker::start().await;
        broker.on_publish(move |message, before| match message.text() {
            // The last of each dozen, and the one that opens the channel.
            _ if before % 12 == 0 => acknowledges,
            number if number.parse::<u32>().unwrap() % 3 == 0 => Answer::ReturnOnly,
            _ => Answer::Nothing,
        });
        let connection = connected(&broker).await;
        let publisher = connection.publisher();
        warm_up(&publisher).await;
        let publishes = (0..600_u32).map(|number| {
            let publisher = publisher.clone();
            async move {
                let message = Message::new("", "q", number.to_string());
                (number, publisher.publish(message).await)
            }
        });
        for (number, result) in join_all(publishes).await {
            match (number % 3, result) {
                (0, Err(PublishError::Returned(message))) => {
                    assert_eq!(message.body, number.to_string().into_bytes());
                }
                (_, Ok(published)) => {
                    assert_eq!(published.attempts, 1);
                    // Of those that the dozen ended with, some would have been returned.
                }
                (_, other) => panic!("{number}: {other:?}"),
            }
        }
        assert_eq!(broker.received().len(), 601);
    }
}

#[tokio::test]
async fn an_answer_to_a_message_that_was_dropped_is_not_taken_by_its_next_copy() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    let message = || Message::new("", "q", "x").message_id("same");
    broker.on_publish(|_, _| Answer::Return);
    // Handed over in the first poll, and dropped before the return comes.
    assert!(publisher.publish(message()).now_or_never().is_none());
    until("it was sent", || broker.received().len() == 2).await;
    broker.on_publish(|_, _| Answer::Ack);
    publisher.publish(message()).await.unwrap();
}

#[tokio::test]
async fn of_two_messages_of_one_id_at_a_time_each_gets_its_own_answer() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    // The queue is made between the two, and both are acknowledged at once.
    broker.on_publish(|message, _| match message.text() {
        "first" => Answer::ReturnOnly,
        "second" => Answer::AckBackwards,
        _ => Answer::AckMultiple,
    });
    let publish = |body| publisher.publish(Message::new("", "q", body).message_id("same"));
    let (first, second, _) = tokio::join!(publish("first"), publish("second"), async {
        until("both were sent", || broker.received().len() == 3).await;
        publisher.publish(Message::new("", "q", "third")).await
    });
    assert!(
        matches!(&first, Err(PublishError::Returned(message)) if message.body == b"first"),
        "{first:?}"
    );
    second.unwrap();
}

#[tokio::test]
async fn a_message_is_not_to_blame_for_what_a_dropped_one_did() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    broker.on_publish(|message, _| match message.text() {
        "bad" => Answer::CloseChannel(404),
        _ => Answer::Ack,
    });
    let bad = Message::new("", "q", "bad");
    assert!(publisher.publish(bad).now_or_never().is_none());
    let innocent = publisher.publish(Message::new("", "q", "good")).await;
    innocent.unwrap();
}
