//! Connecting, being refused, losing the connection, coming back.

mod spacing;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{
    AmqpError, ConnectStep, ConnectionState, Message, Observer, Purpose, RefusedKind,
    ResilientConnection, StateChange,
};
use steadfast_breaker::State as BreakerState;

use crate::broker::{Answer, Command, FakeBroker, Welcome, until};
use crate::support::{connected, now, quick};

#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<&'static str>>>);

impl Observer for Names {
    fn state_changed(&self, change: &StateChange) {
        self.0.lock().push(change.to.name());
    }
}

/// The numbers of the attempts.
#[derive(Clone, Default)]
struct Attempts(Arc<Mutex<Vec<u32>>>);

impl Observer for Attempts {
    fn state_changed(&self, change: &StateChange) {
        if let ConnectionState::Connecting { attempt } = change.to {
            self.0.lock().push(attempt);
        }
    }
}

#[tokio::test]
async fn connects_and_counts_the_first_epoch() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    assert!(connection.state().is_connected());
    assert_eq!(connection.epoch().map(|epoch| epoch.number()), Some(1));
    let snapshot = connection.snapshot();
    assert_eq!(
        (snapshot.totals.attempts, snapshot.totals.connected),
        (1, 1)
    );
    assert_eq!(snapshot.down_for, Duration::ZERO);
}

#[tokio::test]
async fn a_lazy_connection_finds_the_broker_when_it_comes_up() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    until("an attempt has failed", || {
        connection.snapshot().totals.failed > 2
    })
    .await;
    broker.come_up().await;
    let epoch = connection
        .wait_connected(Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(epoch.number(), 1);
}

#[tokio::test]
async fn connect_gives_up_after_the_connect_timeout_with_the_last_error() {
    let broker = FakeBroker::start_down().await;
    let began = now();
    let error = quick(broker.uri())
        .connect_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(3));
    let AmqpError::Disconnected {
        last: Some(last), ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(matches!(**last, AmqpError::Connect { .. }), "{last:?}");
    broker.come_up().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(broker.accepted(), 0, "nothing goes on in the background");
}

#[tokio::test]
async fn comes_back_after_a_lost_connection_with_a_new_epoch() {
    let broker = FakeBroker::start().await;
    let names = Names::default();
    let connection = quick(broker.uri())
        .observer(names.clone())
        .connect()
        .await
        .unwrap();
    for epoch in 2..=4 {
        broker.hang_up();
        until("there is a new connection", || {
            connection.epoch().is_some_and(|now| now.number() == epoch)
        })
        .await;
    }
    assert_eq!(connection.snapshot().totals.lost, 3);
    until("the old connections are gone", || broker.live() == 1).await;
    let cycle = ["connecting", "connected", "disconnected"];
    let names = names.0.lock().clone();
    let expected: Vec<_> = cycle.iter().copied().cycle().take(names.len()).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn comes_back_after_the_broker_closed_the_connection() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    // 200 is the code of a polite close, which lapin does not announce.
    for (code, epoch) in [(320, 2), (200, 3)] {
        broker.command(Command::Close(code));
        until("there is a new connection", || {
            connection.epoch().is_some_and(|now| now.number() == epoch)
        })
        .await;
    }
    let last = connection.snapshot().last_error.unwrap();
    assert!(matches!(*last, AmqpError::Lapin(_)));

    // 403 is a channel's code elsewhere; the broker's words are kept all the same.
    broker.command(Command::Close(403));
    until("there is a new connection", || {
        connection.epoch().is_some_and(|now| now.number() == 4)
    })
    .await;
    let last = connection.snapshot().last_error.unwrap().to_string();
    assert!(last.contains("ACCESS-REFUSED"), "{last}");
}

