//! A connection that is made anew while everybody publishes: is anything that was confirmed lost, and does the
//! broker see an orderly end?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast_amqp::Message;
use steadfast_testkit::RabbitNode;

use crate::support::{brisk, declare, take_all, until};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_confirmed_is_lost_over_reconnections_and_the_broker_hears_a_goodbye() {
    const TASKS: u64 = 8;
    let node = RabbitNode::start().await.unwrap();
    let connection = brisk("anew", &node).connect().await.unwrap();
    declare(&connection, "work", &[]).await;
    let publisher = connection.publisher();
    let over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (publisher, over) = (publisher.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut confirmed = Vec::new();
                let mut number = 0_u64;
                while !over.load(Ordering::Relaxed) {
                    let body = format!("{task}-{number}");
                    let message = Message::new("", "work", &*body);
                    let message = message.deadline(Duration::from_secs(30));
                    publisher.publish(message).await.unwrap();
                    confirmed.push(body);
                    number += 1;
                }
                confirmed
            })
        })
        .collect();
    let confirmed = || connection.snapshot().publishes.confirmed;
    for round in 1..=5 {
        let before = confirmed();
        let goes_on = || confirmed() > before + 10 * TASKS;
        until("it goes on", Duration::from_secs(30), goes_on).await;
        assert!(connection.reconnect("an exercise"));
        let is_new = || {
            connection
                .epoch()
                .is_some_and(|epoch| epoch.number() == round + 1)
        };
        until("it is a new one", Duration::from_secs(30), is_new).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    let found = take_all(&connection, "work").await;
    let lost: Vec<_> = all
        .iter()
        .filter(|body| !found.contains_key(*body))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    let totals = connection.snapshot().totals;
    assert_eq!(
        (totals.reconnects_asked, totals.lost, totals.failed),
        (5, 0, 0)
    );
    assert!(connection.close(Duration::from_secs(5)).await.is_clean());
    // Of one that hangs up without a word it warns.
    let log = node.log();
    let ends = |level: &str| {
        let lines = log.lines();
        let of_ours = lines
            .filter(|line| line.contains("closing AMQP connection") && line.contains("- anew"));
        of_ours.filter(|line| line.contains(level)).count()
    };
    assert_eq!(ends("[warning]"), 0, "{log}");
    assert!(ends("[info]") >= 5, "{log}");
    println!("confirmed {} over 5 reconnections", all.len());
}
