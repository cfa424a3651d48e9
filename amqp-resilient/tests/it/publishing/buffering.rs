//! The buffer, and what happens to messages when it is full or the broker is away.

use steadfast_amqp::{Backpressure, PublisherBuilder};

use super::*;

fn small(connection: &steadfast_amqp::ResilientConnection) -> PublisherBuilder {
    connection
        .publisher_builder("small")
        .max_in_flight(2)
        .buffer_messages(5)
        .deadline(Duration::from_millis(300))
}

fn is_full(result: &Result<steadfast_amqp::Published, PublishError>) -> bool {
    matches!(result, Err(PublishError::BufferFull { .. }))
}

#[tokio::test]
async fn the_buffer_in_front_of_a_dead_broker_is_bounded() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = small(&connection).build().unwrap();
    let publishes = (0..10).map(|_| publisher.publish(Message::new("", "q", "x")));
    let mut publishes = std::pin::pin!(join_all(publishes));
    timeout(Duration::from_millis(50), &mut publishes)
        .await
        .unwrap_err();
    let now = &connection.snapshot().publishers[0];
    assert_eq!((now.held, now.max_messages), (5, 5));
    assert!((1..=now.max_bytes).contains(&now.held_bytes));

    let results = publishes.await;
    for result in &results {
        let error = result.as_ref().unwrap_err();
        let down = matches!(error, PublishError::Amqp(AmqpError::Disconnected { .. }));
        assert!(down || is_full(result), "{error:?}");
        assert!(error.is_retryable() && !error.is_permanent() && !error.may_be_delivered());
    }
    assert_eq!(connection.snapshot().publishers[0].held, 0);
    assert_eq!(connection.snapshot().publishers[0].held_bytes, 0);
}

#[tokio::test]
async fn those_who_wait_for_room_get_it_in_their_order() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = small(&connection)
        .deadline(Duration::from_secs(20))
        .build()
        .unwrap();
    let publishes = (0..40_u32).map(|n| publisher.publish(Message::new("", "q", n.to_string())));
    let mut publishes = std::pin::pin!(join_all(publishes));
    timeout(Duration::from_millis(50), &mut publishes)
        .await
        .unwrap_err();
    broker.come_up().await;
    let results = publishes.await;
    assert!(results.iter().all(Result::is_ok));
    let texts = broker.received();
    let texts: Vec<_> = texts.iter().map(|m| m.text().to_owned()).collect();
    let sorted: Vec<_> = (0..40_u32).map(|n| n.to_string()).collect();
    assert_eq!(texts, sorted);
}

#[tokio::test]
async fn failing_fast_a_full_buffer_refuses_at_once() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publisher = small(&connection)
        .backpressure(Backpressure::FailFast)
        .deadline(Duration::from_secs(20))
        .build()
        .unwrap();
    let held = (0..5).map(|_| publisher.publish(Message::new("", "q", "x")));
    let mut held = std::pin::pin!(join_all(held));
    timeout(Duration::from_millis(20), &mut held)
        .await
        .unwrap_err();
    let error = publisher
        .publish(Message::new("", "q", "x"))
        .await
        .unwrap_err();
    let PublishError::BufferFull {
        messages, waited, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((messages, waited), (5, Duration::ZERO));
    assert!(!error.to_string().contains(" for "), "{error}");
}

#[tokio::test]
async fn failing_fast_a_message_does_not_wait_for_a_broker_that_is_away_or_blocked() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = connection
        .publisher_builder("hasty")
        .backpressure(Backpressure::FailFast)
        .build()
        .unwrap();
    let publish = || publisher.publish(Message::new("", "q", "x"));
    let error = publish().await.unwrap_err();
    assert!(
        matches!(error, PublishError::Amqp(AmqpError::Disconnected { .. })),
        "{error:?}"
    );
    broker.come_up().await;
    connection
        .wait_connected(Duration::from_secs(10))
        .await
        .unwrap();
    publish().await.unwrap();
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let error = publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Blocked { .. }), "{error:?}");
    assert_eq!(broker.received().len(), 1);
}

#[tokio::test]
async fn failing_fast_a_message_of_unknown_outcome_is_sent_again_all_the_same() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("hasty")
        .backpressure(Backpressure::FailFast)
        .build()
        .unwrap();
    broker.on_publish(|_, before| match before {
        0 => Answer::HangUp,
        _ => Answer::Ack,
    });
    let published = publisher.publish(Message::new("", "q", "x")).await.unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (2, true)
    );
}

