//! Ends.

use std::time::Duration;

use steadfast_amqp::{AmqpError, ConnectionState, Message, PublishError, Purpose};
use tokio::time::timeout;

use crate::broker::{Answer, Command, FakeBroker, Welcome, until};
use crate::support::{connected, now, quick};

#[tokio::test]
async fn closing_says_goodbye_and_refuses_what_comes_after() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    connection
        .publisher()
        .publish(Message::new("", "q", "x"))
        .await
        .unwrap();
    let report = connection.close(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(connection.state(), ConnectionState::Closed);
    until("the connection is gone", || broker.live() == 0).await;

    let error = connection.get_channel("work").await.unwrap_err();
    assert!(matches!(error, AmqpError::Closed));
    let error = connection
        .publisher()
        .publish(Message::new("", "q", "x"))
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Amqp(AmqpError::Closed)));
    let again = connection.close(Duration::from_secs(5)).await;
    assert_eq!(again, report);
    assert_eq!(broker.accepted(), 1);
}

/// lapin closes it by itself, and when the goodbye came in between it took the connection for broken.
#[tokio::test]
async fn a_channel_that_was_dropped_just_before_does_not_cost_the_goodbye() {
    let broker = FakeBroker::start().await;
    for _ in 0..10 {
        let builder = quick(broker.uri()).one_connection(true);
        let connection = builder.connect().await.unwrap();
        drop(connection.get_channel(Purpose::Consume).await.unwrap());
        let mine = connection.get_channel("work").await.unwrap().into_inner();
        drop(mine);
        let report = connection.close(Duration::from_secs(5)).await;
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn closing_lets_what_is_in_flight_finish() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let channel = connection.get_channel("work").await.unwrap();
    let closing = tokio::spawn({
        let connection = connection.clone();
        async move { connection.close(Duration::from_secs(5)).await }
    });
    until("it is draining", || {
        connection.state() == ConnectionState::Draining
    })
    .await;
    assert!(channel.status().connected());
    assert!(!closing.is_finished());
    drop(channel);
    let report = timeout(Duration::from_secs(2), closing)
        .await
        .unwrap()
        .unwrap();
    assert!(report.is_clean());
}

#[tokio::test]
async fn closing_ends_with_the_grace_whatever_is_in_flight() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::Nothing);
    let connection = connected(&broker).await;
    let channel = connection.get_channel("work").await.unwrap();
    let publisher = connection.publisher();
    let publish = tokio::spawn(async move { publisher.publish(Message::new("", "q", "x")).await });
    until("it was sent", || broker.received().len() == 1).await;

    let began = now();
    let report = connection.close(Duration::from_millis(300)).await;
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!((report.abandoned, report.is_clean()), (2, false));
    let error = publish.await.unwrap().unwrap_err();
    assert!(error.may_be_delivered(), "{error:?}");
    until("the connection is gone", || broker.live() == 0).await;
    drop(channel);
}

#[tokio::test]
async fn closing_a_blocked_connection_is_bounded_and_leaves_nothing() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let began = now();
    let report = connection.close(Duration::from_millis(200)).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(!report.graceful, "nobody heard the goodbye");
    until("the connection is gone", || broker.live() == 0).await;
}

