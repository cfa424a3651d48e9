//! The metrics of messages.

use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Histogram, MetricData};

use super::*;

type Series = BTreeMap<String, String>;

impl Watched {
    /// Calls `read` with the data of this metric.
    fn measured<T>(&self, name: &str, read: impl FnOnce(&AggregatedMetrics) -> T) -> T {
        self.metrics.reset();
        self.meters.force_flush().unwrap();
        let collected = self.metrics.get_finished_metrics().unwrap();
        let mut metrics = collected[0].scope_metrics().flat_map(|one| one.metrics());
        let metric = metrics.find(|one| one.name() == name).unwrap();
        read(metric.data())
    }

    /// How many messages were sent, by what tells the series apart.
    fn sent(&self) -> Vec<(Series, u64)> {
        self.measured("messaging.client.sent.messages", |data| {
            let AggregatedMetrics::U64(MetricData::Sum(sum)) = data else {
                panic!("not a counter");
            };
            let points = sum.data_points();
            points
                .map(|point| (series(point.attributes()), point.value()))
                .collect()
        })
    }

    /// How many operations there were, in whichever bucket.
    fn operations(&self) -> Vec<(Series, u64)> {
        self.measured("messaging.client.operation.duration", |data| {
            let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = data else {
                panic!("not a histogram");
            };
            assert_buckets(histogram);
            let points = histogram.data_points();
            points
                .map(|point| (series(point.attributes()), point.count()))
                .collect()
        })
    }
}

fn assert_buckets(histogram: &Histogram<f64>) {
    for point in histogram.data_points() {
        let bounds: Vec<_> = point.bounds().collect();
        assert_eq!(
            bounds,
            [
                0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0
            ]
        );
        assert!(point.sum() < 60.0 * point.count() as f64, "not in seconds");
    }
}

fn series<'a>(
    attributes: impl Iterator<Item = &'a steadfast_telemetry::opentelemetry::KeyValue>,
) -> Series {
    attributes
        .map(|one| (one.key.to_string(), one.value.to_string()))
        .collect()
}

fn total(measured: &[(Series, u64)]) -> u64 {
    measured.iter().map(|(_, count)| count).sum()
}

/// How many there are of each error type.
fn by_error(measured: Vec<(Series, u64)>) -> BTreeMap<String, u64> {
    let by_error = measured.into_iter().map(|(mut series, count)| {
        let error = series.remove("error.type");
        (error.unwrap_or_default(), count)
    });
    by_error.collect()
}

fn of(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let counts = counts.iter();
    counts
        .map(|&(error, count)| (error.to_owned(), count))
        .collect()
}

#[tokio::test]
async fn counts_are_those_of_the_messages() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let publisher = watched.publisher();
    broker.on_publish(|message, _| match message.text() {
        "return" => Answer::Return,
        "nack" => Answer::Nack,
        _ => Answer::Ack,
    });
    for (text, count) in [("ack", 20), ("nack", 7), ("return", 3)] {
        for number in 0..count {
            let message = Message::new("", format!("q.{number}"), text);
            let _ = publisher.publish(message).await;
        }
    }
    let invalid = Message::new("", "q", "ack").message_id("x".repeat(300));
    publisher.publish(invalid).await.unwrap_err();

    let sent = watched.sent();
    assert_eq!(total(&sent), broker.received().len() as u64);
    let answers = [("", 20), ("nacked", 7), ("returned", 3)];
    assert_eq!(by_error(sent), of(&answers));
    let operations = watched.operations();
    assert_eq!(total(&operations), watched.spans().len() as u64);
    let ends = [("", 20), ("nacked", 7), ("returned", 3), ("invalid", 1)];
    assert_eq!(by_error(operations), of(&ends));
}

#[tokio::test]
async fn series_are_told_apart_by_exchange_or_template_and_broker() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let publisher = watched.publisher();
    publisher.publish(order()).await.unwrap();
    let customer = Message::new("orders", "customer.17", "x");
    let customer = customer.destination_template("orders:customer.{id}");
    publisher.publish(customer).await.unwrap();

    let (host, port) = broker.address();
    let expected = |destination: (&str, &str), more: Option<(&str, &str)>| {
        let port = port.to_string();
        let common = [
            destination,
            ("messaging.operation.name", "publish"),
            ("messaging.system", "rabbitmq"),
            ("server.address", &host),
            ("server.port", &port),
        ];
        let all = common.into_iter().chain(more);
        all.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect::<Series>()
    };
    let exchange = ("messaging.destination.name", "orders");
    let template = ("messaging.destination.template", "orders:customer.{id}");
    let send = Some(("messaging.operation.type", "send"));
    for (measured, more) in [(watched.sent(), None), (watched.operations(), send)] {
        assert_eq!(measured.len(), 2);
        for destination in [exchange, template] {
            let series = (expected(destination, more), 1);
            assert!(measured.contains(&series), "{series:?} in {measured:?}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_sent_again_counts_each_time_and_is_one_operation() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, before| match before {
        0 | 1 => Answer::HangUp,
        _ => Answer::Ack,
    });
    let watched = watched(&broker).await;
    watched.publisher().publish(order()).await.unwrap();
    assert_eq!(by_error(watched.sent()), of(&[("", 1), ("lapin", 2)]));
    assert_eq!(by_error(watched.operations()), of(&[("", 1)]));
    assert_eq!(watched.connection.snapshot().publishes.republished, 2);
}
