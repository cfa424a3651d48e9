//! A healthy broker: does each message, channel and login get its own answer?

use std::time::Duration;

use futures_util::future::join_all;
use steadfast_amqp::{AmqpError, Message, PublishError, Purpose, RefusedKind, ResilientConnection};
use steadfast_breaker::State;
use steadfast_testkit::RabbitNode;

use crate::objections::{a_full_vhost_is_no_refusal_for_good, an_ack_of_nothing_costs_one_channel};
use crate::rotation::a_rotated_password_heals_and_is_refreshed;
use crate::support::{brisk, declare, delete, std_now, take_all, until};

#[tokio::test(flavor = "multi_thread")]
async fn every_message_channel_and_login_gets_its_own_answer() {
    let node = RabbitNode::start().await.unwrap();
    let connection = brisk("answers", &node).connect().await.unwrap();
    a_confirmed_message_is_in_the_queue(&connection).await;
    rejected_and_accepted_messages_are_never_swapped(&connection).await;
    exactly_the_unroutable_messages_come_back(&connection).await;
    a_missing_exchange_costs_one_channel_and_nothing_else(&connection).await;
    the_121st_checkout_is_turned_away(&connection).await;
    closing_all_connections_by_hand_is_survived(&node, &connection).await;
    #[cfg(feature = "telemetry")]
    crate::traces::a_message_carries_its_trace_to_the_consumer(&node).await;
    a_refused_login_is_no_storm_and_heals(&node).await;
    an_unknown_vhost_is_refused(&node).await;
    a_full_vhost_is_no_refusal_for_good(&node).await;
    an_ack_of_nothing_costs_one_channel(&node).await;
    a_rotated_password_heals_and_is_refreshed(&node).await;
    connection.close(Duration::from_secs(5)).await;
}

async fn a_confirmed_message_is_in_the_queue(connection: &ResilientConnection) {
    declare(connection, "plain", &[]).await;
    let published = connection
        .publisher()
        .publish(Message::new("", "plain", "hello"))
        .await
        .unwrap();
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (1, false)
    );
    let bodies = take_all(connection, "plain").await;
    assert_eq!(
        bodies.into_iter().collect::<Vec<_>>(),
        [("hello".to_owned(), 1)]
    );
    delete(connection, "plain").await;
}

/// A full queue that rejects, and one that takes, from 32 tasks at once.
async fn rejected_and_accepted_messages_are_never_swapped(connection: &ResilientConnection) {
    const PER_TASK: u32 = 300;
    let full = [("x-max-length", "1"), ("x-overflow", "reject-publish")];
    declare(connection, "full", &full).await;
    declare(connection, "open", &[]).await;
    let publisher = connection.publisher();
    while publisher
        .publish(Message::new("", "full", "stone"))
        .await
        .is_ok()
    {}

    let began = std_now();
    let tasks = (0..32_u32).map(|task| {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            let queue = if task % 2 == 0 { "full" } else { "open" };
            let mut swaps = 0;
            for number in 0..PER_TASK {
                let message = Message::new("", queue, format!("{task}-{number}"));
                match (queue, publisher.publish(message).await) {
                    ("full", Err(PublishError::Nacked { .. })) | ("open", Ok(_)) => {}
                    ("full", Ok(_)) | ("open", Err(PublishError::Nacked { .. })) => swaps += 1,
                    (_, other) => panic!("{other:?}"),
                }
            }
            swaps
        })
    });
    let swaps: u32 = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    report("F6", 32 * PER_TASK, began.elapsed(), swaps);
    assert_eq!(swaps, 0);
    assert_eq!(
        take_all(connection, "open").await.len(),
        16 * PER_TASK as usize
    );
    delete(connection, "full").await;
    delete(connection, "open").await;
}

/// Every third message to a queue that is not there, from 8 tasks at once.
async fn exactly_the_unroutable_messages_come_back(connection: &ResilientConnection) {
    const PER_TASK: u32 = 600;
    declare(connection, "there", &[("x-queue-type", "quorum")]).await;
    let publisher = connection.publisher();
    let began = std_now();
    let tasks = (0..8_u32).map(|task| {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            let mut wrong = 0;
            for number in 0..PER_TASK {
                let queue = if number % 3 == 0 { "nowhere" } else { "there" };
                let body = format!("{task}-{number}");
                let answer = publisher.publish(Message::new("", queue, &*body)).await;
                match (queue, answer) {
                    ("nowhere", Err(PublishError::Returned(message))) => {
                        wrong += u32::from(message.body != body.into_bytes());
                    }
                    ("there", Ok(_)) => {}
                    (_, Ok(_) | Err(PublishError::Returned(_))) => wrong += 1,
                    (_, other) => panic!("{other:?}"),
                }
            }
            wrong
        })
    });
    let wrong: u32 = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    report("F7", 8 * PER_TASK, began.elapsed(), wrong);
    assert_eq!(wrong, 0);
    assert_eq!(take_all(connection, "there").await.len(), 8 * 400);
    delete(connection, "there").await;
}

