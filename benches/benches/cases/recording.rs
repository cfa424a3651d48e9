//! What telemetry records as it happens, through bound instruments: attempts of an HTTP client and messages,
//! without a tracer provider. Beside them the same where there is no room for handles any more, which is the
//! way without the feature `bound`, and the SDK's own histogram.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use steadfast_benches::{Case, clock};
use steadfast_telemetry::opentelemetry::KeyValue;
use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
use steadfast_telemetry::{
    EventSink, EventSinks, HttpCall, HttpHead, HttpStart, MessagingPublish, MessagingStart, Source,
    Telemetry,
};

const TOOK: Duration = Duration::from_millis(12);
const HOST: &str = "billing.internal";
const URL: &str = "https://billing.internal/orders/7";
const TEMPLATE: &str = "/orders/{id}";

/// More than there is room for.
const CROWD: u64 = 300;

pub(crate) fn cases() -> Vec<Case> {
    let provider = provider();
    let histogram = provider.meter("bench").f64_histogram("duration").build();
    let bound = histogram.bind(&attributes());
    let bound = move || {
        let _exports = &provider;
        bound.record(0.012);
    };
    vec![
        Case::new("http_duration", records(Client::new()))
            .beside("ours_unbound", records(Client::new().crowded()))
            .beside(
                "sdk_record",
                looped(move || histogram.record(0.012, &attributes())),
            )
            .beside("sdk_bound", looped(bound)),
        Case::new("http_call_watched", calls(Client::new()))
            .beside("ours_unbound", calls(Client::new().crowded()))
            .beside("ours_among_others", calls(Client::new().met_many())),
        Case::new("publish_watched", publishes(Client::new()))
            .beside("ours_unbound", publishes(Client::new().crowded())),
    ]
}

struct Client {
    source: Arc<Sinks>,
    /// They end with their last handle.
    _kept: (Telemetry, SdkMeterProvider),
    template: Arc<str>,
}

#[derive(Default)]
struct Sinks(EventSinks);

impl Source for Sinks {
    fn name(&self) -> &str {
        "bench"
    }

    fn watched(&self, sink: EventSink) {
        self.0.add(sink);
    }
}

impl Client {
    fn new() -> Self {
        let provider = provider();
        let telemetry = Telemetry::builder().meter_provider(&provider);
        let telemetry = telemetry.build().expect("a sound configuration");
        let source = Arc::new(Sinks::default());
        telemetry.watch(&source);
        Self {
            source,
            _kept: (telemetry, provider),
            template: Arc::from(TEMPLATE),
        }
    }

    /// With series of other requests and messages, so many that those to come are not kept.
    fn crowded(self) -> Self {
        for number in 0..CROWD {
            let start = || HttpStart::new("bench", "GET", URL, HOST).port(443);
            let start = || start().template(format!("/{number}"));
            drop(self.source.0.http_call(start));
            let start = || MessagingStart::new("bench", format!("exchange-{number}"), "");
            drop(self.source.0.messaging_publish(start));
        }
        self
    }

    /// Having met so many servers that those to come are told together.
    fn met_many(self) -> Self {
        for number in 0..CROWD {
            let host = format!("shard-{number}.internal");
            let start = || HttpStart::new("bench", "GET", URL, host).port(443);
            drop(self.source.0.http_call(start));
        }
        self
    }

    fn call(&self) -> HttpCall {
        let start = || {
            let start = HttpStart::new("bench", "GET", URL, HOST).port(443);
            start.template(Arc::clone(&self.template))
        };
        self.source.0.http_call(start).expect("it is watched")
    }

    fn publish(&self) -> MessagingPublish {
        let start = || {
            let start = MessagingStart::new("bench", "orders", "order.created");
            start.server("broker.internal", 5672)
        };
        let publish = self.source.0.messaging_publish(start);
        publish.expect("it is watched")
    }
}

/// The head of a response, of attempts that have begun before.
fn records(client: Client) -> impl FnMut(u64) -> Duration {
    let head = HttpHead::new(200).version("1.1");
    move |times| {
        let mut spent = Duration::ZERO;
        let call = client.call();
        let mut left = times;
        while left > 0 {
            let batch = left.min(64);
            left -= batch;
            let mut attempts: Vec<_> = (0..batch).map(|_| call.attempt(0)).collect();
            let start = clock::now();
            for attempt in &mut attempts {
                attempt.answered(&head, TOOK);
            }
            spent += start.elapsed();
            attempts.into_iter().for_each(|attempt| attempt.ended());
        }
        spent
    }
}

/// From the request to the end of the body.
fn calls(client: Client) -> impl FnMut(u64) -> Duration {
    let head = HttpHead::new(200).version("1.1");
    looped(move || {
        let call = client.call();
        let mut attempt = call.attempt(0);
        attempt.answered(&head, TOOK);
        call.answered(1, 200);
        drop(call);
        attempt.ended();
    })
}

/// From the message to its confirm.
fn publishes(client: Client) -> impl FnMut(u64) -> Duration {
    looped(move || {
        let mut publish = client.publish();
        publish.sent();
        publish.answered(None);
        publish.confirmed(TOOK);
    })
}

fn looped(mut operation: impl FnMut()) -> impl FnMut(u64) -> Duration {
    move |times| {
        let start = clock::now();
        (0..times).for_each(|_| operation());
        start.elapsed()
    }
}

/// Exports once a minute.
fn provider() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    SdkMeterProvider::builder().with_reader(reader).build()
}

fn attributes() -> [KeyValue; 6] {
    [
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("http.response.status_code", 200),
        KeyValue::new("network.protocol.version", "1.1"),
        KeyValue::new("server.address", HOST),
        KeyValue::new("server.port", 443),
        KeyValue::new("url.template", TEMPLATE),
    ]
}
