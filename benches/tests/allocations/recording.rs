//! What telemetry records as it happens, through bound instruments: nothing is allocated for it.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use steadfast_telemetry::{
    EventSink, EventSinks, HttpHead, HttpStart, MessagingStart, Source, Telemetry,
};

use super::{CALLS, allocations};

const TOOK: Duration = Duration::from_millis(12);

#[derive(Default)]
struct Client(EventSinks);

impl Source for Client {
    fn name(&self) -> &str {
        "bench"
    }

    fn watched(&self, sink: EventSink) {
        self.0.add(sink);
    }
}

fn watched() -> (Arc<Client>, Telemetry) {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let telemetry = Telemetry::builder().meter_provider(&provider);
    let telemetry = telemetry.build().unwrap();
    let client = Arc::new(Client::default());
    telemetry.watch(&client);
    (client, telemetry)
}

#[test]
fn the_duration_of_an_attempt_allocates_nothing() {
    let (client, _telemetry) = watched();
    let start = || HttpStart::new("bench", "GET", "http://pay.internal/", "pay.internal").port(80);
    let call = client.0.http_call(start).unwrap();
    let mut attempts: Vec<_> = (0..=CALLS).map(|_| call.attempt(0)).collect();
    let mut waiting = attempts.iter_mut();
    let head = HttpHead::new(200).version("1.1");
    let answered = || waiting.next().unwrap().answered(&head, TOOK);
    assert_eq!(allocations(answered), 0);
}

#[test]
fn a_message_that_was_sent_allocates_nothing_to_be_counted() {
    let (client, _telemetry) = watched();
    let publish = |_| {
        let start = || MessagingStart::new("bench", "orders", "created").server("broker", 5672);
        let mut publish = client.0.messaging_publish(start).unwrap();
        publish.sent();
        publish
    };
    let mut published: Vec<_> = (0..=CALLS).map(publish).collect();
    let mut waiting = published.iter_mut();
    assert_eq!(allocations(|| waiting.next().unwrap().answered(None)), 0);
}
