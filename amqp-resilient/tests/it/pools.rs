//! Channels checked out and given back.

use std::time::Duration;

use futures_util::future::join_all;
use steadfast_amqp::lapin::options::{BasicQosOptions, ConfirmSelectOptions};
use steadfast_amqp::{AmqpError, Message, Purpose};
use tokio::time::timeout;

use crate::broker::{Answer, Command, FakeBroker, until};
use crate::support::{connected, now, quick};

#[tokio::test]
async fn a_channel_goes_back_and_is_given_out_again() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    for _ in 0..10 {
        let channel = connection.get_channel(Purpose::Admin).await.unwrap();
        assert!(channel.is_current());
    }
    assert_eq!(broker.channels_opened(), 1);
    let pool = &connection.snapshot().pools[0];
    assert_eq!((pool.idle, pool.opened, pool.reused), (1, 1, 9));
}

#[tokio::test]
async fn the_121st_is_turned_away_at_once_and_the_waiting_time_out() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .checkout_timeout(Duration::from_secs(3))
        .connect()
        .await
        .unwrap();
    let held = join_all((0..20).map(|_| connection.get_channel(Purpose::Publish))).await;
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(broker.channels(), 20);

    let began = now();
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move { connection.get_channel(Purpose::Publish).await })
        })
        .collect();
    until("a hundred wait", || {
        connection.bulkhead(Purpose::Publish).snapshot().waiting == 100
    })
    .await;
    let asked = now();
    let error = connection.get_channel(Purpose::Publish).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_millis(500));
    let full = AmqpError::PoolFull {
        concurrent: 20,
        waiting: 100,
    };
    assert_eq!(error.to_string(), full.to_string());

    for waiter in waiting {
        let error = waiter.await.unwrap().unwrap_err();
        assert!(
            matches!(error, AmqpError::CheckoutTimeout { .. }),
            "{error:?}"
        );
    }
    assert!(began.elapsed() >= Duration::from_secs(3));
    // Another purpose has channels of its own.
    connection.get_channel(Purpose::Admin).await.unwrap();
    drop(held);
    connection.get_channel(Purpose::Publish).await.unwrap();
}

#[tokio::test]
async fn a_broken_channel_never_comes_back_to_a_caller() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::CloseChannel(404));
    let connection = connected(&broker).await;
    let channel = connection.get_channel("work").await.unwrap();
    let broken = channel.id();
    let _ = channel
        .basic_publish(
            "".into(),
            "q".into(),
            Default::default(),
            b"x",
            Default::default(),
        )
        .await;
    until("the channel is closed", || !channel.status().connected()).await;
    assert!(!channel.is_current());
    drop(channel);
    let channel = connection.get_channel("work").await.unwrap();
    assert!(channel.status().connected(), "the broken one was {broken}");
    assert_eq!(broker.channels_opened(), 2);
}

#[tokio::test]
async fn a_channel_of_an_earlier_epoch_never_comes_back_to_a_caller() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let idle = connection.get_channel("work").await.unwrap();
    let held = connection.get_channel("work").await.unwrap();
    drop(idle);
    broker.hang_up();
    until("the connection is back", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    assert_eq!(connection.snapshot().pools[0].idle, 0, "it was let go of");
    assert!(!held.is_current());
    drop(held);
    for _ in 0..3 {
        let channel = connection.get_channel("work").await.unwrap();
        assert_eq!(channel.epoch().number(), 2);
        assert!(channel.is_current());
    }
}

#[tokio::test]
async fn a_channel_that_was_set_up_for_something_is_not_given_to_the_next() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;

    let channel = connection.get_channel("work").await.unwrap();
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .unwrap();
    drop(channel);
    let channel = connection.get_channel("work").await.unwrap();
    assert!(!channel.status().confirm());
    channel
        .basic_qos(10, BasicQosOptions::default())
        .await
        .unwrap();
    drop(channel);
    connection.get_channel("work").await.unwrap();
    assert_eq!(broker.channels_opened(), 3);

    // A consumer may still live on a channel for consuming.
    drop(connection.get_channel(Purpose::Consume).await.unwrap());
    drop(connection.get_channel(Purpose::Consume).await.unwrap());
    assert_eq!(broker.channels_opened(), 5);
    until("those are closed", || broker.channels() == 1).await;
}

#[tokio::test]
async fn letting_go_of_a_channel_while_the_broker_closes_it_does_not_cost_the_connection() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::CloseChannel(404));
    let connection = connected(&broker).await;
    for _ in 0..500 {
        let channel = connection.get_channel("work").await.unwrap();
        let publish = channel.basic_publish(
            "".into(),
            "q".into(),
            Default::default(),
            b"x",
            Default::default(),
        );
        publish.await.unwrap();
        channel.discard();
    }
    until("all are closed", || broker.channels() == 0).await;
    connection.probe(Duration::from_secs(5)).await.unwrap();
    assert_eq!(connection.epoch().map(|epoch| epoch.number()), Some(1));
    assert_eq!(broker.accepted(), 1);
}

#[tokio::test]
async fn discarding_closes_and_taking_out_frees_the_place() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri()).max_channels(1).connect().await.unwrap();
    connection.get_channel("work").await.unwrap().discard();
    until("it is closed", || broker.channels() == 0).await;
    let mine = connection.get_channel("work").await.unwrap().into_inner();
    let another = connection.get_channel("work").await.unwrap();
    assert_ne!(mine.id(), another.id());
    assert!(mine.status().connected());
}

