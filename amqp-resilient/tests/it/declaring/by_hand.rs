//! Topologies that are declared once, when the program says so.

use std::time::Duration;

use steadfast_amqp::{AmqpError, Queue, Topology};
use tokio::time::timeout;

use super::{declared, shop};
use crate::broker::{FakeBroker, Reply, until};

#[tokio::test]
async fn a_topology_is_declared_by_hand_once_and_not_again() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, Topology::new()).await;
    let report = connection.declare(&shop()).await.unwrap();
    assert_eq!(report.queue_names["replies"], "amq.gen-2");
    assert_eq!(connection.queue_name("replies"), None);
    assert_eq!(broker.requests().len(), 7);
    until("its channel is closed", || broker.channels() == 0).await;

    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    assert_eq!(broker.requests(), [""; 0]);
}

#[tokio::test]
async fn what_is_refused_by_hand_is_an_error_with_the_report() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, Topology::new()).await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::CloseChannel(406),
        _ => Reply::Ok,
    });
    let error = connection.declare(&shop()).await.unwrap_err();
    let AmqpError::Topology(report) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (
            report.declared.len(),
            report.failed.len(),
            report.skipped.len()
        ),
        (5, 1, 1)
    );
    assert!(
        error
            .to_string()
            .contains("queue \"invoices\" was refused with 406"),
        "{error}"
    );
    assert_eq!(error.error_type(), "topology");
    assert!(!error.is_retryable() && error.is_permanent());
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("406"), "{source}");
    assert_eq!(connection.epoch().unwrap().number(), 1);

    let error = connection
        .declare(&Topology::new().queue(Queue::new("amq.x")))
        .await
        .unwrap_err();
    assert!(matches!(error, AmqpError::Config(_)), "{error:?}");
}

#[tokio::test]
async fn declaring_by_hand_ends_with_the_connection_and_leaves_no_channel_when_dropped() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, Topology::new()).await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::HangUp,
        _ => Reply::Ok,
    });
    let error = connection.declare(&shop()).await.unwrap_err();
    assert!(matches!(error, AmqpError::Lapin(_)), "{error:?}");

    broker.on_declare(|_| Reply::Nothing);
    until("it is back", || connection.state().is_connected()).await;
    let declaring = tokio::spawn({
        let connection = connection.clone();
        async move { connection.declare(&shop()).await }
    });
    until("a channel is open", || broker.channels() == 1).await;
    declaring.abort();
    until("it is closed", || broker.channels() == 0).await;
    connection.close(Duration::ZERO).await;
    let error = connection.declare(&shop()).await.unwrap_err();
    assert!(matches!(error, AmqpError::Closed), "{error:?}");
}

#[tokio::test]
async fn going_away_while_the_broker_refuses_what_was_declared_does_not_cost_the_connection() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, Topology::new()).await;
    broker.on_declare(|_| Reply::CloseChannel(406));
    let topology = Topology::new().queue(Queue::new("q"));
    for round in 0..1_000_u64 {
        let wait = Duration::from_micros(round % 100 * 10);
        let _ = timeout(wait, connection.declare(&topology)).await;
    }
    until("all are closed", || broker.channels() == 0).await;
    connection.probe(Duration::from_secs(5)).await.unwrap();
    assert_eq!(
        (broker.accepted(), connection.epoch().unwrap().number()),
        (1, 1)
    );
}

#[tokio::test]
async fn closing_waits_for_a_declaration_as_far_as_the_grace_goes() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, Topology::new()).await;
    broker.on_declare(|_| Reply::Nothing);
    let declaring = tokio::spawn({
        let connection = connection.clone();
        async move { connection.declare(&shop()).await }
    });
    until("it is asked", || !broker.requests().is_empty()).await;
    let report = connection.close(Duration::from_millis(50)).await;
    assert_eq!((report.abandoned, report.is_clean()), (1, false));
    declaring.await.unwrap().unwrap_err();
}
