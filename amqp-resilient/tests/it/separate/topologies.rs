//! Which of the two connections declares what.

use std::time::Duration;

use steadfast_amqp::{AmqpError, Binding, Exchange, Purpose, Queue, ResilientConnection, Topology};

use super::number;
use crate::broker::{FakeBroker, Reply, until};
use crate::support::{connected, quick};

fn shop() -> Topology {
    Topology::new()
        .exchange(Exchange::topic("orders"))
        .queue(Queue::new("invoices"))
        .queue(Queue::server_named("replies"))
        .queue(Queue::new("mine").exclusive(true))
        .bind(Binding::queue("invoices", "orders").routing_key("i"))
        .bind(Binding::queue("replies", "orders").routing_key("r"))
        .bind(Binding::queue("mine", "orders").routing_key("m"))
}

const SHARED: [&str; 3] = [
    "exchange orders topic",
    "queue invoices",
    "orders -> queue invoices",
];

async fn declared(broker: &FakeBroker, topology: Topology) -> ResilientConnection {
    quick(broker.uri())
        .topology(topology)
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn queues_of_one_connection_are_those_of_the_one_that_consumes_which_is_made_at_once() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, shop()).await;
    assert_eq!(broker.names(), ["test", "test/consume"]);
    assert_eq!(broker.requests_of("test"), SHARED);
    let all = broker.requests_of("test/consume");
    assert_eq!(all.len(), 7);
    assert!(all.contains(&"queue ".to_owned()) && all.contains(&"queue mine".to_owned()));

    let name = connection.queue_name("replies").unwrap();
    assert_eq!(connection.consuming().queue_name("replies").unwrap(), name);
    assert!(all.contains(&format!("orders -> queue {name}")));

    let report = connection.topology().unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!((&*report.name, report.declared.len()), ("test", 7));
    assert_eq!(report.queue_names["replies"], name);
    assert_eq!(connection.snapshot().topology.unwrap().declared.len(), 3);
    let of_view = connection.consuming().topology().unwrap();
    assert_eq!(
        (&*of_view.name, of_view.declared.len()),
        ("test/consume", 7)
    );
}

#[tokio::test]
async fn without_such_queues_both_declare_it_all_and_the_other_when_it_is_made() {
    let broker = FakeBroker::start().await;
    let topology = Topology::new()
        .exchange(Exchange::topic("orders"))
        .queue(Queue::new("invoices"))
        .bind(Binding::queue("invoices", "orders").routing_key("i"));
    let connection = declared(&broker, topology).await;
    assert_eq!(broker.names(), ["test"]);
    connection.get_channel(Purpose::Consume).await.unwrap();
    assert_eq!(broker.requests_of("test"), SHARED);
    assert_eq!(broker.requests_of("test/consume"), SHARED);
    assert_eq!(connection.topology().unwrap().declared.len(), 3);
}

#[tokio::test]
async fn the_name_of_a_server_named_queue_follows_the_connection_that_consumes() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, shop()).await;
    let consuming = connection.consuming();
    let name = connection.queue_name("replies");
    broker.hang_up_on("test");
    until("it is back", || number(&connection) == Some(2)).await;
    assert_eq!(connection.queue_name("replies"), name);
    broker.hang_up_on("test/consume");
    until("it is back", || number(&consuming) == Some(2)).await;
    let channel = connection.get_channel(Purpose::Consume).await.unwrap();
    assert_eq!(channel.epoch().number(), 2);
    let next = connection.queue_name("replies");
    assert!(next.is_some() && next != name, "{next:?}");
}

#[tokio::test]
async fn what_was_refused_of_them_is_in_the_report_of_the_handle() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue mine" => Reply::CloseChannel(405),
        _ => Reply::Ok,
    });
    let connection = declared(&broker, shop()).await;
    let report = connection.topology().unwrap();
    assert_eq!((report.failed.len(), report.skipped.len()), (1, 1));
    assert_eq!(report.failed[0].code(), Some(405));
    assert_eq!(report.declared.len(), 5);
}

#[tokio::test]
async fn a_topology_of_such_queues_alone_has_one_report() {
    let broker = FakeBroker::start().await;
    let topology = Topology::new().queue(Queue::server_named("replies"));
    let connection = declared(&broker, topology).await;
    assert!(broker.requests_of("test").is_empty());
    let report = connection.topology().unwrap();
    assert_eq!((&*report.name, report.declared.len()), ("test/consume", 1));
}

#[tokio::test]
async fn by_hand_too_they_are_declared_where_they_can_be_consumed() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let shared = Topology::new().queue(Queue::new("invoices"));
    connection.declare(&shared).await.unwrap();
    assert_eq!(broker.requests_of("test"), ["queue invoices"]);
    let own = Topology::new().queue(Queue::server_named("replies"));
    let report = connection.declare(&own).await.unwrap();
    assert_eq!(&*report.name, "test/consume");
    assert_eq!(broker.requests_of("test/consume"), ["queue "]);
    connection.consuming().declare(&shared).await.unwrap();
    assert_eq!(broker.requests_of("test/consume").len(), 2);
}

#[tokio::test]
async fn connect_waits_for_both_and_fails_when_one_has_no_chance() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue " => Reply::HangUp,
        _ => Reply::Ok,
    });
    let error = quick(broker.uri())
        .topology(shop())
        .connect_timeout(Duration::from_millis(200))
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