#[tokio::test]
async fn bytes_are_bounded_and_a_large_message_is_not_overtaken() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("narrow")
        .buffer_bytes(10_000)
        .deadline(Duration::from_secs(2))
        .build()
        .unwrap();
    warm_up(&publisher).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let message = |size: usize| Message::new("", "q", vec![b'x'; size]);
    let error = publisher.publish(message(10_000)).await.unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::TooLarge {
                bytes: 10_001..,
                limit: 10_000
            }
        ),
        "{error:?}"
    );
    assert!(error.is_permanent());

    let (first, second, third) = tokio::join!(
        publisher.publish(message(6_000)),
        publisher.publish(message(6_000).deadline(Duration::from_millis(100))),
        publisher.publish(message(10).deadline(Duration::from_millis(50))),
    );
    assert!(first.unwrap_err().may_be_delivered());
    assert!(is_full(&second), "{second:?}");
    assert!(is_full(&third), "{third:?}");
    assert_eq!(broker.received().len(), 2);
}

#[tokio::test]
async fn a_dropped_publish_gives_its_room_back() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = small(&connection)
        .deadline(Duration::from_secs(20))
        .build()
        .unwrap();
    for _ in 0..100 {
        let publishes = (0..10).map(|_| publisher.publish(Message::new("", "q", "x")));
        timeout(Duration::from_millis(1), join_all(publishes))
            .await
            .unwrap_err();
    }
    let now = &connection.snapshot().publishers[0];
    assert_eq!((now.held, now.held_bytes), (0, 0));
    assert_eq!((now.bulkhead.busy, now.bulkhead.waiting), (0, 0));
    broker.come_up().await;
    publisher.publish(Message::new("", "q", "x")).await.unwrap();
}

#[tokio::test]
async fn failing_fast_a_message_does_not_wait_behind_others_for_a_broker_that_is_away() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("hasty")
        .backpressure(Backpressure::FailFast)
        .max_in_flight(1)
        .build()
        .unwrap();
    publisher.publish(Message::new("", "q", "x")).await.unwrap();
    broker.on_publish(|_, _| Answer::Nothing);
    let message = |text: &str| Message::new("", "q", text);
    let stuck = publisher.send(message("stuck")).await.unwrap();
    let in_line = publisher.send(message("in line")).await.unwrap();
    let behind = publisher.send(message("behind")).await.unwrap();
    let waits = publisher.publish(message("waits"));
    let broker_goes = async {
        until("one was sent", || broker.received().len() == 2).await;
        broker.go_down().await;
    };
    let quick = Duration::from_secs(5);
    let waits = timeout(quick, async { tokio::join!(waits, broker_goes).0 });
    let late = async { publisher.publish(message("late")).await };
    for result in [
        waits.await.unwrap(),
        timeout(quick, in_line).await.unwrap(),
        timeout(quick, behind).await.unwrap(),
        timeout(quick, late).await.unwrap(),
    ] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, PublishError::Amqp(AmqpError::Disconnected { .. })),
            "{error:?}"
        );
    }
    assert!(!stuck.is_ended(), "it was sent, and is to be sent again");
}

#[tokio::test]
async fn bytes_are_bounded_while_the_broker_is_away() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = connection
        .publisher_builder("narrow")
        .buffer_bytes(10_000)
        .deadline(Duration::from_secs(20))
        .build()
        .unwrap();
    let message = || Message::new("", "q", vec![b'x'; 4_000]);
    let publishes = (0..5).map(|_| publisher.publish(message()));
    let mut publishes = std::pin::pin!(join_all(publishes));
    timeout(Duration::from_millis(50), &mut publishes)
        .await
        .unwrap_err();
    let now = &connection.snapshot().publishers[0];
    assert_eq!((now.held, now.max_bytes), (2, 10_000));
    assert!(
        (8_000..=10_048).contains(&now.held_bytes),
        "{}",
        now.held_bytes
    );
    broker.come_up().await;
    assert!(publishes.await.iter().all(Result::is_ok));
    assert_eq!(connection.snapshot().publishers[0].held_bytes, 0);
}
