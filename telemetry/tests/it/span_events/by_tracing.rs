//! The span is one of `tracing`, which tracing-opentelemetry makes the current one of OpenTelemetry
//! while it is entered. That is its default (`with_context_activation(true)`).

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use steadfast_telemetry::opentelemetry::trace::TracerProvider;
use steadfast_telemetry::{
    EventSink, EventSinks, HttpHead, HttpStart, MessagingStart, Source, SpanEvents,
};
use tracing::Instrument;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;

use super::{RETRIED, Tracing, events, retry, telemetry};

fn subscriber(tracing: &Tracing) -> impl tracing::Subscriber + Send + Sync + 'static {
    let tracer = tracing.provider.tracer("application");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    tracing_subscriber::registry().with(layer)
}

#[derive(Default)]
struct Client(EventSinks);

impl Source for Client {
    fn name(&self) -> &str {
        "billing"
    }

    fn watched(&self, sink: EventSink) {
        self.0.add(sink);
    }
}

fn start() -> HttpStart {
    HttpStart::new("billing", "GET", "http://pay.example/", "pay.example")
}

fn by_name<'s>(spans: &'s [SpanData], name: &str) -> &'s SpanData {
    let mut of_name = spans.iter().filter(|span| span.name == name);
    let span = of_name.next().unwrap();
    assert!(of_name.next().is_none(), "two are named {name}");
    span
}

#[tokio::test(start_paused = true)]
async fn retries_are_told_to_the_span_that_instruments_the_future_across_its_waits() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::RETRIES);
    let retry = retry();
    telemetry.watch(&retry);
    let order = async {
        let fails = retry.call(|_| async { Err::<(), _>("no") });
        let _ = fails.instrument(tracing::info_span!("order")).await;
    };
    // Another future on the same thread has a span of its own meanwhile.
    let other = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
    };
    let both = async {
        tokio::join!(order, other.instrument(tracing::info_span!("other")));
    };
    both.with_subscriber(subscriber(&tracing)).await;
    let spans = tracing.spans();
    assert_eq!(events(by_name(&spans, "order")), RETRIED);
    assert!(events(by_name(&spans, "other")).is_empty());
}

#[test]
fn retries_are_told_to_a_span_that_is_entered() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::RETRIES);
    let retry = steadfast_retry::Retry::builder("stock").max_attempts(2);
    let retry = retry.base_backoff(Duration::ZERO).build().unwrap();
    telemetry.watch(&retry);
    tracing::subscriber::with_default(subscriber(&tracing), || {
        tracing::info_span!("order").in_scope(|| {
            let _ = retry.call_blocking(|_| Err::<(), _>("no"));
        });
    });
    assert_eq!(tracing.events().len(), 2);
}

#[tokio::test]
async fn the_spans_of_clients_are_children_of_the_span_that_instruments_the_future() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::NONE);
    let client = Arc::new(Client::default());
    telemetry.watch(&client);
    let calls = async {
        tokio::task::yield_now().await;
        let call = client.0.http_call(start).unwrap();
        let mut attempt = call.attempt(0);
        tokio::task::yield_now().await;
        attempt.answered(&HttpHead::new(200), Duration::ZERO);
        attempt.ended();
        call.answered(1, 200);
        let publish = || MessagingStart::new("orders", "orders", "created");
        drop(client.0.messaging_publish(publish));
    };
    // The span must be made where the subscriber is.
    let calls = async { calls.instrument(tracing::info_span!("order")).await };
    calls.with_subscriber(subscriber(&tracing)).await;

    let spans = tracing.spans();
    let order = by_name(&spans, "order");
    let ours = spans.iter().filter(|span| span.name == "GET");
    let ours: Vec<_> = ours.collect();
    let [attempt, call] = ours[..] else {
        panic!("{spans:?}");
    };
    assert_eq!(attempt.parent_span_id, call.span_context.span_id());
    let publish = spans
        .iter()
        .find(|span| span.name.starts_with("publish"))
        .unwrap();
    for span in [call, publish] {
        assert_eq!(span.parent_span_id, order.span_context.span_id());
        let trace = order.span_context.trace_id();
        assert_eq!(span.span_context.trace_id(), trace);
    }
}
