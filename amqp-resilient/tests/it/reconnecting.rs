//! Connections that are made anew because somebody has asked for that.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{
    AmqpError, Message, Observer, PublishError, Purpose, Reconnecting, ResilientConnection,
    StateChange,
};
use steadfast_breaker::{Mode, State as BreakerState};

use crate::broker::{Answer, Command, FakeBroker, Welcome, until};
use crate::support::{connected, quick};

const HOUR: Duration = Duration::from_secs(3600);

/// What observers are told, in their order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Observer for Told {
    fn state_changed(&self, change: &StateChange) {
        let error = change.error.as_ref();
        let because = error.map_or_else(String::new, |error| format!(": {error}"));
        self.0.lock().push(format!("{}{because}", change.to.name()));
    }

    fn reconnecting(&self, reconnecting: &Reconnecting) {
        let Reconnecting { name, reason, .. } = reconnecting;
        self.0.lock().push(format!("{name} anew, {reason}"));
    }
}

fn epoch(connection: &ResilientConnection) -> Option<u64> {
    connection.epoch().map(|epoch| epoch.number())
}

/// A connection that would wait for an hour before it tries again.
async fn waiting(broker: &FakeBroker) -> ResilientConnection {
    let connection = quick(broker.uri())
        .base_backoff(HOUR)
        .max_backoff(HOUR)
        .failure_threshold(1000)
        .connect_lazy()
        .unwrap();
    until("it waits", || connection.snapshot().retry_in.is_some()).await;
    connection
}

#[tokio::test]
async fn one_that_is_up_is_closed_in_order_and_made_at_once_and_observers_hear_why() {
    let broker = FakeBroker::start().await;
    let told = Told::default();
    let connection = quick(broker.uri())
        .base_backoff(HOUR)
        .max_backoff(HOUR)
        .observer(told.clone())
        .connect()
        .await
        .unwrap();
    assert!(connection.reconnect("the nodes have moved"));
    until("it is the second", || epoch(&connection) == Some(2)).await;
    assert_eq!(
        told.0.lock()[2..],
        [
            "disconnected: made anew as asked: the nodes have moved",
            "connecting",
            "test anew, the nodes have moved",
            "connected"
        ]
    );
    let snapshot = connection.snapshot();
    let totals = snapshot.totals;
    assert_eq!(
        (totals.reconnects_asked, totals.lost, totals.failed),
        (1, 0, 0)
    );
    assert_eq!(snapshot.breaker.totals.failure, 0);
    assert!(connection.get_channel(Purpose::Admin).await.is_ok());
    until("the first is gone", || broker.live() == 1).await;
}

#[tokio::test]
async fn asking_again_while_it_is_on_its_way_does_nothing() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    assert!(connection.reconnect("once"));
    assert!(!connection.reconnect("twice"));
    until("it is the second", || epoch(&connection) == Some(2)).await;
    assert_eq!(connection.snapshot().totals.reconnects_asked, 1);
    assert!(connection.reconnect("later"), "it was over");
    until("it is the third", || epoch(&connection) == Some(3)).await;
    assert_eq!(broker.accepted(), 3);
    // An attempt that hangs is on its way, too.
    broker.welcome(Welcome::Silence);
    broker.hang_up();
    until("it tries", || connection.state().name() == "connecting").await;
    assert!(!connection.reconnect("in between"));
}

#[tokio::test]
async fn one_that_waits_for_the_next_attempt_tries_now() {
    let broker = FakeBroker::start_down().await;
    let connection = waiting(&broker).await;
    broker.come_up().await;
    assert!(connection.reconnect("the broker is back"));
    until("it is up", || epoch(&connection) == Some(1)).await;
    assert_eq!(connection.snapshot().totals.attempts, 2);
}

