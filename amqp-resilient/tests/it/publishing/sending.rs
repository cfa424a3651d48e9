//! Messages that are given to the publisher and not waited for.

use steadfast_amqp::PublishHandle;

use super::*;

async fn send_all(publisher: &Publisher, count: u32) -> Vec<PublishHandle> {
    let mut handles = Vec::new();
    for number in 0..count {
        let message = Message::new("", "q", number.to_string());
        handles.push(publisher.send(message).await.unwrap());
    }
    handles
}

fn numbers(broker: &FakeBroker) -> Vec<u32> {
    let received = broker.received();
    received.iter().map(|m| m.text().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_in_the_order_in_which_they_were_sent() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let handles = send_all(&publisher, 2_000).await;
    for handle in handles {
        assert_eq!(handle.await.unwrap().attempts, 1);
    }
    assert_eq!(numbers(&broker), (0..2_000).collect::<Vec<_>>());
    assert_eq!(broker.channels_opened(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_is_kept_to_an_exchange_that_is_new_and_from_before_the_broker_came() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = connection.publisher();
    let mut handles = Vec::new();
    for number in 0..600_u32 {
        let message = Message::new("orders", "q", number.to_string());
        handles.push(publisher.send(message).await.unwrap());
    }
    broker.come_up().await;
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(numbers(&broker), (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_handle_tells_what_became_of_its_own_message() {
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
    for (number, handle) in send_all(&publisher, 300).await.into_iter().enumerate() {
        let id = handle.message_id().to_owned();
        match (number % 3, handle.await) {
            (0, Err(PublishError::Returned(message))) => {
                assert_eq!(message.body, number.to_string().into_bytes());
                assert_eq!(message.message_id, id);
            }
            (1, Err(PublishError::Nacked { message_id })) => assert_eq!(message_id, id),
            (2, Ok(published)) => assert_eq!(published.message_id, id),
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
    let report = publisher.flush(Duration::ZERO).await;
    assert_eq!(
        (report.confirmed, report.failed, report.pending),
        (100, 200, 0)
    );
    assert!(!report.is_clean());
}

#[tokio::test]
async fn a_flush_waits_for_what_came_before_it_and_tells_what_failed_since_the_last() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    drop(send_all(&publisher, 500).await);
    let report = publisher.flush(Duration::from_secs(10)).await;
    assert_eq!(
        (report.confirmed, report.failed, report.pending),
        (500, 0, 0)
    );
    assert!(report.is_clean());
    let empty = publisher.flush(Duration::ZERO).await;
    assert_eq!(empty, steadfast_amqp::FlushReport::default());

    broker.on_publish(|_, _| Answer::Nothing);
    let stuck = send_all(&publisher, 3).await;
    let report = publisher.flush(Duration::from_millis(50)).await;
    assert_eq!((report.confirmed, report.pending), (0, 3));
    assert!(stuck.iter().all(|handle| !handle.is_ended()));

    // Those after it do not keep it: these three, on top of the three before.
    broker.on_publish(|_, _| Answer::Ack);
    let later = publisher.send(Message::new("", "q", "7")).await.unwrap();
    let report = publisher.flush(Duration::from_millis(50)).await;
    assert_eq!((report.confirmed, report.failed, report.pending), (1, 0, 3));
    later.await.unwrap();
}

#[tokio::test]
async fn a_message_behind_another_one_ends_at_its_own_deadline() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = connection.publisher();
    let patient = Message::new("", "q", "patient").deadline(Duration::from_secs(60));
    let patient = publisher.send(patient).await.unwrap();
    let hasty = Message::new("", "q", "hasty").deadline(Duration::from_millis(100));
    let hasty = publisher.send(hasty).await.unwrap();
    let error = timeout(Duration::from_secs(5), hasty)
        .await
        .unwrap()
        .unwrap_err();
    assert!(!error.may_be_delivered());
    assert!(!patient.is_ended());
    broker.come_up().await;
    patient.await.unwrap();
    assert_eq!(broker.received().len(), 1);
}

#[tokio::test]
async fn what_was_taken_on_keeps_the_connection_open_until_it_has_ended() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let handles = send_all(&connection.publisher(), 20).await;
    drop(connection);
    broker.come_up().await;
    for handle in handles {
        handle.await.unwrap();
    }
    until("the connection is gone", || broker.live() == 0).await;
}

#[tokio::test]
async fn closing_sends_what_was_taken_on_as_far_as_the_grace_goes() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection
        .publisher_builder("p")
        .max_in_flight(2)
        .build()
        .unwrap();
    let handles = send_all(&publisher, 200).await;
    let report = connection.close(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report}");
    for handle in handles {
        handle.await.unwrap();
    }
    let error = publisher
        .send(Message::new("", "q", "1"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::Amqp(AmqpError::Closed)),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_the_grace_did_not_reach_is_an_error_in_its_handle() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.on_publish(|_, _| Answer::Nothing);
    let publisher = connection
        .publisher_builder("p")
        .max_in_flight(2)
        .build()
        .unwrap();
    let handles = send_all(&publisher, 10).await;
    until("two were sent", || broker.received().len() == 2).await;
    let report = connection.close(Duration::from_millis(50)).await;
    assert_eq!(report.abandoned, 10);
    let mut unsure = 0;
    for handle in handles {
        let error = timeout(Duration::from_secs(5), handle)
            .await
            .unwrap()
            .unwrap_err();
        unsure += usize::from(error.may_be_delivered());
    }
    assert_eq!(unsure, 2, "those that were sent");
}

#[tokio::test]
async fn a_send_that_is_dropped_while_it_waits_for_room_is_not_sent() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let publisher = connection
        .publisher_builder("p")
        .max_in_flight(1)
        .buffer_messages(1)
        .build()
        .unwrap();
    let first = publisher.send(Message::new("", "q", "1")).await.unwrap();
    let second = publisher.send(Message::new("", "q", "2"));
    timeout(Duration::from_millis(20), second)
        .await
        .unwrap_err();
    broker.come_up().await;
    first.await.unwrap();
    publisher.publish(Message::new("", "q", "3")).await.unwrap();
    assert_eq!(numbers(&broker), [1, 3]);
    assert_eq!(connection.snapshot().publishes.abandoned, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_after_sends_comes_after_them() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    let message = |number: u32| Message::new("", "q", number.to_string());
    publisher.publish(message(0)).await.unwrap();
    for number in 1..400 {
        if number % 10 == 0 {
            publisher.publish(message(number)).await.unwrap();
        } else {
            drop(publisher.send(message(number)).await.unwrap());
        }
    }
    publisher.flush(Duration::from_secs(10)).await;
    assert_eq!(numbers(&broker), (0..400).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_two_flushes_at_a_time_neither_misses_what_failed() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    publisher.flush(Duration::ZERO).await;
    broker.on_publish(|message, _| match message.text() {
        "1" => Answer::Nack,
        _ => Answer::Ack,
    });
    let handles = send_all(&publisher, 3).await;
    let flush = || publisher.flush(Duration::from_secs(10));
    let (one, other) = tokio::join!(flush(), flush());
    for report in [one, other] {
        assert_eq!((report.confirmed, report.failed, report.pending), (2, 1, 0));
    }
    assert!(handles.iter().all(PublishHandle::is_ended));
    assert_eq!(flush().await, steadfast_amqp::FlushReport::default());
}

/// A broker may take up messages on different channels in any order.
#[tokio::test]
async fn where_each_has_a_channel_to_itself_the_next_waits_for_the_answer() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    broker.on_publish(|_, _| Answer::Nothing);
    let mut handles = Vec::new();
    for number in 0..3_u32 {
        let message = Message::new("new", "q", number.to_string());
        handles.push(publisher.send(message).await.unwrap());
    }
    until("one was sent", || broker.received().len() == 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(numbers(&broker), [0]);
}

#[tokio::test]
async fn a_message_on_a_channel_of_its_own_waits_for_the_answers_to_those_before_it() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    publisher.publish(Message::new("", "q", "0")).await.unwrap();
    broker.on_publish(|message, _| match message.text() {
        "3" => Answer::AckMultiple,
        "4" => Answer::Ack,
        _ => Answer::Nothing,
    });
    let message = |number: u32| Message::new("", "q", number.to_string());
    for number in 1..3 {
        let id = format!("id of {number}");
        drop(
            publisher
                .send(message(number).message_id(id))
                .await
                .unwrap(),
        );
    }
    // Its id is that of one in flight.
    let twin = message(4).message_id("id of 1");
    let twin = publisher.send(twin).await.unwrap();
    let later = publisher.send(message(5)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(numbers(&broker), [0, 1, 2]);
    // It does not wait, and has the others answered.
    publisher.publish(message(3)).await.unwrap();
    twin.await.unwrap();
    until("all were sent", || broker.received().len() == 6).await;
    assert_eq!(numbers(&broker), [0, 1, 2, 3, 4, 5]);
    drop(later);
}

#[tokio::test]
async fn an_exchange_that_is_slow_to_answer_holds_up_no_other() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.on_publish(|message, _| match &*message.exchange {
        "slow" => Answer::Nothing,
        _ => Answer::Ack,
    });
    let publisher = connection.publisher();
    let mut slow = Vec::new();
    for exchange in ["slow", "", "quick", "slow", "", "quick"] {
        let message = Message::new(exchange, "q", "1").deadline(Duration::from_secs(60));
        let handle = publisher.send(message).await.unwrap();
        match exchange {
            "slow" => slow.push(handle),
            _ => {
                timeout(Duration::from_secs(5), handle)
                    .await
                    .unwrap()
                    .unwrap();
            }
        }
    }
    assert!(slow.iter().all(|handle| !handle.is_ended()));
}