async fn a_missing_exchange_costs_one_channel_and_nothing_else(connection: &ResilientConnection) {
    declare(connection, "there", &[]).await;
    let publisher = connection.publisher();
    let good = (0..20).map(|_| publisher.publish(Message::new("", "there", "good")));
    let bad = (0..20).map(|_| publisher.publish(Message::new("no-such-exchange", "q", "bad")));
    let (good, bad) = tokio::join!(join_all(good), join_all(bad));
    assert!(good.iter().all(Result::is_ok));
    for result in bad {
        let error = result.unwrap_err();
        let PublishError::Amqp(AmqpError::ChannelClosed { code: 404, .. }) = error else {
            panic!("{error:?}");
        };
    }
    assert_eq!(connection.epoch().map(|epoch| epoch.number()), Some(1));
    assert_eq!(connection.breaker().snapshot().totals.failure, 0);
    delete(connection, "there").await;
}

async fn the_121st_checkout_is_turned_away(connection: &ResilientConnection) {
    let held = join_all((0..20).map(|_| connection.get_channel("work"))).await;
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let began = std_now();
                (
                    connection.get_channel("work").await.map(drop),
                    began.elapsed(),
                )
            })
        })
        .collect();
    let bulkhead = connection.bulkhead("work");
    until("a hundred wait", Duration::from_secs(5), || {
        bulkhead.snapshot().waiting == 100
    })
    .await;
    let began = std_now();
    let error = connection.get_channel("work").await.unwrap_err();
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
    assert!(matches!(
        error,
        AmqpError::PoolFull {
            concurrent: 20,
            waiting: 100
        }
    ));
    println!("F12: the 121st was turned away after {:?}", began.elapsed());
    for waiter in waiting {
        let (result, waited) = waiter.await.unwrap();
        assert!(matches!(result, Err(AmqpError::CheckoutTimeout { .. })));
        assert!(
            waited >= Duration::from_secs(5) && waited < Duration::from_secs(6),
            "{waited:?}"
        );
    }
    drop(held);
    connection.get_channel("work").await.unwrap();
    assert_eq!(bulkhead.snapshot().busy, 0);
}

async fn closing_all_connections_by_hand_is_survived(
    node: &RabbitNode,
    connection: &ResilientConnection,
) {
    declare(connection, "there", &[]).await;
    let publisher = connection.publisher();
    let publishing = tokio::spawn(async move {
        let mut confirmed = 0;
        loop {
            match publisher
                .publish(Message::new("", "there", format!("{confirmed}")))
                .await
            {
                Ok(published) if published.epoch.number() > 1 => return confirmed + 1,
                Ok(_) => confirmed += 1,
                Err(error) => panic!("{error}"),
            }
        }
    });
    node.ctl(&["close_all_connections", "as the test says"])
        .await
        .unwrap();
    let confirmed = publishing.await.unwrap();
    let last = connection.snapshot().last_error.unwrap();
    assert!(last.to_string().contains("CONNECTION-FORCED"), "{last}");
    assert_eq!(take_all(connection, "there").await.len(), confirmed);
    delete(connection, "there").await;
}

async fn a_refused_login_is_no_storm_and_heals(node: &RabbitNode) {
    let uri = node.uri().replace("guest:guest", "late:secret");
    let connection = brisk("late", node)
        .uri(uri)
        .max_backoff(Duration::from_secs(3))
        .connect_lazy()
        .unwrap();
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    let kind = RefusedKind::Auth;
    assert!(
        matches!(error, AmqpError::Refused { kind: k, .. } if k == kind),
        "{error:?}"
    );
    let began = std_now();
    node.ctl(&["add_user", "late", "secret"]).await.unwrap();
    node.ctl(&["set_permissions", "late", ".*", ".*", ".*"])
        .await
        .unwrap();
    let connected = || connection.state().is_connected();
    until("it is let in", Duration::from_secs(20), connected).await;
    let attempts = connection.snapshot().totals.attempts;
    let allowed = began.elapsed().as_secs() / 3 + 2;
    println!(
        "F13: {attempts} attempts in {:?}, max backoff 3 s",
        began.elapsed()
    );
    assert!(
        attempts <= allowed,
        "{attempts} attempts in {:?}",
        began.elapsed()
    );
    assert_eq!(connection.breaker().state(), State::Closed);
}

async fn an_unknown_vhost_is_refused(node: &RabbitNode) {
    let uri = node.uri().replace("%2f", "nowhere");
    let error = brisk("lost", node).uri(uri).connect().await.unwrap_err();
    assert!(
        matches!(
            error,
            AmqpError::Refused {
                kind: RefusedKind::Vhost,
                ..
            }
        ),
        "{error:?}"
    );
}

fn report(name: &str, messages: u32, took: Duration, wrong: u32) {
    let rate = f64::from(messages) / took.as_secs_f64();
    println!("{name}: {messages} messages, {rate:.0} per s, {wrong} wrong answers");
}
