//! Topologies on a real broker: what it refuses, and what a crash takes away (experiment E3 of lapin's
//! own recovery, where one such entity hung its consumer and cost every channel a second reconnection).

use std::time::Duration;

use futures_util::StreamExt;
use steadfast_amqp::lapin::options::{BasicConsumeOptions, BasicGetOptions, QueueDeclareOptions};
use steadfast_amqp::lapin::types::{FieldTable, LongString};
use steadfast_amqp::lapin::{Consumer, ExchangeKind};
use steadfast_amqp::{
    AmqpError, Binding, Exchange, Message, Overflow, PooledChannel, Purpose, Queue, QueueType,
    ResilientConnection, Topology,
};
use steadfast_testkit::RabbitNode;

use crate::support::{THREADS, brisk, declare, delete, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_topology_outlives_crashes_and_refusals() {
    let _threads = THREADS.lock().await;
    let node = RabbitNode::start().await.unwrap();
    every_argument_is_taken_by_the_broker(&node).await;
    a_server_named_queue_survives_a_crash_under_a_new_name(&node).await;
    each_refusal_costs_one_entity(&node).await;
    a_queue_redeclared_elsewhere_costs_itself_after_a_reconnection(&node).await;
    an_exchange_of_no_known_kind_costs_one_attempt(&node).await;
}

async fn every_argument_is_taken_by_the_broker(node: &RabbitNode) {
    let minute = Duration::from_secs(60);
    let topology = Topology::new()
        .exchange(Exchange::direct("args.direct").alternate_exchange("args.fanout"))
        .exchange(Exchange::fanout("args.fanout").internal().auto_delete())
        .exchange(Exchange::headers("args.headers").transient())
        .existing_exchange("amq.topic")
        .bind(Binding::exchange("args.fanout", "args.direct").routing_key("k"))
        .queue(
            Queue::new("args.classic")
                .queue_type(QueueType::Classic)
                .message_ttl(minute)
                .expires(10 * minute)
                .max_length(1_000)
                .max_length_bytes(1 << 33)
                .overflow(Overflow::RejectPublishDlx)
                .dead_letter_exchange("args.direct")
                .dead_letter_routing_key("dead")
                .argument("x-single-active-consumer", true),
        )
        .queue(
            Queue::new("args.quorum")
                .quorum()
                .overflow(Overflow::RejectPublish),
        )
        .queue(
            Queue::new("args.drop")
                .overflow(Overflow::DropHead)
                .durable(false)
                .auto_delete(),
        )
        .queue(Queue::server_named("args").exclusive(false).expires(minute))
        .bind(Binding::queue("args.classic", "amq.topic").routing_key("a.#"))
        .bind(
            Binding::queue("args", "args.headers")
                .argument("x-match", lapin_text("all"))
                .argument("country", lapin_text("NL")),
        );
    let connection = brisk("arguments", node)
        .topology(topology.clone())
        .connect()
        .await
        .unwrap();
    let report = connection.topology().unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.declared.len(), 11);
    // As the broker has it.
    let queue = "/api/queues/%2f/args.classic";
    let (_, seen) = node.management("GET", queue, "").await.unwrap();
    for argument in [
        "\"x-message-ttl\":60000",
        "\"x-expires\":600000",
        "\"x-max-length\":1000",
        "\"x-max-length-bytes\":8589934592",
        "\"x-overflow\":\"reject-publish-dlx\"",
        "\"x-dead-letter-exchange\":\"args.direct\"",
        "\"x-dead-letter-routing-key\":\"dead\"",
        "\"x-queue-type\":\"classic\"",
        "\"x-single-active-consumer\":true",
    ] {
        assert!(seen.contains(argument), "no {argument} in {seen}");
    }
    // Declared a second time, it is the same.
    connection.declare(&topology).await.unwrap();
    connection.close(Duration::from_secs(5)).await;
}