#[tokio::test]
async fn one_that_fails_again_waits_again_and_may_be_asked_again() {
    let broker = FakeBroker::start_down().await;
    let connection = waiting(&broker).await;
    for attempts in 2..5 {
        assert!(connection.reconnect("perhaps now"));
        until("it has tried", || {
            let snapshot = connection.snapshot();
            snapshot.totals.failed == attempts && snapshot.retry_in.is_some()
        })
        .await;
    }
    assert_eq!(connection.snapshot().totals.reconnects_asked, 3);
}

#[tokio::test]
async fn an_open_breaker_is_passed_by_and_closes_if_it_works() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri())
        .failure_threshold(1)
        .open_for(HOUR)
        .connect_lazy()
        .unwrap();
    let is_open = || {
        let waits = connection.snapshot().retry_in;
        waits.is_some_and(|wait| wait > Duration::from_secs(60))
    };
    until("it waits for the breaker", is_open).await;
    assert!(connection.reconnect("in vain"));
    until("it has failed", || connection.snapshot().totals.failed == 2).await;
    until("it waits for the breaker again", is_open).await;
    broker.come_up().await;
    assert!(connection.reconnect("the broker is back"));
    until("it is up", || epoch(&connection) == Some(1)).await;
    let closed = || connection.breaker().state() == BreakerState::Closed;
    until("it has proved stable", closed).await;
}

#[tokio::test]
async fn a_breaker_that_was_forced_open_and_a_connection_that_closes_say_no() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    connection.breaker().set_mode(Mode::ForcedOpen, "no");
    assert!(!connection.reconnect("why not"));
    connection.breaker().set_mode(Mode::Automatic, "yes");
    assert_eq!(epoch(&connection), Some(1));
    connection.close(Duration::from_secs(1)).await;
    assert!(!connection.reconnect("too late"));
    assert_eq!(connection.snapshot().totals.reconnects_asked, 0);
}

#[tokio::test]
async fn a_message_in_flight_is_published_again_or_ambiguous_at_its_deadline() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, _| Answer::Nothing);
    let connection = connected(&broker).await;
    let publishing = |message: Message| {
        let publisher = connection.publisher();
        tokio::spawn(async move { publisher.publish(message).await })
    };
    let patient = publishing(Message::new("", "q", "patient"));
    until("it is there", || broker.received().len() == 1).await;
    assert!(connection.reconnect("in between"));
    until("it is there again", || broker.received().len() == 2).await;
    broker.on_publish(|_, _| Answer::Ack);
    assert!(connection.reconnect("once more"));
    assert_eq!(patient.await.unwrap().unwrap().attempts, 3);

    broker.on_publish(|_, _| Answer::Nothing);
    let hasty = Message::new("", "q", "hasty").deadline(Duration::from_millis(500));
    let hasty = publishing(hasty);
    until("it is there", || broker.received().len() == 4).await;
    broker.welcome(Welcome::Silence);
    assert!(connection.reconnect("and now for long"));
    let error = hasty.await.unwrap().unwrap_err();
    assert!(matches!(error, PublishError::Ambiguous { .. }), "{error:?}");
    assert_eq!(connection.snapshot().publishes.republished, 2);
}

#[tokio::test]
async fn a_blocked_connection_is_made_anew_within_the_time_of_a_goodbye() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    assert!(connection.reconnect("another node has memory"));
    until("it is the second", || epoch(&connection) == Some(2)).await;
    assert!(connection.state().is_connected());
}

#[tokio::test]
async fn callers_who_come_meanwhile_wait_for_the_next_connection() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    assert!(connection.reconnect("now"));
    let publisher = connection.publisher();
    for number in 0..20 {
        let body = format!("message {number}");
        publisher
            .publish(Message::new("", "q", body))
            .await
            .unwrap();
    }
    until("it is the second", || epoch(&connection) == Some(2)).await;
    let error = connection.snapshot().last_error.unwrap();
    assert!(matches!(&*error, AmqpError::Reconnect { reason } if &**reason == "now"));
}
