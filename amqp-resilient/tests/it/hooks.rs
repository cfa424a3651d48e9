//! Code of the user's that sets up each new channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use steadfast_amqp::lapin::options::{BasicQosOptions, QueueDeclareOptions};
use steadfast_amqp::lapin::types::FieldTable;
use steadfast_amqp::{
    AmqpError, Builder, HookFailure, Message, PublishError, Purpose, ResilientConnection,
};
use tokio::time::timeout;

use crate::broker::{Command, FakeBroker, Reply, until};
use crate::support::quick;

/// What a hook does when it is called for the n-th time, from 0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    SetQos,
    Fail,
    Panic,
    /// Panics before there is a future.
    PanicAtOnce,
    Hang,
    /// Declares a queue.
    Declare,
    /// Declares a queue, and does not mind if it cannot.
    DeclareIfPossible,
}

/// A connection with one channel per purpose, and how often its hook was called.
async fn hooked(
    broker: &FakeBroker,
    act: impl Fn(usize) -> Act + Send + Sync + 'static,
) -> (ResilientConnection, Arc<AtomicUsize>) {
    hooked_by(quick(broker.uri()), act).await
}

async fn hooked_by(
    builder: Builder,
    act: impl Fn(usize) -> Act + Send + Sync + 'static,
) -> (ResilientConnection, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let connection = builder
        .max_channels(1)
        .on_channel(move |channel, _| {
            let act = act(counted.fetch_add(1, Ordering::SeqCst));
            assert!(act != Act::PanicAtOnce, "at once");
            Box::pin(async move {
                match act {
                    Act::SetQos => channel.basic_qos(7, BasicQosOptions::default()).await?,
                    Act::Fail => return Err("not today".into()),
                    Act::Panic => panic!("out of {}", "order"),
                    Act::Hang => std::future::pending().await,
                    Act::Declare => {
                        let options = QueueDeclareOptions::durable();
                        let arguments = FieldTable::default();
                        channel
                            .queue_declare("q".into(), options, arguments)
                            .await?;
                    }
                    Act::DeclareIfPossible => {
                        let options = QueueDeclareOptions::durable();
                        let arguments = FieldTable::default();
                        let declared = channel.queue_declare("q".into(), options, arguments);
                        let _ = declared.await;
                    }
                    Act::PanicAtOnce => unreachable!("it has"),
                }
                Ok(())
            })
        })
        .connect()
        .await
        .unwrap();
    (connection, calls)
}

/// For what hangs: short enough to be waited for, and long enough for what does not on a busy machine.
fn hurried(broker: &FakeBroker) -> Builder {
    quick(broker.uri())
        .channel_timeout(Duration::from_secs(1))
        .checkout_timeout(Duration::from_secs(30))
}