#[tokio::test]
async fn a_checkout_waits_for_the_connection_within_its_timeout() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri())
        .failure_threshold(1_000)
        .checkout_timeout(Duration::from_secs(5))
        .connect_lazy()
        .unwrap();
    let waiting = tokio::spawn({
        let connection = connection.clone();
        async move { connection.get_channel("work").await }
    });
    until("an attempt has failed", || {
        connection.snapshot().totals.failed > 0
    })
    .await;
    broker.come_up().await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_checkout_from_a_broker_that_stays_away_ends_in_time() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri())
        .failure_threshold(1_000)
        .checkout_timeout(Duration::from_millis(200))
        .connect_lazy()
        .unwrap();
    let checkout = connection.get_channel("work");
    let error = timeout(Duration::from_secs(2), checkout)
        .await
        .unwrap()
        .unwrap_err();
    assert!(matches!(error, AmqpError::Disconnected { .. }), "{error:?}");
}

#[tokio::test]
async fn a_checkout_from_a_broker_that_opens_no_channel_ends_in_time() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .checkout_timeout(Duration::from_secs(1))
        .connect()
        .await
        .unwrap();
    broker.ignore_channel_opens(1);
    let error = connection.get_channel("work").await.unwrap_err();
    assert!(
        matches!(error, AmqpError::ChannelTimeout { .. }),
        "{error:?}"
    );
    connection.get_channel("work").await.unwrap();
}

#[tokio::test]
async fn a_checkout_on_a_blocked_connection_waits_for_the_end_of_the_alarm() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .checkout_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap();
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let error = connection.get_channel("work").await.unwrap_err();
    assert!(
        matches!(&error, AmqpError::Blocked { reason, .. } if reason == "low on memory"),
        "{error:?}"
    );
    broker.command(Command::Unblock);
    until("it is not blocked", || connection.state().is_connected()).await;
    connection.get_channel("work").await.unwrap();
}

#[tokio::test]
async fn ten_thousand_cancelled_checkouts_lose_no_place() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri()).max_channels(4).connect().await.unwrap();
    for round in 0..10_000_u64 {
        let wait = Duration::from_micros(round % 50);
        let _ = timeout(wait, connection.get_channel("work")).await;
    }
    let held = join_all((0..4).map(|_| connection.get_channel("work"))).await;
    assert!(held.iter().all(Result::is_ok));
    let snapshot = connection.bulkhead("work").snapshot();
    assert_eq!((snapshot.busy, snapshot.waiting), (4, 0));
    until("no channel was left behind", || broker.channels() == 4).await;
}

/// lapin answers a channel with the error over which an earlier one of the same number was closed.
#[tokio::test]
async fn errors_of_earlier_channels_do_not_use_up_the_connection() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::CloseChannel(404));
    let uri = format!("{}?channel_max=5", broker.uri());
    let connection = quick(uri).connect().await.unwrap();
    let publisher = connection.publisher();
    for round in 0..40 {
        let error = publisher
            .publish(Message::new("nowhere", "q", "x"))
            .await
            .unwrap_err();
        assert_eq!(error.error_type(), "channel_closed", "{round}: {error:?}");
        let channel = connection.get_channel("work").await.unwrap();
        channel.discard();
    }
    let epoch = connection.epoch().unwrap().number();
    assert!(epoch > 1, "five numbers were not enough for forty errors");
    assert!(epoch <= 20, "each connection is good for a few: {epoch}");
    // Errors of channels never count.
    assert_eq!(connection.breaker().snapshot().totals.failure, 0);
}

/// Whoever had a channel when the alarm came, and lost it with the connection, is in line again.
#[tokio::test]
async fn a_checkout_ends_in_time_though_its_channel_was_lost_in_an_alarm() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .max_channels(1)
        .checkout_timeout(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    drop(connection.get_channel("work").await.unwrap());
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    let checkout = || {
        let connection = connection.clone();
        tokio::spawn(async move {
            let began = now();
            let result = connection.get_channel("work").await;
            (result, began.elapsed())
        })
    };
    let first = checkout();
    let bulkhead = connection.bulkhead("work");
    until("one has the place", || bulkhead.snapshot().busy == 1).await;
    let second = checkout();
    until("one waits for it", || bulkhead.snapshot().waiting == 1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    broker.hang_up();
    let (held, _) = second.await.unwrap();
    let held = held.unwrap();
    let (result, took) = first.await.unwrap();
    let error = result.unwrap_err();
    assert!(
        matches!(error, AmqpError::CheckoutTimeout { .. }),
        "{error:?}"
    );
    assert!(took < Duration::from_millis(2_600), "{took:?}");
    drop(held);
}

#[tokio::test]
async fn a_channel_for_consuming_that_the_broker_closes_as_it_is_dropped_costs_nothing_else() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::CloseChannel(404));
    let connection = connected(&broker).await;
    let consuming = connection.consuming();
    for _ in 0..200 {
        let channel = connection.get_channel(Purpose::Consume).await.unwrap();
        let publish = channel.basic_publish(
            "".into(),
            "q".into(),
            Default::default(),
            b"x",
            Default::default(),
        );
        publish.await.unwrap();
        drop(channel);
    }
    until("all are closed", || broker.channels() == 0).await;
    consuming.probe(Duration::from_secs(5)).await.unwrap();
    assert_eq!(consuming.epoch().map(|epoch| epoch.number()), Some(1));
}

#[tokio::test]
async fn a_channel_that_an_alarm_kept_from_being_opened_is_waited_for() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .channel_timeout(Duration::from_secs(1))
        .checkout_timeout(Duration::from_secs(30))
        .connect()
        .await
        .unwrap();
    broker.ignore_channel_opens(1);
    let waiting = tokio::spawn({
        let connection = connection.clone();
        async move { connection.get_channel("work").await }
    });
    // For the request to be on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!waiting.is_finished());
    broker.command(Command::Unblock);
    let channel = waiting.await.unwrap().unwrap();
    assert_eq!(channel.epoch().number(), 1);
}
