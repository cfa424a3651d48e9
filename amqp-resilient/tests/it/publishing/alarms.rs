//! Messages while the broker has blocked the connection.

use super::*;

#[tokio::test]
async fn nothing_is_sent_on_a_blocked_connection() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    publisher
        .publish(Message::new("", "q", "before"))
        .await
        .unwrap();
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;

    let publishes = (0..50).map(|_| {
        let message = Message::new("", "q", "during").deadline(Duration::from_millis(200));
        publisher.publish(message)
    });
    for result in join_all(publishes).await {
        match result.unwrap_err() {
            PublishError::Blocked { reason, .. } => assert_eq!(reason, "low on memory"),
            other => panic!("{other:?}"),
        }
    }
    broker.command(Command::Unblock);
    publisher
        .publish(Message::new("", "q", "after"))
        .await
        .unwrap();
    let texts: Vec<_> = broker
        .received()
        .iter()
        .map(|m| m.text().to_owned())
        .collect();
    assert_eq!(texts, ["before", "after"]);
}

#[tokio::test]
async fn a_publish_waits_for_the_end_of_an_alarm() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let publisher = connection.publisher();
    let publish = tokio::spawn(async move { publisher.publish(Message::new("", "q", "x")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(broker.received().is_empty());
    broker.command(Command::Unblock);
    let published = publish.await.unwrap().unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (1, false)
    );
    let totals = connection.snapshot().totals;
    assert_eq!((totals.blocked, totals.lost), (1, 0));
}

#[tokio::test]
async fn a_message_in_flight_when_the_alarm_comes_is_not_sent_again() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("impatient")
        .confirm_timeout(Duration::from_millis(300))
        .deadline(Duration::from_secs(2))
        .build()
        .unwrap();
    warm_up(&publisher).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publish = tokio::spawn(async move { publisher.publish(Message::new("", "q", "x")).await });
    until("it was sent", || broker.received().len() > 1).await;
    broker.command(Command::Block);
    let error = publish.await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::Ambiguous {
                attempts: 1..=2,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(broker.received().len() <= 3);
}

#[tokio::test]
async fn an_alarm_that_outlasts_the_confirm_timeout_makes_no_copies() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("impatient")
        .confirm_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    warm_up(&publisher).await;
    broker.on_publish(|message, _| match message.text() {
        "during" => Answer::Nothing,
        _ => Answer::AckMultiple,
    });
    let during = publisher.send(Message::new("", "q", "during")).await;
    until("it was sent", || broker.received().len() == 2).await;
    broker.command(Command::Block);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    broker.command(Command::Unblock);
    publisher
        .publish(Message::new("", "q", "after"))
        .await
        .unwrap();
    let published = during.unwrap().await.unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (1, false)
    );
    assert_eq!(broker.received().len(), 3);
}

#[tokio::test]
async fn those_who_wait_for_room_in_an_alarm_are_told_of_the_alarm() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("small")
        .max_in_flight(1)
        .buffer_messages(2)
        .deadline(Duration::from_millis(200))
        .build()
        .unwrap();
    warm_up(&publisher).await;
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let publishes = (0..10).map(|_| publisher.publish(Message::new("", "q", "x")));
    for result in join_all(publishes).await {
        let error = result.unwrap_err();
        assert!(matches!(error, PublishError::Blocked { .. }), "{error:?}");
    }
    assert_eq!(broker.received().len(), 1);
}