fn failure(error: &AmqpError) -> &HookFailure {
    match error {
        AmqpError::ChannelHook { failure, .. } => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_channel_is_set_up_once_and_given_out_again_as_it_was_set_up() {
    let broker = FakeBroker::start().await;
    let (connection, calls) = hooked(&broker, |_| Act::SetQos).await;
    for _ in 0..5 {
        let channel = connection.get_channel("work").await.unwrap();
        assert_eq!(channel.status().qos().prefetch_count, Some(7));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let pool = &connection.snapshot().pools[0];
    assert_eq!((pool.opened, pool.reused), (1, 4));

    // Set to something else, it is not what the next caller expects.
    let channel = connection.get_channel("work").await.unwrap();
    channel
        .basic_qos(8, BasicQosOptions::default())
        .await
        .unwrap();
    drop(channel);
    let channel = connection.get_channel("work").await.unwrap();
    assert_eq!(channel.status().qos().prefetch_count, Some(7));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_hook_is_told_what_the_channel_is_for_and_publishers_have_one_too() {
    let broker = FakeBroker::start().await;
    let purposes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&purposes);
    let connection = quick(broker.uri())
        .on_channel(move |channel, purpose| {
            let confirm = channel.status().confirm();
            told.lock().push((purpose.clone(), confirm));
            Box::pin(async { Ok(()) })
        })
        .connect()
        .await
        .unwrap();
    connection.get_channel(Purpose::Consume).await.unwrap();
    connection.get_channel("imports").await.unwrap();
    let publisher = connection.publisher_builder("bills").build().unwrap();
    publisher.publish(Message::new("", "q", "x")).await.unwrap();
    connection.probe(Duration::from_secs(5)).await.unwrap();
    assert_eq!(
        *purposes.lock(),
        [
            (Purpose::Consume, false),
            (Purpose::Named("imports".into()), false),
            (Purpose::Publish, true),
        ]
    );
}

#[tokio::test]
async fn a_hook_that_fails_costs_the_channel_and_nothing_else() {
    let broker = FakeBroker::start().await;
    for bad in [Act::Fail, Act::Panic, Act::PanicAtOnce, Act::Hang] {
        let act = move |call| if call < 3 { bad } else { Act::SetQos };
        let builder = match bad {
            Act::Hang => hurried(&broker),
            _ => quick(broker.uri()),
        };
        let (connection, _) = hooked_by(builder, act).await;
        for _ in 0..3 {
            let error = connection.get_channel("work").await.unwrap_err();
            let text = error.to_string();
            match (bad, failure(&error)) {
                (Act::Fail, HookFailure::Failed(_)) => {
                    assert_eq!(text, "hook for new channels (work) failed: not today");
                    assert!(std::error::Error::source(&error).is_some());
                }
                (Act::Panic, HookFailure::Panicked(words)) => assert_eq!(words, "out of order"),
                (Act::PanicAtOnce, HookFailure::Panicked(words)) => assert_eq!(words, "at once"),
                (Act::Hang, HookFailure::TimedOut { .. }) => {}
                (_, other) => panic!("{other:?}"),
            }
            assert_eq!(error.error_type(), "channel_hook");
            let panicked = matches!(failure(&error), HookFailure::Panicked(_));
            assert_eq!(
                (error.is_retryable(), error.is_permanent()),
                (!panicked, panicked)
            );
        }
        until("their channels are closed", || broker.channels() == 0).await;
        // The one place that there is was given back each time.
        let channel = connection.get_channel("work").await.unwrap();
        assert_eq!(channel.epoch().number(), 1);
        let pool = &connection.snapshot().pools[0];
        assert_eq!((pool.opened, pool.discarded, pool.bulkhead.busy), (4, 3, 1));
        drop((channel, connection));
        until("the connection is gone", || broker.live() == 0).await;
    }
}

#[tokio::test]
async fn what_the_broker_refuses_to_a_hook_does_not_cost_the_connection() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|_| Reply::CloseChannel(406));
    let (connection, _) = hooked(&broker, |_| Act::Declare).await;
    for _ in 0..200 {
        let error = connection.get_channel("work").await.unwrap_err();
        assert!(
            matches!(failure(&error), HookFailure::Failed(_)),
            "{error:?}"
        );
        assert!(error.to_string().contains("as the test says"), "{error}");
        assert!(!error.is_retryable());
    }
    until("all are closed", || broker.channels() == 0).await;
    assert_eq!(
        (broker.accepted(), connection.epoch().unwrap().number()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_channel_that_a_hook_left_closed_is_given_to_nobody() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|_| Reply::CloseChannel(406));
    let (connection, _) = hooked(&broker, |_| Act::DeclareIfPossible).await;
    let error = connection.get_channel("work").await.unwrap_err();
    assert!(
        matches!(failure(&error), HookFailure::ChannelClosed),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "hook for new channels (work) left the channel closed"
    );
    let publisher = connection.publisher();
    let publish = publisher.publish(Message::new("", "q", "x"));
    let error = publish.await.unwrap_err();
    assert!(!error.may_be_delivered());

    broker.on_declare(|_| Reply::Ok);
    connection.get_channel("work").await.unwrap();
    assert_eq!(connection.epoch().unwrap().number(), 1);
}

#[tokio::test]
async fn a_publish_whose_channel_cannot_be_set_up_was_never_sent() {
    let broker = FakeBroker::start().await;
    let (connection, _) = hooked(&broker, |call| match call {
        0 => Act::Panic,
        _ => Act::SetQos,
    })
    .await;
    let publisher = connection.publisher();
    let error = publisher
        .publish(Message::new("", "q", "x"))
        .await
        .unwrap_err();
    assert!(!error.may_be_delivered());
    let PublishError::Amqp(error) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(failure(&error), HookFailure::Panicked(_)));
    assert!(broker.received().is_empty());
    publisher.publish(Message::new("", "q", "y")).await.unwrap();
    assert_eq!(broker.received().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_lost_under_a_hook_is_waited_for() {
    let broker = FakeBroker::start().await;
    broker.on_declare({
        let mut first = true;
        move |_| {
            if std::mem::take(&mut first) {
                Reply::HangUp
            } else {
                Reply::Ok
            }
        }
    });
    let (connection, calls) = hooked(&broker, |_| Act::Declare).await;
    let channel = connection.get_channel("work").await.unwrap();
    assert_eq!(channel.epoch().number(), 2);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_alarm_under_a_hook_is_waited_out() {
    let broker = Arc::new(FakeBroker::start().await);
    let alarmed = Arc::clone(&broker);
    broker.on_declare(move |_| {
        alarmed.command(Command::Block);
        Reply::Nothing
    });
    let (connection, calls) = hooked_by(hurried(&broker), |_| Act::Declare).await;
    let waiting = tokio::spawn({
        let connection = connection.clone();
        async move { connection.get_channel("work").await.map(drop) }
    });
    until("the first has given up", || {
        connection
            .snapshot()
            .pools
            .first()
            .is_some_and(|pool| pool.discarded == 1)
    })
    .await;
    assert!(connection.state().is_blocked());
    broker.on_declare(|_| Reply::Ok);
    broker.command(Command::Unblock);
    waiting.await.unwrap().unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn callers_that_go_away_under_a_hook_lose_no_place_and_leave_no_channel() {
    let broker = FakeBroker::start().await;
    let (connection, calls) = hooked(&broker, |call| match call {
        0..50 => Act::Hang,
        _ => Act::SetQos,
    })
    .await;
    for call in 1..=50 {
        let checkout = connection.get_channel("work");
        let called = until("the hook is called", || {
            calls.load(Ordering::SeqCst) == call
        });
        tokio::select! {
            _ = checkout => panic!("the hook hangs"),
            () = called => {}
        }
    }
    let held = timeout(Duration::from_secs(5), connection.get_channel("work"));
    let held = held.await.unwrap().unwrap();
    until("the others are closed", || broker.channels() == 1).await;
    assert_eq!(connection.epoch().unwrap().number(), 1);
    drop(held);
}

#[tokio::test]
async fn going_away_while_the_broker_refuses_what_the_hook_asked_does_not_cost_the_connection() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|_| Reply::CloseChannel(406));
    let (connection, _) = hooked(&broker, |_| Act::Declare).await;
    for round in 0..1_000_u64 {
        let wait = Duration::from_micros(round % 100 * 10);
        let _ = timeout(wait, connection.get_channel("work")).await;
    }
    until("all are closed", || broker.channels() == 0).await;
    connection.probe(Duration::from_secs(5)).await.unwrap();
    assert_eq!(
        (broker.accepted(), connection.epoch().unwrap().number()),
        (1, 1)
    );
    assert_eq!(connection.bulkhead("work").snapshot().busy, 0);
}

#[tokio::test]
async fn a_hook_may_use_the_connection_that_calls_it() {
    let broker = FakeBroker::start().await;
    let slot: Arc<Mutex<Option<ResilientConnection>>> = Arc::default();
    let own = Arc::clone(&slot);
    let connection = quick(broker.uri())
        .on_channel(move |_, purpose| {
            let connection = own.lock().clone().unwrap();
            let nested = *purpose == Purpose::Admin;
            Box::pin(async move {
                assert!(connection.state().is_connected());
                if nested {
                    connection.get_channel("other").await?;
                }
                Ok(())
            })
        })
        .connect()
        .await
        .unwrap();
    *slot.lock() = Some(connection.clone());
    let checkouts = (0..5).map(|_| connection.get_channel(Purpose::Admin));
    assert!(join_all(checkouts).await.iter().all(Result::is_ok));
    slot.lock().take();
}