#[tokio::test]
async fn a_broker_that_hangs_up_during_the_handshake_is_tried_again() {
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::HangUp);
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    until("an attempt has failed", || {
        connection.snapshot().totals.failed > 1
    })
    .await;
    let last = connection.snapshot().last_error.unwrap();
    assert!(matches!(*last, AmqpError::Connect { .. }), "{last:?}");
    broker.welcome(Welcome::Accept);
    until("there is a connection", || {
        connection.state().is_connected()
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_a_state_of_its_own_and_not_a_storm() {
    let broker = FakeBroker::start().await;
    let refusals = [
        (Welcome::Refuse(403), RefusedKind::Auth),
        (Welcome::RefuseVhost(530), RefusedKind::Vhost),
        (Welcome::Babble, RefusedKind::Protocol),
    ];
    for (welcome, expected) in refusals {
        broker.welcome(welcome);
        let before = broker.accepted();
        let connection = quick(broker.uri())
            .max_backoff(Duration::from_secs(60))
            .connect_lazy()
            .unwrap();
        let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
        assert!(
            matches!(error, AmqpError::Refused { kind, .. } if kind == expected),
            "{welcome:?}: {error:?}"
        );
        assert_eq!(
            connection.state(),
            ConnectionState::Refused { kind: expected }
        );
        let wait = connection.snapshot().retry_in.unwrap();
        // From four fifths of `max_backoff` to all of it, less what has passed since.
        let longest = Duration::from_secs(60);
        assert!(
            wait > Duration::from_secs(40) && wait <= longest,
            "{wait:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(broker.accepted() - before, 1, "{welcome:?}");
    }
}

#[tokio::test]
async fn connect_reports_a_refusal_at_once() {
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::Refuse(403));
    let began = now();
    let error = quick(broker.uri()).connect().await.unwrap_err();
    assert!(error.is_permanent(), "{error}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_refused_connection_heals_when_the_broker_changes_its_mind() {
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::Refuse(403));
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    until("the broker has refused", || {
        connection.snapshot().totals.refused > 0
    })
    .await;
    broker.welcome(Welcome::Accept);
    until("there is a connection", || {
        connection.state().is_connected()
    })
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_peer_that_says_nothing_costs_no_thread_and_no_connection() {
    if !crate::support::is_alone(
        "connecting::a_peer_that_says_nothing_costs_no_thread_and_no_connection",
    ) {
        return;
    }
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::Silence);
    let connection = quick(broker.uri())
        .connect_timeout(Duration::from_millis(50))
        .failure_threshold(100)
        .connect_lazy()
        .unwrap();
    until("ten handshakes were given up", || {
        connection.snapshot().totals.failed >= 10
    })
    .await;
    let last = connection.snapshot().last_error.unwrap();
    let step = ConnectStep::Handshake;
    assert!(matches!(*last, AmqpError::ConnectTimeout { step: s, .. } if s == step));
    assert!(
        crate::support::lapin_threads() <= 2,
        "the one under way, and one that ends"
    );
    assert!(broker.live() <= 2);
    drop(connection);
    until("the last thread has ended", || {
        crate::support::lapin_threads() == 0
    })
    .await;
    until("the last connection has ended", || broker.live() == 0).await;
}

#[tokio::test]
async fn a_broker_that_falls_silent_is_given_up_after_two_heartbeats() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri())
        .heartbeat(Duration::from_secs(1))
        .connect()
        .await
        .unwrap();
    broker.freeze();
    let began = now();
    until("the loss is noticed", || {
        connection.snapshot().totals.lost == 1
    })
    .await;
    assert!(
        began.elapsed() > Duration::from_millis(1_500),
        "{:?}",
        began.elapsed()
    );
    until("there is a new connection", || {
        connection.state().is_connected()
    })
    .await;
    let last = connection.snapshot().last_error.unwrap();
    assert!(last.to_string().contains("heartbeat"), "{last}");
}

#[tokio::test]
async fn a_probe_tells_a_live_broker_from_a_dead_one() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    connection.probe(Duration::from_secs(2)).await.unwrap();
    until("the probe's channel is closed", || broker.channels() == 0).await;

    broker.ignore_channel_opens(1);
    let error = connection
        .probe(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(
        matches!(error, AmqpError::ChannelTimeout { .. }),
        "{error:?}"
    );

    broker.go_down().await;
    until("the loss is noticed", || !connection.state().is_connected()).await;
    let began = now();
    let error = connection.probe(Duration::from_secs(60)).await.unwrap_err();
    assert!(
        matches!(
            error,
            AmqpError::Disconnected { .. } | AmqpError::CircuitOpen { .. }
        ),
        "{error:?}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it waits for none"
    );
}

#[tokio::test]
async fn every_subscriber_sees_the_state_and_a_panicking_observer_hurts_nobody() {
    struct Panics;
    impl Observer for Panics {
        fn state_changed(&self, _: &StateChange) {
            panic!("an observer of the test");
        }
    }
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri()).observer(Panics).connect_lazy().unwrap();
    let mut receivers: Vec<_> = (0..3).map(|_| connection.subscribe()).collect();
    for receiver in &mut receivers {
        receiver
            .wait_for(ConnectionState::is_connected)
            .await
            .unwrap();
    }
    broker.hang_up();
    for receiver in &mut receivers {
        let back = |state: &ConnectionState| state.epoch().is_some_and(|e| e.number() == 2);
        receiver.wait_for(back).await.unwrap();
    }
    assert!(connection.snapshot().observer_panics >= 2);
}

#[cfg(any(feature = "rustls", feature = "native-tls", feature = "openssl"))]
#[tokio::test]
async fn a_peer_that_knows_no_tls_is_refused_and_a_silent_one_times_out() {
    let broker = FakeBroker::start().await;
    let uri = broker.uri().replace("amqp://", "amqps://");
    broker.welcome(Welcome::Babble);
    let error = quick(&uri).connect().await.unwrap_err();
    assert!(
        matches!(
            error,
            AmqpError::Refused {
                kind: RefusedKind::Tls,
                ..
            }
        ),
        "{error:?}"
    );

    broker.welcome(Welcome::Silence);
    let error = quick(&uri)
        .connect_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap_err();
    let last = std::error::Error::source(&error).map(ToString::to_string);
    assert!(
        last.is_none_or(|last| last.contains("no answer in the TLS handshake")),
        "{error:?}"
    );
    until("the connection is gone", || broker.live() == 0).await;
}

/// lapin drops what happens before anybody listens for its events.
#[tokio::test]
async fn an_alarm_that_comes_with_the_connection_is_known() {
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::AcceptBlocked);
    for _ in 0..20 {
        let connection = quick(broker.uri()).connect_lazy().unwrap();
        until("it is blocked", || connection.state().is_blocked()).await;
        broker.command(Command::Unblock);
        until("the alarm is over", || connection.state().is_connected()).await;
        assert_eq!(connection.snapshot().totals.blocked, 1);
        connection.close(Duration::ZERO).await;
    }
}
