//! A broker that does anything at any moment, and what may be said of the messages after that.

use std::collections::HashMap;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use steadfast_amqp::Published;

use super::*;

/// What the broker did with each copy of a message, by id.
type Done = Arc<Mutex<HashMap<String, Vec<Answer>>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_of_a_message_is_true_whatever_the_broker_does() {
    let mut outcomes = HashMap::<_, u32>::new();
    for seed in [1, 2, 3] {
        let broker = Arc::new(FakeBroker::start().await);
        let done = Done::default();
        let (record, mut random) = (Arc::clone(&done), StdRng::seed_from_u64(seed));
        broker.on_publish(move |message, _| {
            let answer = match random.random_range(0..1_000) {
                0..20 => Answer::Return,
                20..40 => Answer::Nack,
                40..50 => Answer::Nothing,
                50..60 => Answer::CloseChannel(406),
                60..62 => Answer::CloseConnection(320),
                62..65 => Answer::HangUp,
                _ => Answer::Ack,
            };
            let mut record = record.lock();
            record
                .entry(message.message_id.clone())
                .or_default()
                .push(answer);
            answer
        });
        let connection = connected(&broker).await;
        let publisher = connection
            .publisher_builder("chaos")
            .confirm_timeout(Duration::from_millis(200))
            .deadline(Duration::from_secs(3))
            .max_in_flight(64)
            .build()
            .unwrap();
        let alarms = tokio::spawn({
            let broker = Arc::clone(&broker);
            async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    broker.command(Command::Block);
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    broker.command(Command::Unblock);
                }
            }
        });
        let publishes = (0..3_000_u32).map(|number| {
            let publisher = publisher.clone();
            async move {
                let id = format!("{seed}-{number}");
                let exchange = if number % 7 == 0 { "other" } else { "" };
                let message = Message::new(exchange, "q", &*id).message_id(&*id);
                let began = now();
                let result = if number % 2 == 0 {
                    publisher.publish(message).await
                } else {
                    publisher.send(message).await.unwrap().await
                };
                assert!(began.elapsed() < Duration::from_secs(8), "{id}");
                (id, result)
            }
        });
        let mut results = stream::iter(publishes).buffer_unordered(200);
        while let Some((id, result)) = results.next().await {
            let copies = done.lock().get(&id).cloned().unwrap_or_default();
            is_true(&id, &result, &copies);
            let outcome = result.map_or_else(|error| error.error_type(), |_| "confirmed");
            *outcomes.entry(outcome).or_default() += 1;
        }
        alarms.abort();
        let now = &connection.snapshot().publishers[0];
        assert_eq!((now.held, now.bulkhead.busy), (0, 0));
    }
    for outcome in [
        "confirmed",
        "returned",
        "nacked",
        "ambiguous",
        "channel_closed",
    ] {
        assert!(outcomes.contains_key(outcome), "{outcome}: {outcomes:?}");
    }
}

fn is_true(id: &str, result: &Result<Published, PublishError>, copies: &[Answer]) {
    let got = |answer: Answer| copies.contains(&answer);
    let true_of_all = match result {
        Ok(published) => {
            got(Answer::Ack)
                && copies.len() <= published.attempts as usize
                && (copies.len() == 1 || published.possibly_duplicated)
        }
        Err(PublishError::Ambiguous { .. }) => true,
        Err(PublishError::Returned(message)) => {
            message.body == id.as_bytes() && copies == [Answer::Return]
        }
        Err(PublishError::Nacked { .. }) => copies == [Answer::Nack],
        Err(PublishError::Amqp(AmqpError::ChannelClosed { .. })) => {
            copies == [Answer::CloseChannel(406)]
        }
        // None of these was sent.
        Err(_) => copies.is_empty(),
    };
    assert!(true_of_all, "{id}: {result:?} of {copies:?}");
}