/// E3 (a).
async fn a_server_named_queue_survives_a_crash_under_a_new_name(node: &RabbitNode) {
    let topology = Topology::new()
        .exchange(Exchange::topic("orders"))
        .queue(Queue::new("invoices"))
        .queue(Queue::server_named("replies"))
        .bind(Binding::queue("invoices", "orders").routing_key("order.*"))
        .bind(Binding::queue("replies", "orders").routing_key("reply"));
    let connection = brisk("crash", node)
        .topology(topology)
        .connect()
        .await
        .unwrap();
    let old = connection.queue_name("replies").unwrap();
    assert!(old.starts_with("amq.gen-"), "{old}");
    let (_channel, mut replies) = subscribed(&connection, &old).await;
    one_message_arrives(&connection, &mut replies).await;

    node.kill9();
    let consuming = connection.consuming();
    let down = || connection.epoch().is_none() && consuming.epoch().is_none();
    until("the crash is noticed", Duration::from_secs(5), down).await;
    assert_eq!(connection.queue_name("replies"), None);
    node.restart().await.unwrap();
    consuming
        .wait_connected(Duration::from_secs(20))
        .await
        .unwrap();
    let epoch = connection
        .wait_connected(Duration::from_secs(20))
        .await
        .unwrap();
    let new = connection.queue_name("replies").unwrap();
    assert_ne!(new, old);
    let report = connection.topology().unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!((report.epoch, epoch.number()), (epoch, 2));

    // Siblings: other channels, other queues, and the publisher.
    let sibling = connection.get_channel(Purpose::Admin).await.unwrap();
    let (channel, mut replies) = subscribed(&connection, &new).await;
    one_message_arrives(&connection, &mut replies).await;
    let order = Message::new("orders", "order.created", "17");
    connection.publisher().publish(order).await.unwrap();
    let options = BasicGetOptions { no_ack: true };
    let got = sibling
        .basic_get("invoices".into(), options)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(got.delivery.data, b"17");
    assert!(sibling.is_current() && channel.is_current());
    // Long enough for lapin's recovery to have gone around a second time.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(connection.epoch(), Some(epoch));
    let totals = connection.snapshot().totals;
    assert_eq!((totals.connected, totals.lost), (2, 1));
    drop((sibling, channel));
    connection.close(Duration::from_secs(5)).await;
}

/// 403, 404, 405 and 406, each beside entities that are fine.
async fn each_refusal_costs_one_entity(node: &RabbitNode) {
    let user = r#"{"password":"secret","tags":""}"#;
    let rights = r#"{"configure":"^(open|mine).*","write":".*","read":".*"}"#;
    node.management("PUT", "/api/users/clerk", user)
        .await
        .unwrap();
    let path = "/api/permissions/%2f/clerk";
    let (status, _) = node.management("PUT", path, rights).await.unwrap();
    assert!(status < 300, "{status}");

    let other = brisk("other", node).connect().await.unwrap();
    declare(&other, "open.full", &[("x-max-length", "10")]).await;
    let channel = other.get_channel(Purpose::Admin).await.unwrap();
    let options = QueueDeclareOptions::exclusive();
    channel
        .queue_declare("open.taken".into(), options, FieldTable::default())
        .await
        .unwrap();

    let topology = Topology::new()
        .exchange(Exchange::direct("open"))
        .exchange(Exchange::direct("closed"))
        .existing_queue("missing")
        .queue(Queue::new("open.taken"))
        .queue(Queue::new("open.full").max_length(20))
        .queue(Queue::new("open.fine"))
        .bind(Binding::queue("open.full", "open"))
        .bind(Binding::queue("open.fine", "open").routing_key("fine"))
        .bind(Binding::queue("open.fine", "closed"));
    let uri = node.uri().replace("guest:guest", "clerk:secret");
    let connection = brisk("clerk", node)
        .uri(uri)
        .topology(topology)
        .connect()
        .await
        .unwrap();
    let report = connection.topology().unwrap();
    let refusals: Vec<_> = report
        .failed
        .iter()
        .map(|failed| (failed.entity.to_string(), failed.code().unwrap()))
        .collect();
    let expected = [
        ("exchange \"closed\"", 403),
        ("queue \"missing\"", 404),
        ("queue \"open.taken\"", 405),
        ("queue \"open.full\"", 406),
    ];
    assert_eq!(
        refusals,
        expected.map(|(entity, code)| (entity.to_owned(), code))
    );
    let said = report.failed[3].text().unwrap();
    assert!(
        said.contains("PRECONDITION_FAILED") && said.contains("x-max-length"),
        "{said}"
    );
    println!("E3: {report}");
    assert_eq!((report.declared.len(), report.skipped.len()), (3, 2));
    let fine = Message::new("open", "fine", "x");
    connection.publisher().publish(fine).await.unwrap();
    assert_eq!(connection.epoch().unwrap().number(), 1);
    assert_eq!(connection.snapshot().totals.attempts, 1);
    connection.close(Duration::from_secs(5)).await;
    drop(channel);
    other.close(Duration::from_secs(5)).await;
}

