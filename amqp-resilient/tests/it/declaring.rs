//! Topologies, against a broker that answers as it is told.

mod by_hand;
mod losing;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{
    AmqpError, Binding, Builder, ConnectionState, Entity, Exchange, Observer, Purpose, Queue,
    ResilientConnection, SkipReason, StateChange, Topology, TopologyReport,
};

use crate::broker::{FakeBroker, Reply, until};
use crate::support::quick;

/// An exchange, a queue and a server-named queue, each bound.
fn shop() -> Topology {
    Topology::new()
        .bind(Binding::queue("invoices", "orders").routing_key("order.*"))
        .bind(Binding::queue("replies", "orders").routing_key("reply"))
        .bind(Binding::exchange("audit", "orders").routing_key("#"))
        .queue(Queue::new("invoices"))
        .queue(Queue::server_named("replies"))
        .exchange(Exchange::topic("orders"))
        .existing_exchange("audit")
}

/// One connection for everything, lest all be declared twice; `separate` is about two.
fn one(broker: &FakeBroker) -> Builder {
    quick(broker.uri()).one_connection(true)
}

async fn declared(broker: &FakeBroker, topology: Topology) -> ResilientConnection {
    let builder = one(broker).topology(topology);
    builder.connect().await.unwrap()
}

fn report(connection: &ResilientConnection) -> Arc<TopologyReport> {
    connection.topology().unwrap()
}

fn failures(report: &TopologyReport) -> Vec<String> {
    report.failed.iter().map(ToString::to_string).collect()
}

fn skips(report: &TopologyReport) -> Vec<String> {
    report.skipped.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn exchanges_come_first_then_their_bindings_then_queues_and_theirs() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, shop()).await;
    assert_eq!(
        broker.requests(),
        [
            "existing exchange audit direct",
            "exchange orders topic",
            "orders -> exchange audit",
            "queue invoices",
            "queue ",
            "orders -> queue invoices",
            "orders -> queue amq.gen-2",
        ]
    );
    let report = report(&connection);
    assert!(report.is_complete());
    assert_eq!(report.declared.len(), 7);
    assert_eq!(report.to_string(), "7 declared, 0 failed, 0 skipped");
    assert_eq!(connection.queue_name("replies").unwrap(), "amq.gen-2");
    assert_eq!(connection.queue_name("invoices"), None);
    until("its channel is closed", || broker.channels() == 0).await;
    assert_eq!(broker.channels_opened(), 1);
}

#[tokio::test]
async fn a_connection_without_a_topology_declares_nothing_and_has_no_report() {
    let broker = FakeBroker::start().await;
    let connection = declared(&broker, Topology::new()).await;
    assert!(connection.topology().is_none());
    assert!(connection.snapshot().topology.is_none());
    assert_eq!(broker.channels_opened(), 0);
}

#[tokio::test]
async fn one_that_is_refused_costs_itself_and_what_needs_it() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::CloseChannel(406),
        "existing exchange audit direct" => Reply::CloseChannel(404),
        _ => Reply::Ok,
    });
    let connection = declared(&broker, shop()).await;
    let report = report(&connection);
    assert_eq!(
        failures(&report),
        [
            "exchange \"audit\" was refused with 404: as the test says",
            "queue \"invoices\" was refused with 406: as the test says",
        ]
    );
    assert_eq!(report.failed[1].code(), Some(406));
    assert_eq!(report.failed[1].text(), Some("as the test says"));
    let queue = Entity::Queue {
        name: "invoices".into(),
    };
    assert_eq!(report.skipped[1].reason, SkipReason::Needs(queue));
    assert_eq!(
        skips(&report),
        [
            "binding of exchange \"audit\" to exchange \"orders\" with key \"#\" was skipped, as it \
             needs exchange \"audit\"",
            "binding of queue \"invoices\" to exchange \"orders\" with key \"order.*\" was skipped, as \
             it needs queue \"invoices\"",
        ]
    );
    assert_eq!(report.declared.len(), 3);
    assert!(connection.queue_name("replies").is_some());

    // The connection is as good as any.
    connection.get_channel(Purpose::Admin).await.unwrap();
    assert_eq!(
        (broker.accepted(), connection.epoch().unwrap().number()),
        (1, 1)
    );
    assert_eq!(connection.breaker().snapshot().totals.failure, 0);
}