#[tokio::test]
async fn closing_while_the_broker_is_down_is_immediate() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    until("an attempt has failed", || {
        connection.snapshot().totals.failed > 0
    })
    .await;
    let began = now();
    let report = connection.close(Duration::from_secs(30)).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(report.is_clean());
    broker.come_up().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(broker.accepted(), 0);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let clone = connection.clone();
    let publisher = connection.publisher();
    let channel = connection.get_channel("work").await.unwrap();
    drop((connection, clone, publisher));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(broker.live(), 1, "a channel is out");
    drop(channel);
    until("the connection is gone", || broker.live() == 0).await;
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_attempts() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    until("an attempt has failed", || {
        connection.snapshot().totals.failed > 0
    })
    .await;
    drop(connection);
    tokio::time::sleep(Duration::from_millis(50)).await;
    broker.come_up().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(broker.accepted(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_the_last_handle_during_a_handshake_leaves_nothing() {
    if !crate::support::is_alone(
        "closing::dropping_the_last_handle_during_a_handshake_leaves_nothing",
    ) {
        return;
    }
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::Silence);
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    until("the handshake has begun", || broker.live() == 1).await;
    drop(connection);
    until("the connection is gone", || broker.live() == 0).await;
    until("the thread has ended", || {
        crate::support::lapin_threads() == 0
    })
    .await;
}

#[test]
fn a_runtime_that_goes_away_takes_the_connection_with_it() {
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    let broker = elsewhere.block_on(FakeBroker::start());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = runtime.block_on(connected(&broker));
    drop(runtime);
    elsewhere.block_on(until("the connection is gone", || broker.live() == 0));
    assert_eq!(connection.state(), ConnectionState::Closed);
    let error = elsewhere
        .block_on(connection.get_channel("work"))
        .unwrap_err();
    assert!(matches!(error, AmqpError::Closed));
    let began = now();
    elsewhere.block_on(connection.close(Duration::from_secs(5)));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn closing_again_with_less_grace_ends_sooner_even_if_the_broker_hangs() {
    let broker = FakeBroker::start().await;
    for held in [true, false] {
        let connection = connected(&broker).await;
        let channel = connection.get_channel("work").await.unwrap();
        let mut channel = Some(channel).filter(|_| held);
        broker.freeze();
        let patient = tokio::spawn({
            let connection = connection.clone();
            async move { connection.close(Duration::from_secs(60)).await }
        });
        until("it is draining", || {
            connection.state() == ConnectionState::Draining
        })
        .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let began = now();
        let report = connection.close(Duration::ZERO).await;
        assert!(
            began.elapsed() < Duration::from_millis(900),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(connection.state(), ConnectionState::Closed);
        assert_eq!(patient.await.unwrap(), report);
        assert!(!report.graceful);
        channel.take();
    }
}

#[tokio::test]
async fn dropping_the_last_handle_does_not_wait_for_the_grace_of_a_close_before() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let mut states = connection.subscribe();
    broker.freeze();
    let closing = connection.close(Duration::from_secs(60));
    assert!(timeout(Duration::from_millis(50), closing).await.is_err());
    drop(connection);
    let closed = states.wait_for(ConnectionState::is_closed);
    timeout(Duration::from_secs(3), closed)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn closing_does_not_wait_for_what_is_in_flight_on_a_connection_that_is_gone() {
    let broker = FakeBroker::start().await;
    for lost_before in [true, false] {
        let connection = connected(&broker).await;
        let held = connection.get_channel("work").await.unwrap();
        if lost_before {
            broker.go_down().await;
            until("it is lost", || connection.epoch().is_none()).await;
        }
        let began = now();
        let closing = tokio::spawn({
            let connection = connection.clone();
            async move { connection.close(Duration::from_secs(60)).await }
        });
        if lost_before {
            broker.come_up().await;
        } else {
            let draining = || connection.state() == ConnectionState::Draining;
            until("it is draining", draining).await;
            broker.hang_up();
        }
        let report = closing.await.unwrap();
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(report.abandoned, 1);
        drop(held);
    }
}

#[tokio::test]
async fn nothing_is_taken_on_from_the_moment_at_which_it_was_told_to_close() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let consuming = connection.consuming();
    let soon = Duration::from_secs(5);
    consuming.wait_connected(soon).await.unwrap();
    let held = connection.get_channel("work").await.unwrap();
    let closing = connection.close(soon);
    let mut closing = std::pin::pin!(closing);
    assert!(futures_util::poll!(&mut closing).is_pending());
    for purpose in [Purpose::Admin, Purpose::Consume] {
        let checkout = connection.get_channel(purpose);
        let at_once = futures_util::FutureExt::now_or_never(checkout);
        assert!(matches!(at_once, Some(Err(AmqpError::Closed))));
    }
    drop(held);
    assert!(closing.await.is_clean());
}
