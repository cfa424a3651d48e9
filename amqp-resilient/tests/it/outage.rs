//! An hour without a broker. The clock is paused for it: as long as every connection is refused there is no
//! socket that it could overtake. It runs again before the broker comes.

use std::time::Duration;

use steadfast_amqp::{AmqpError, Builder, Message, Purpose, ResilientConnection};
use steadfast_breaker::State as BreakerState;
use tokio::time::{pause, resume, sleep};

use crate::broker::FakeBroker;
use crate::support::now;

const HOUR: Duration = Duration::from_secs(3_600);
const FAILURE_THRESHOLD: u64 = 5;

fn patient(broker: &FakeBroker) -> Builder {
    ResilientConnection::builder("outage").uri(broker.uri())
}

/// Lets an hour pass, and tells how many attempts there were.
async fn an_hour(connection: &ResilientConnection) -> u64 {
    pause();
    sleep(HOUR).await;
    let snapshot = connection.snapshot();
    assert!(snapshot.down_for >= HOUR, "{:?}", snapshot.down_for);
    let last = snapshot.last_error.unwrap();
    assert!(matches!(*last, AmqpError::Connect { .. }), "{last:?}");
    assert_eq!(connection.breaker().state(), BreakerState::Open);
    snapshot.totals.attempts
}

#[tokio::test]
async fn an_hour_of_refused_connections_is_no_storm_and_ends_with_the_outage() {
    const CAP: Duration = Duration::from_secs(1);
    let broker = FakeBroker::start_down().await;
    let connection = patient(&broker).max_backoff(CAP).connect_lazy().unwrap();
    let publisher = connection.publisher();
    let waiting = tokio::spawn(async move {
        let message = Message::new("", "q", "patience").deadline(2 * HOUR);
        publisher.publish(message).await
    });

    let attempts = an_hour(&connection).await;
    // The breaker lets one attempt through each time that it has been open for as long as the longest
    // backoff, and the backoff after that adds as much again at most.
    let budget = FAILURE_THRESHOLD + HOUR.as_secs() / CAP.as_secs() + 1;
    let least = HOUR.as_secs() / (2 * CAP.as_secs());
    assert!((least..=budget).contains(&attempts), "{attempts}");
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    assert!(matches!(error, AmqpError::CircuitOpen { .. }), "{error:?}");

    resume();
    broker.come_up().await;
    let began = now();
    let at_most = 2 * CAP + Duration::from_secs(1);
    connection.wait_connected(at_most).await.unwrap();
    let published = waiting.await.unwrap().unwrap();
    assert!(began.elapsed() <= at_most, "{:?}", began.elapsed());
    assert_eq!(
        (published.attempts, published.possibly_duplicated),
        (1, false)
    );
    assert_eq!(broker.received().len(), 1);
}

#[tokio::test]
async fn an_hour_by_default_is_a_few_hundred_attempts() {
    const OPEN_FOR: u64 = 5;
    const MAX_BACKOFF: u64 = 30;
    let broker = FakeBroker::start_down().await;
    let connection = patient(&broker).connect_lazy().unwrap();
    let attempts = an_hour(&connection).await;
    let budget = FAILURE_THRESHOLD + HOUR.as_secs() / OPEN_FOR + 1;
    let least = HOUR.as_secs() / (OPEN_FOR + MAX_BACKOFF);
    assert!((least..=budget).contains(&attempts), "{attempts}");
}