#[tokio::test]
async fn nobody_finds_the_connection_up_before_its_topology_is_declared() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|_| Reply::Nothing);
    let connection = one(&broker).topology(shop()).connect_lazy().unwrap();
    until("something is asked for", || !broker.requests().is_empty()).await;
    assert!(matches!(
        connection.state(),
        ConnectionState::Connecting { attempt: 1 }
    ));
    assert_eq!(connection.queue_name("replies"), None);
    broker.on_declare(|_| Reply::Ok);
    broker.hang_up();
    let channel = connection.get_channel(Purpose::Admin).await.unwrap();
    let report = report(&connection);
    assert_eq!(report.epoch, channel.epoch());
    assert!(report.is_complete(), "{report}");
}

#[tokio::test]
async fn an_entity_without_an_answer_fails_at_its_deadline_and_the_rest_goes_on() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::Nothing,
        _ => Reply::Ok,
    });
    let connection = one(&broker)
        .topology(shop())
        .channel_timeout(Duration::from_secs(1))
        .connect()
        .await
        .unwrap();
    let report = report(&connection);
    assert_eq!(report.failed.len(), 1);
    let error = &report.failed[0].error;
    assert!(
        matches!(error, AmqpError::DeclareTimeout { .. }),
        "{error:?}"
    );
    assert_eq!(
        (report.failed[0].code(), report.failed[0].text()),
        (None, None)
    );
    assert_eq!((report.declared.len(), report.skipped.len()), (5, 1));
    // The channel that still owed an answer was not used again.
    assert_eq!(broker.channels_opened(), 2);
    until("both are closed", || broker.channels() == 0).await;
}

#[tokio::test]
async fn a_channel_that_is_not_opened_fails_one_entity() {
    let broker = FakeBroker::start().await;
    broker.ignore_channel_opens(1);
    let connection = one(&broker)
        .topology(shop())
        .channel_timeout(Duration::from_secs(1))
        .connect()
        .await
        .unwrap();
    let report = report(&connection);
    let error = &report.failed[0].error;
    assert!(
        matches!(error, AmqpError::ChannelTimeout { .. }),
        "{error:?}"
    );
    assert_eq!(
        (
            report.declared.len(),
            report.failed.len(),
            report.skipped.len()
        ),
        (5, 1, 1)
    );
}

#[tokio::test]
async fn what_is_left_when_the_time_is_over_is_skipped_and_the_connection_is_used() {
    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::Nothing,
        _ => Reply::Ok,
    });
    let connection = one(&broker)
        .topology(shop())
        .topology_timeout(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    let report = report(&connection);
    assert_eq!((report.declared.len(), report.failed.len()), (3, 1));
    let out_of_time = |entity: &&_| matches!(entity, SkipReason::OutOfTime);
    let reasons = report.skipped.iter().map(|skipped| &skipped.reason);
    assert_eq!(reasons.filter(out_of_time).count(), 1, "{report}");
    assert!(
        report
            .to_string()
            .contains("skipped, as there was no time left")
    );
    connection.get_channel(Purpose::Admin).await.unwrap();
}

