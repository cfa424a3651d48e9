//! Publishes that are dropped at any point, and thousands at once.

use std::future::poll_fn;
use std::task::Poll;

use futures_util::FutureExt;

use super::*;

/// Polls a future so many times at most, with time in between for what it waits for.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..times {
        if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    None
}

async fn settles(connection: &steadfast_amqp::ResilientConnection) {
    until("nothing is held", || {
        let snapshot = connection.snapshot();
        let publishers = snapshot.publishers.iter();
        publishers.fold(true, |none, it| {
            none && it.held == 0
                && it.held_bytes == 0
                && it.bulkhead.busy + it.bulkhead.waiting == 0
        })
    })
    .await;
}

#[tokio::test]
async fn a_publish_dropped_after_any_number_of_polls_leaves_nothing() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    for answer in [
        Answer::Ack,
        Answer::Return,
        Answer::Nothing,
        Answer::CloseChannel(404),
    ] {
        broker.on_publish(move |_, _| answer);
        for exchange in ["", "other"] {
            for polls in 0..12 {
                let publisher = connection.publisher();
                let message = || Message::new(exchange, "q", "x").deadline(Duration::from_secs(5));
                let publishes = (0..4).map(|_| polled(publisher.publish(message()), polls));
                join_all(publishes).await;
                let sends = (0..4).map(|_| polled(publisher.send(message()), polls));
                let handles: Vec<_> = join_all(sends).await.into_iter().flatten().collect();
                if answer != Answer::Nothing {
                    for handle in handles {
                        let _ = handle.unwrap().await;
                    }
                }
            }
        }
    }
    broker.on_publish(|_, _| Answer::Ack);
    settles(&connection).await;
    connection
        .publisher()
        .publish(Message::new("", "q", "last"))
        .await
        .unwrap();
    assert_eq!(connection.epoch().unwrap().number(), 1);
    let totals = connection.snapshot().publishes;
    let ended = totals.confirmed + totals.returned + totals.failed + totals.ambiguous;
    // Four publishes and four sends, for each of 4 x 2 x 12; a send that was never polled is none.
    assert!(
        (700..=769).contains(&(ended + totals.abandoned)),
        "{totals:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_at_once_get_their_own_answers() {
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
    let callers = (0..10_000_u32).map(|number| {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            let message = Message::new("", "q", number.to_string());
            let result = if number % 2 == 0 {
                publisher.publish(message).await
            } else {
                publisher.send(message).await.unwrap().await
            };
            match (number % 3, result) {
                (0, Err(PublishError::Returned(message))) => {
                    assert_eq!(message.body, number.to_string().into_bytes());
                }
                (1, Err(PublishError::Nacked { .. })) | (2, Ok(_)) => {}
                (_, other) => panic!("{number}: {other:?}"),
            }
        })
    });
    for caller in join_all(callers).await {
        caller.unwrap();
    }
    settles(&connection).await;
    assert_eq!(broker.received().len(), 10_000);
}

#[tokio::test]
async fn a_loop_of_sends_lets_others_run() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    let ran = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let ran = Arc::clone(&ran);
        async move { ran.store(true, Ordering::SeqCst) }
    });
    for _ in 0..1_000 {
        drop(publisher.send(Message::new("", "q", "x")).await.unwrap());
    }
    assert!(ran.load(Ordering::SeqCst));
    other.now_or_never().unwrap().unwrap();
}

/// Nothing may come between the look whether the connection is blocked and the hand-over.
#[tokio::test]
async fn a_message_is_handed_over_at_once_by_a_task_that_has_used_up_its_turn() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let publisher = connection.publisher();
    warm_up(&publisher).await;
    tokio::spawn(async move {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        (0..1_000).for_each(|number| sender.send(number).unwrap());
        while receiver.recv().now_or_never().is_some() {}
        assert!(!tokio::task::coop::has_budget_remaining());
        let publish = publisher.publish(Message::new("", "q", "x"));
        assert!(publish.now_or_never().is_none());
    })
    .await
    .unwrap();
    until("it was sent", || broker.received().len() == 2).await;
}
