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
