//! What comes between attempts to connect: the backoff and the circuit breaker.

use super::*;

#[tokio::test]
async fn the_breaker_opens_after_failures_in_a_row_and_fails_callers_fast() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri())
        .failure_threshold(3)
        .open_for(Duration::from_secs(60))
        .connect_lazy()
        .unwrap();
    until("the breaker is open", || {
        connection.breaker().state() == BreakerState::Open
    })
    .await;
    let began = now();
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(matches!(error, AmqpError::CircuitOpen { .. }), "{error:?}");
    assert!(
        error
            .retry_after()
            .is_some_and(|wait| wait > Duration::from_secs(50))
    );
    assert_eq!(connection.snapshot().totals.attempts, 3);
}

#[tokio::test]
async fn a_connection_that_never_lasts_opens_the_breaker_too() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::HangUp);
    let connection = quick(broker.uri())
        .failure_threshold(3)
        .open_for(Duration::from_secs(60))
        .connect()
        .await
        .unwrap();
    let message = Message::new("", "q", "x").deadline(Duration::from_secs(4));
    let error = connection.publisher().publish(message).await.unwrap_err();
    assert!(error.may_be_delivered());
    assert_eq!(connection.breaker().state(), BreakerState::Open);
    assert_eq!(broker.accepted(), 3);
}

#[tokio::test]
async fn answers_about_messages_and_channels_do_not_touch_the_breaker() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .failure_threshold(1)
        .connect()
        .await
        .unwrap();
    let publisher = connection.publisher();
    for answer in [Answer::Nack, Answer::Return, Answer::CloseChannel(404)] {
        broker.on_publish(move |_, _| answer);
        publisher
            .publish(Message::new("", "q", "x"))
            .await
            .unwrap_err();
    }
    let before = connection.breaker().snapshot();
    assert_eq!(before.totals.failure, 0);
    assert_eq!(connection.epoch().map(|epoch| epoch.number()), Some(1));
}

/// While the breaker is half open it waits for an attempt that may take as long as the connect timeout.
#[tokio::test]
async fn callers_fail_fast_while_a_silent_broker_is_tried_again() {
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::Silence);
    let connection = quick(broker.uri())
        .connect_timeout(Duration::from_secs(3))
        .checkout_timeout(Duration::from_secs(60))
        .failure_threshold(1)
        .connect_lazy()
        .unwrap();
    let again = ConnectionState::Connecting { attempt: 2 };
    until("the breaker tries again", || connection.state() == again).await;
    let began = now();
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    assert!(matches!(error, AmqpError::CircuitOpen { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(error.retry_after().unwrap() > Duration::ZERO);
    assert_eq!(connection.state(), again);
}

/// Else a thousand clients of one broker would come back in the same instant.
#[tokio::test]
async fn even_the_first_attempt_after_a_loss_waits_at_random() {
    let broker = FakeBroker::start().await;
    let hour = Duration::from_secs(3_600);
    let mut connections = Vec::new();
    for _ in 0..4 {
        let builder = quick(broker.uri()).base_backoff(hour).max_backoff(hour);
        connections.push(builder.connect().await.unwrap());
    }
    let stable = |it: &ResilientConnection| it.breaker().snapshot().totals.success == 1;
    until("all are stable", || connections.iter().all(stable)).await;
    broker.hang_up();
    let mut waits = Vec::new();
    for connection in connections {
        until("an attempt is planned", || {
            connection.snapshot().retry_in.is_some()
        })
        .await;
        let snapshot = connection.snapshot();
        assert_eq!(snapshot.state, ConnectionState::Disconnected);
        assert_eq!(snapshot.totals.attempts, 1);
        // To the minute: the share of the hour that is left to chance.
        waits.push(snapshot.retry_in.unwrap().as_secs() / 60);
    }
    assert!(waits.iter().all(|wait| *wait < 60), "{waits:?}");
    waits.dedup();
    assert!(waits.len() > 1, "{waits:?}");
}

#[tokio::test]
async fn attempts_are_numbered_since_the_connection_last_was_stable() {
    let broker = FakeBroker::start().await;
    let attempts = Attempts::default();
    let builder = quick(broker.uri()).observer(attempts.clone());
    let connection = builder.connect().await.unwrap();
    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    assert_eq!(*attempts.0.lock(), [1, 2], "the first was not stable");
    until("it is stable", || {
        connection.breaker().snapshot().totals.success == 1
    })
    .await;
    broker.go_down().await;
    until("attempts have failed", || attempts.0.lock().len() > 3).await;
    assert_eq!(attempts.0.lock()[..4], [1, 2, 1, 2]);
}
