//! A broker that is there and does nothing: frozen, or short of memory.

use std::time::Duration;

use futures_util::future::join_all;
use steadfast_amqp::{Message, PublishError, Purpose, ResilientConnection};
use steadfast_testkit::RabbitNode;

use crate::separate::a_consumer_goes_on_acknowledging_in_an_alarm;
use crate::support::{THREADS, brisk, declare, std_now, take_all, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_nothing_makes_nobody_wait_for_ever() {
    let _threads = THREADS.lock().await;
    let node = RabbitNode::start().await.unwrap();
    let connection = brisk("hardship", &node)
        .heartbeat(Duration::from_secs(4))
        .connect_timeout(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    declare(&connection, "work", &[]).await;
    an_alarm_blocks_publishers_and_loses_nothing(&node, &connection).await;
    a_full_disk_blocks_publishers_too(&node, &connection).await;
    a_consumer_goes_on_acknowledging_in_an_alarm(&node).await;
    a_frozen_broker_is_noticed_and_bounded(&node, &connection).await;
}

async fn an_alarm_blocks_publishers_and_loses_nothing(
    node: &RabbitNode,
    connection: &ResilientConnection,
) {
    node.memory_alarm(true).await.unwrap();
    let publisher = connection
        .publisher_builder("alarm")
        .deadline(Duration::from_millis(1_500))
        .confirm_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let tasks = (0..8).map(|task| {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            let mut results = Vec::new();
            for number in 0..3 {
                let body = format!("{task}-{number}");
                let began = std_now();
                let result = publisher.publish(Message::new("", "work", &*body)).await;
                assert!(
                    began.elapsed() < Duration::from_millis(2_500),
                    "{:?}",
                    began.elapsed()
                );
                results.push((body, result));
            }
            results
        })
    });
    let results: Vec<_> = join_all(tasks)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    assert!(connection.state().is_blocked());
    let began = std_now();
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    assert_eq!(error.error_type(), "blocked");
    assert!(began.elapsed() < Duration::from_secs(6));

    node.memory_alarm(false).await.unwrap();
    let up = || connection.state().is_connected();
    until("the alarm is over", Duration::from_secs(10), up).await;
    let last = Message::new("", "work", "after").deadline(Duration::from_secs(10));
    publisher.publish(last).await.unwrap();
    let found = take_all(connection, "work").await;
    let mut counts = [0; 3];
    for (body, result) in &results {
        match result {
            Ok(_) => {
                assert!(found.contains_key(body), "{body} was confirmed");
                counts[0] += 1;
            }
            Err(PublishError::Blocked { .. }) => {
                assert!(!found.contains_key(body), "{body} was said not to be sent");
                counts[1] += 1;
            }
            Err(PublishError::Ambiguous { .. }) => counts[2] += 1,
            Err(other) => panic!("{body}: {other:?}"),
        }
    }
    let [confirmed, blocked, ambiguous] = counts;
    println!("F5: {confirmed} confirmed, {blocked} blocked, {ambiguous} ambiguous, of 24");
    assert!(blocked >= 16, "all but the first of each task");
    assert_eq!(connection.snapshot().totals.lost, 0);
}

async fn a_full_disk_blocks_publishers_too(node: &RabbitNode, connection: &ResilientConnection) {
    let limit = |limit| async move { node.ctl(&["set_disk_free_limit", limit]).await.unwrap() };
    limit("900000GB").await;
    let publisher = connection.publisher();
    // RabbitMQ tells a connection when it publishes.
    let held = Message::new("", "work", "held").deadline(Duration::from_secs(30));
    let held = publisher.send(held).await.unwrap();
    let blocked = || connection.state().is_blocked();
    until("it is blocked", Duration::from_secs(10), blocked).await;
    let hasty = Message::new("", "work", "hasty").deadline(Duration::from_millis(300));
    let error = publisher.publish(hasty).await.unwrap_err();
    let PublishError::Blocked { reason, .. } = error else {
        panic!("{error:?}");
    };
    assert!(reason.contains("disk"), "{reason}");
    limit("1MB").await;
    held.await.unwrap();
    let found = take_all(connection, "work").await;
    assert!(found.contains_key("held") && !found.contains_key("hasty"));
}

async fn a_frozen_broker_is_noticed_and_bounded(
    node: &RabbitNode,
    connection: &ResilientConnection,
) {
    let publisher = connection.publisher();
    publisher
        .publish(Message::new("", "work", "warm"))
        .await
        .unwrap();
    node.freeze();
    let began = std_now();
    let publish = tokio::spawn(async move {
        let message = Message::new("", "work", "frozen").deadline(Duration::from_secs(60));
        publisher.publish(message).await
    });
    let checkout = connection.get_channel("work");
    let (checkout, noticed) = tokio::join!(checkout, async {
        let down = || !connection.state().is_connected();
        until("the loss is noticed", Duration::from_secs(12), down).await
    });
    checkout.unwrap_err();
    println!("F4: noticed after {noticed:.2?} with a heartbeat of 4 s");
    assert!(noticed <= Duration::from_millis(8_500), "{noticed:?}");

    // Ten seconds of attempts against a broker that accepts connections and says nothing.
    while began.elapsed() < Duration::from_secs(20) {
        let asked = std_now();
        connection.get_channel("work").await.unwrap_err();
        assert!(
            asked.elapsed() < Duration::from_millis(5_500),
            "{:?}",
            asked.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Two of this one, and up to three of a story beside it, which kills its broker.
        assert!(lapin_threads() <= 5, "{}", lapin_threads());
    }
    println!(
        "F4: {} attempts to connect so far",
        connection.snapshot().totals.attempts
    );
    node.thaw();
    let up = || connection.state().is_connected();
    let back = until("it is back", Duration::from_secs(10), up).await;
    println!("F4: connected {back:.2?} after the broker was thawed");
    assert!(back <= Duration::from_secs(3), "{back:?}");
    let published = publish.await.unwrap().unwrap();
    assert!(published.possibly_duplicated);
    assert!(take_all(connection, "work").await.contains_key("frozen"));
}

fn lapin_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin-io"))
        .count()
}