/// Whatever is refused: exactly that has failed, exactly what needs it was skipped, and everything else was
/// asked for and declared.
#[tokio::test]
async fn what_is_told_is_what_happened() {
    const PAIRS: u32 = 4;
    let mut seed = 7_u32;
    let mut draw = move || {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        seed >> 16
    };
    for _ in 0..30 {
        let mut topology = Topology::new();
        let (mut refused, mut failed, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            topology = topology
                .exchange(Exchange::fanout(format!("e{pair}")))
                .queue(Queue::new(format!("q{pair}")));
            if draw().is_multiple_of(3) {
                refused.push(format!("exchange e{pair} fanout"));
                failed.push(format!("exchange \"e{pair}\""));
            }
            if draw().is_multiple_of(3) {
                refused.push(format!("queue q{pair}"));
                failed.push(format!("queue \"q{pair}\""));
            }
        }
        for queue in 0..PAIRS {
            let exchange = draw() % PAIRS;
            let (queue, exchange) = (format!("q{queue}"), format!("e{exchange}"));
            topology = topology.bind(Binding::queue(&queue, &exchange));
            let lacks = |kind: &str, name: &str| failed.contains(&format!("{kind} {name:?}"));
            if lacks("queue", &queue) || lacks("exchange", &exchange) {
                skipped.push(format!("{queue} {exchange}"));
            }
        }

        let broker = FakeBroker::start().await;
        broker.on_declare(move |request| {
            if refused.iter().any(|refused| refused == request) {
                return Reply::CloseChannel(406);
            }
            Reply::Ok
        });
        let connection = declared(&broker, topology).await;
        let report = report(&connection);
        let mut told: Vec<_> = report
            .failed
            .iter()
            .map(|it| it.entity.to_string())
            .collect();
        told.sort();
        failed.sort();
        assert_eq!(told, failed);
        let told = report.skipped.iter().map(|skipped| match &skipped.entity {
            Entity::QueueBinding {
                queue, exchange, ..
            } => format!("{queue} {exchange}"),
            other => panic!("{other}"),
        });
        assert_eq!(told.collect::<Vec<_>>(), skipped);
        let all = 3 * PAIRS as usize;
        assert_eq!(report.declared.len(), all - failed.len() - skipped.len());
        assert_eq!(broker.requests().len(), all - skipped.len());
        assert!(broker.channels_opened() <= 1 + failed.len());
        assert_eq!(connection.epoch().unwrap().number(), 1);
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn state_changed(&self, change: &StateChange) {
        self.0.lock().push(change.to.to_string());
    }

    fn topology_declared(&self, report: &TopologyReport) {
        self.0
            .lock()
            .push(format!("{} {}: {report}", report.name, report.epoch));
        panic!("an observer that panics");
    }
}

#[tokio::test]
async fn observers_hear_of_the_topology_after_the_connection_it_was_declared_on() {
    let broker = FakeBroker::start().await;
    let heard = Arc::new(Heard::default());
    let builder = one(&broker).topology(shop());
    let connection = builder
        .observer(Arc::clone(&heard))
        .connect()
        .await
        .unwrap();
    until("its panic is counted", || {
        connection.snapshot().observer_panics == 1
    })
    .await;
    assert_eq!(
        *heard.0.lock(),
        [
            "connecting",
            "connected",
            "test 1: 7 declared, 0 failed, 0 skipped"
        ]
    );
    connection.get_channel(Purpose::Admin).await.unwrap();
}

#[cfg(feature = "health")]
#[tokio::test]
async fn a_topology_with_a_gap_is_degraded_and_the_gap_is_named() {
    use steadfast_health::{Monitor, Status};

    let broker = FakeBroker::start().await;
    broker.on_declare(|request| match request {
        "queue invoices" => Reply::CloseChannel(406),
        _ => Reply::Ok,
    });
    let connection = declared(&broker, shop()).await;
    let monitor = Monitor::builder("test").build().unwrap();
    monitor.register(connection.health_check()).unwrap();
    let look = monitor.check_now().await;
    assert_eq!(look.components[0].status, Status::Degraded);
    let message = look.components[0].message.clone().unwrap_or_default();
    assert_eq!(
        &*message,
        "topology is incomplete, 5 declared, 1 failed, 1 skipped: queue \"invoices\" was refused with \
         406: as the test says; binding of queue \"invoices\" to exchange \"orders\" with key \
         \"order.*\" was skipped, as it needs queue \"invoices\""
    );

    // Mended at the broker: the next connection has it.
    broker.on_declare(|_| Reply::Ok);
    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    let look = monitor.check_now().await;
    assert_eq!(look.components[0].status, Status::Healthy);
}
