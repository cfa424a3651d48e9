//! Topologies on connections that are lost, blocked or closed meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use steadfast_amqp::lapin::ExchangeKind;
use steadfast_amqp::{AmqpError, Binding, Exchange, Purpose};

use super::{declared, failures, one, report, shop};
use crate::broker::{Command, FakeBroker, Reply, until};

#[tokio::test]
async fn a_connection_that_dies_meanwhile_is_an_attempt_that_failed_and_nobodys_fault() {
    let broker = FakeBroker::start().await;
    for reply in [Reply::HangUp, Reply::CloseConnection(320)] {
        let deaths = Arc::new(AtomicUsize::new(0));
        let dying = Arc::clone(&deaths);
        broker.on_declare(move |request| match request {
            "queue invoices" if dying.fetch_add(1, Ordering::SeqCst) < 2 => reply,
            _ => Reply::Ok,
        });
        let connection = one(&broker).topology(shop()).connect_lazy().unwrap();
        until("it is connected", || connection.state().is_connected()).await;
        let report = report(&connection);
        assert!(report.is_complete(), "{report}");
        assert_eq!(
            report.epoch.number(),
            1,
            "the ones before were never announced"
        );
        let totals = connection.snapshot().totals;
        assert_eq!(
            (
                totals.attempts,
                totals.failed,
                totals.connected,
                totals.lost
            ),
            (3, 2, 1, 0)
        );
    }
}

#[tokio::test]
async fn one_that_costs_the_connection_costs_it_once_for_each_loss() {
    let broker = FakeBroker::start().await;
    let script = |request: &str| match request {
        "exchange odd x-odd" => Reply::CloseConnection(503),
        _ => Reply::Ok,
    };
    broker.on_declare(script);
    let odd = ExchangeKind::Custom("x-odd".to_owned());
    let topology = shop()
        .exchange(Exchange::new("odd", odd))
        .bind(Binding::queue("invoices", "odd"));
    let connection = one(&broker)
        .topology(topology)
        .max_backoff(Duration::from_millis(10))
        .connect_lazy()
        .unwrap();
    until("it is connected", || connection.state().is_connected()).await;
    let first = report(&connection);
    assert_eq!(
        failures(&first),
        ["exchange \"odd\" was refused with 503: as the test says"]
    );
    assert_eq!(first.failed[0].code(), Some(503));
    assert_eq!((first.declared.len(), first.skipped.len()), (7, 1));
    assert_eq!((broker.accepted(), first.epoch.number()), (2, 1));

    // Lost before it proved stable: what was left out stays out.
    broker.requests();
    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    assert_eq!(failures(&report(&connection)), failures(&first));
    let asked = broker.requests();
    assert!(
        !asked.iter().any(|request| request.contains("odd")),
        "{asked:?}"
    );
    assert_eq!(broker.accepted(), 3);
}

#[tokio::test]
async fn what_cost_a_connection_is_tried_again_once_there_was_a_stable_one() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::CloseConnection(541),
        _ => Reply::Ok,
    });
    let connection = declared(&broker, shop()).await;
    assert_eq!(report(&connection).failed[0].code(), Some(541));
    until("it is stable", || {
        connection.breaker().snapshot().totals.success == 1
    })
    .await;
    broker.on_declare(|_| Reply::Ok);
    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    let report = report(&connection);
    assert!(report.is_complete(), "{report}");
    let failures = connection.breaker().snapshot().totals.failure;
    assert_eq!(failures, 2, "the loss of a stable connection is one, too");
}

#[tokio::test]
async fn a_server_named_queue_has_another_name_after_each_reconnection_and_none_in_between() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, shop()).await;
    let mut names = vec![connection.queue_name("replies").unwrap()];
    for epoch in 2..5 {
        broker.go_down().await;
        until("it is lost", || connection.epoch().is_none()).await;
        assert_eq!(connection.queue_name("replies"), None);
        assert!(
            connection.topology().is_some(),
            "the last one stays to be read"
        );
        broker.come_up().await;
        let soon = Duration::from_secs(5);
        connection.wait_connected(soon).await.unwrap();
        let channel = connection.get_channel(Purpose::Consume).await.unwrap();
        assert_eq!(channel.epoch().number(), epoch);
        let name = connection.queue_name("replies").unwrap();
        assert!(!names.contains(&name), "{name} of {names:?}");
        assert!(
            broker
                .requests()
                .contains(&format!("orders -> queue {name}"))
        );
        names.push(name);
    }
}

#[tokio::test]
async fn an_alarm_while_declaring_is_known_afterwards() {
    let broker = Arc::new(FakeBroker::start().await);
    let alarmed = Arc::clone(&broker);
    broker.on_declare(move |request| {
        if request == "queue invoices" {
            alarmed.command(Command::Block);
            return Reply::Nothing;
        }
        Reply::Ok
    });
    let connection = one(&broker)
        .topology(shop())
        .topology_timeout(Duration::from_secs(2))
        .connect_lazy()
        .unwrap();
    until("it is blocked", || connection.state().is_blocked()).await;
    assert!(!report(&connection).is_complete());
    broker.on_declare(|_| Reply::Ok);
    broker.command(Command::Unblock);
    until("the alarm is over", || connection.state().is_connected()).await;
    connection.get_channel(Purpose::Admin).await.unwrap();
    assert_eq!(connection.epoch().unwrap().number(), 1);
}

#[tokio::test]
async fn an_alarm_that_came_and_went_while_declaring_is_none_afterwards() {
    let broker = Arc::new(FakeBroker::start().await);
    let alarmed = Arc::clone(&broker);
    broker.on_declare(move |request| {
        if request == "existing exchange audit direct" {
            alarmed.command(Command::Block);
            alarmed.command(Command::Unblock);
        }
        Reply::Ok
    });
    let connection = declared(&broker, shop()).await;
    connection.get_channel(Purpose::Admin).await.unwrap();
    assert!(connection.state().is_connected());
    assert!(report(&connection).is_complete());
}

#[tokio::test]
async fn closing_and_dropping_while_declaring_leave_nothing() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|_| Reply::Nothing);
    for close in [true, false] {
        let builder = one(&broker).topology(shop());
        let connection = builder.connect_lazy().unwrap();
        until("something is asked for", || !broker.requests().is_empty()).await;
        if close {
            let report = connection.close(Duration::from_secs(5)).await;
            assert_eq!(report.abandoned, 0);
            assert!(connection.topology().is_none());
        } else {
            drop(connection);
        }
        until("the connection is gone", || broker.live() == 0).await;
    }
    assert_eq!(broker.accepted(), 2);
}

#[tokio::test]
async fn connect_waits_for_the_topology_and_fails_when_it_never_gets_a_connection() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|_| Reply::HangUp);
    let error = one(&broker)
        .topology(shop())
        .connect_timeout(Duration::from_millis(300))
        .topology_timeout(Duration::from_secs(1))
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            AmqpError::Disconnected { .. } | AmqpError::CircuitOpen { .. }
        ),
        "{error:?}"
    );
    until("nothing is left", || broker.live() == 0).await;
}
