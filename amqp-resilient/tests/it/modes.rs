//! What the modes of the connection's circuit breaker do.

use std::time::Duration;

use steadfast_amqp::{AmqpError, Purpose, ResilientConnection};
use steadfast_breaker::{Mode, State as BreakerState};

use crate::broker::{FakeBroker, until};
use crate::support::quick;

const HOUR: Duration = Duration::from_secs(3600);

/// A connection whose attempts are held back: the broker hung up on it while the breaker was forced
/// open.
async fn held_back(
    broker: &FakeBroker,
    force: impl Fn(&ResilientConnection),
) -> ResilientConnection {
    let builder = quick(broker.uri()).max_backoff(HOUR);
    let connection = builder.connect().await.unwrap();
    force(&connection);
    assert!(connection.state().is_connected(), "it leaves it alone");
    broker.hang_up();
    until("the next attempt is held back", || {
        connection.breaker().snapshot().totals.rejected > 0 && !connection.state().is_connected()
    })
    .await;
    connection
}

async fn comes_back(connection: &ResilientConnection) {
    until("there is a new connection", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
}

#[tokio::test]
async fn a_breaker_that_is_no_longer_forced_open_is_noticed_at_once() {
    let broker = FakeBroker::start().await;
    for end in [Mode::Automatic, Mode::Disabled, Mode::Shadow] {
        let force = |connection: &ResilientConnection| {
            let breaker = connection.breaker();
            breaker.set_mode_for(Mode::ForcedOpen, "the broker is being moved", HOUR);
        };
        let connection = held_back(&broker, force).await;
        let attempts = connection.snapshot().totals.attempts;
        let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
        assert!(matches!(error, AmqpError::CircuitOpen { .. }), "{error:?}");
        assert!(error.retry_after().is_some_and(|wait| wait > HOUR / 2));
        assert_eq!(connection.snapshot().totals.attempts, attempts);

        connection.breaker().set_mode(end, "it has been moved");
        comes_back(&connection).await;
    }
}

#[tokio::test]
async fn a_reset_ends_what_was_forced_without_an_end() {
    let broker = FakeBroker::start().await;
    let force = |connection: &ResilientConnection| {
        connection.breaker().set_mode(Mode::ForcedOpen, "drill");
    };
    let connection = held_back(&broker, force).await;
    connection.breaker().reset();
    comes_back(&connection).await;
    assert_eq!(connection.breaker().state(), BreakerState::Closed);
}

#[tokio::test]
async fn callers_wait_for_the_connection_while_a_breaker_in_shadow_mode_is_open() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri())
        .failure_threshold(1)
        .open_for(HOUR)
        .connect_lazy()
        .unwrap();
    connection.breaker().set_mode(Mode::Shadow, "trying it out");
    until("the breaker would reject", || {
        connection.breaker().snapshot().totals.would_reject > 0
    })
    .await;
    assert_eq!(connection.breaker().state(), BreakerState::Open);
    let waiting = connection.clone();
    let waiting = tokio::spawn(async move { waiting.get_channel(Purpose::Admin).await.map(drop) });
    until("the caller has its place", || {
        connection.bulkhead(Purpose::Admin).snapshot().busy == 1
    })
    .await;
    broker.come_up().await;
    waiting.await.unwrap().unwrap();
    assert_eq!(connection.breaker().state(), BreakerState::Open);
}
