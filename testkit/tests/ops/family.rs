//! One of everything, driven: what telemetry's own tests drive, the components of its example, an HTTP client,
//! an AMQP connection, a supervisor with its tasks and its dashboard.

use std::sync::Arc;
use std::time::Duration;

use steadfast::config::Config;
use steadfast::supervisor::Supervisor;
use steadfast_amqp::{Message, Purpose, ResilientConnection};
use steadfast_bulkhead::Bulkhead;
use steadfast_http::Client;
use steadfast_telemetry::{EventSink, EventSinks, MessagingStart, Source, Telemetry};
use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};

use crate::example::Shop;
use crate::traffic::{self, Traffic};

/// What telemetry exports when all of them have done something.
pub(crate) async fn exposition() -> String {
    let family = Family::gather(50).await;
    let telemetry = family.telemetry().clone();
    family.work().await;
    telemetry.flush(Duration::from_secs(60));
    // In the moment of an attempt to connect there is no time to the next one.
    for _ in 0..1000 {
        let text = telemetry.export_prometheus_metrics();
        if text.contains("amqp_resilient_connection_retry_in_seconds{") {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the connection never waits for its next attempt");
}

/// Keeps all of them alive.
pub(crate) struct Family {
    supervisor: Supervisor,
    shop: Shop,
    _traffic: Traffic,
    client: Client,
    amqp: ResilientConnection,
    broker: Arc<Broker>,
    counter: Bulkhead,
    upstream: HttpUpstream,
    /// Nothing listens behind it.
    closed: FaultProxy,
}

impl Family {
    /// With so many members of a group that have series of their own.
    pub(crate) async fn gather(own_series: usize) -> Self {
        let mut config = Config::default();
        config.telemetry.own_series = own_series;
        // Its handler has the name that one of the traffic has.
        config.telemetry.log_events = false;
        config.dashboard.enabled = true;
        config.dashboard.listen = "127.0.0.1:0".parse().unwrap();
        let supervisor = Supervisor::start(config).await.unwrap();
        let telemetry = supervisor.telemetry();
        // The text has only those durations that were recorded since it was first asked for.
        let _nothing_yet = telemetry.export_prometheus_metrics();
        let closed = FaultProxy::start("127.0.0.1:1".parse().unwrap()).await;
        closed.set(Fault::Refuse);
        let amqp = ResilientConnection::builder("orders")
            .uri(format!("amqp://guest:guest@{}/%2f", closed.addr()))
            .connect_lazy()
            .unwrap();
        let client = Client::named("shop")
            .max_attempts(2)
            .base_backoff(Duration::from_millis(1))
            .build()
            .unwrap();
        let counter = Bulkhead::builder("counter")
            .max_concurrent(1)
            .max_waiting(1)
            .hold_times(true)
            .build()
            .unwrap();
        let family = Self {
            shop: Shop::open(telemetry).unwrap(),
            _traffic: traffic::drive(telemetry).await,
            client,
            amqp,
            broker: Arc::default(),
            counter,
            upstream: HttpUpstream::start().await,
            closed,
            supervisor: supervisor.clone(),
        };
        telemetry.watch(&family.client);
        telemetry.watch(&family.amqp);
        telemetry.watch(&family.broker);
        telemetry.watch(&family.counter);
        family
    }

    /// What watches all of them.
    pub(crate) fn telemetry(&self) -> &Telemetry {
        self.supervisor.telemetry()
    }

    pub(crate) async fn work(&self) {
        self.shop.serve_customers().await;
        self.upstream
            .script([Reply::status(503), Reply::ok("at last")]);
        for addr in [self.upstream.addr(), self.closed.addr()] {
            let _ = self.client.get(format!("http://{addr}/")).send().await;
        }
        let publisher = self.amqp.publisher_builder("receipts");
        let publisher = publisher.deadline(Duration::from_millis(50));
        let receipt = Message::new("receipts", "new", "2 chairs");
        publisher
            .build()
            .unwrap()
            .publish(receipt)
            .await
            .unwrap_err();
        let soon = Duration::from_millis(50);
        let channel = tokio::time::timeout(soon, self.amqp.get_channel(Purpose::Admin)).await;
        assert!(!matches!(channel, Ok(Ok(_))), "there is no broker");
        self.broker.takes_a_message_and_returns_one();
        self.one_waits_for_another().await;
    }

    async fn one_waits_for_another(&self) {
        let first = self.counter.acquire().await.unwrap();
        let goes = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(self.counter.acquire(), goes);
        drop(second.unwrap());
    }
}

/// What a connection tells of messages that it got rid of, which takes a broker.
#[derive(Default)]
struct Broker {
    sinks: EventSinks,
}

impl Source for Broker {
    fn name(&self) -> &str {
        "orders"
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}

impl Broker {
    fn takes_a_message_and_returns_one(&self) {
        let start = || MessagingStart::new("orders", "receipts", "new").server("127.0.0.1", 5672);
        let mut publish = self.sinks.messaging_publish(start).unwrap();
        publish.sent();
        publish.answered(None);
        publish.confirmed(Duration::from_millis(3));
        let mut publish = self.sinks.messaging_publish(start).unwrap();
        publish.sent();
        publish.answered(Some("returned"));
        publish.failed("returned", Duration::from_millis(3));
    }
}