/// E3 (b).
async fn a_queue_redeclared_elsewhere_costs_itself_after_a_reconnection(node: &RabbitNode) {
    let topology = Topology::new()
        .exchange(Exchange::direct("jobs"))
        .queue(Queue::new("jobs.old").max_length(5))
        .queue(Queue::new("jobs.sound"))
        .bind(Binding::queue("jobs.old", "jobs").routing_key("old"))
        .bind(Binding::queue("jobs.sound", "jobs").routing_key("sound"));
    let connection = brisk("jobs", node)
        .topology(topology.clone())
        .connect()
        .await
        .unwrap();
    assert!(connection.topology().unwrap().is_complete());

    let other = brisk("other", node).connect().await.unwrap();
    delete(&other, "jobs.old").await;
    declare(&other, "jobs.old", &[("x-max-length", "6")]).await;
    node.ctl(&["close_all_connections", "as the test says"])
        .await
        .unwrap();
    let again = || connection.epoch().is_some_and(|epoch| epoch.number() == 2);
    until("it is back", Duration::from_secs(20), again).await;
    let held = connection.get_channel(Purpose::Admin).await.unwrap();

    let report = connection.topology().unwrap();
    assert_eq!(report.epoch.number(), 2);
    assert_eq!(report.failed.len(), 1, "{report}");
    assert_eq!(report.failed[0].code(), Some(406));
    assert_eq!((report.declared.len(), report.skipped.len()), (3, 1));
    let sound = Message::new("jobs", "sound", "x");
    connection.publisher().publish(sound).await.unwrap();

    // By hand it is refused the same way, and costs the connection as little.
    let error = connection.declare(&topology).await.unwrap_err();
    assert!(matches!(error, AmqpError::Topology(_)), "{error:?}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(held.is_current());
    assert_eq!(connection.epoch().unwrap().number(), 2);
    assert_eq!(connection.snapshot().totals.lost, 1);

    // Mended at the broker, it can be had without a reconnection.
    delete(&other, "jobs.old").await;
    connection.declare(&topology).await.unwrap();
    drop(held);
    connection.close(Duration::from_secs(5)).await;
    other.close(Duration::from_secs(5)).await;
}

/// RabbitMQ answers 503 and closes the whole connection.
async fn an_exchange_of_no_known_kind_costs_one_attempt(node: &RabbitNode) {
    let odd = ExchangeKind::Custom("x-of-no-plugin".to_owned());
    let topology = Topology::new()
        .exchange(Exchange::new("odd", odd))
        .exchange(Exchange::fanout("even"))
        .queue(Queue::server_named("mine"))
        .bind(Binding::queue("mine", "odd"))
        .bind(Binding::queue("mine", "even"));
    let connection = brisk("odd", node)
        .topology(topology)
        .connect()
        .await
        .unwrap();
    let report = connection.topology().unwrap();
    println!("E3: {report}");
    assert_eq!(report.failed[0].code(), Some(503));
    assert_eq!((report.declared.len(), report.skipped.len()), (3, 1));
    let totals = connection.snapshot().totals;
    assert_eq!(
        (totals.attempts, totals.failed, totals.connected),
        (2, 1, 1)
    );
    connection.close(Duration::from_secs(5)).await;
}

/// A channel to consume on, and the consumer of a queue that is this connection's own.
async fn subscribed(connection: &ResilientConnection, queue: &str) -> (PooledChannel, Consumer) {
    let channel = connection.get_channel(Purpose::Consume).await.unwrap();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let consumer = channel
        .basic_consume(queue.into(), "".into(), options, FieldTable::default())
        .await
        .unwrap();
    (channel, consumer)
}

async fn one_message_arrives(connection: &ResilientConnection, replies: &mut Consumer) {
    let epoch = connection.epoch().unwrap().to_string();
    let reply = Message::new("orders", "reply", &*epoch);
    connection.publisher().publish(reply).await.unwrap();
    let delivery = tokio::time::timeout(Duration::from_secs(10), replies.next());
    let delivery = delivery.await.unwrap().unwrap().unwrap();
    assert_eq!(delivery.data, epoch.into_bytes());
}

fn lapin_text(text: &str) -> LongString {
    text.into()
}
