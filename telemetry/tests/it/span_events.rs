//! What the plain patterns tell the span that is current: by the OpenTelemetry API alone, and by
//! `tracing` with tracing-opentelemetry.

mod by_tracing;

use std::time::Duration;

use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, SpanData};
use steadfast_breaker::{CircuitBreaker, Keyed};
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::{Jitter, Retry};
use steadfast_telemetry::opentelemetry::Context;
use steadfast_telemetry::opentelemetry::trace::{
    Event as SpanEvent, FutureExt, TraceContextExt, Tracer, TracerProvider,
};
use steadfast_telemetry::{EventKind, EventSink, EventSinks, Source, SpanEvents, Telemetry};

/// A tracer provider, and what it exports.
pub(crate) struct Tracing {
    pub(crate) provider: SdkTracerProvider,
    exporter: InMemorySpanExporter,
}

impl Tracing {
    pub(crate) fn new() -> Self {
        Self::sampled(Sampler::AlwaysOn)
    }

    fn sampled(sampler: Sampler) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .with_sampler(sampler)
            .build();
        Self { provider, exporter }
    }

    /// A context with a new span.
    fn span(&self, name: &'static str) -> Context {
        let tracer = self.provider.tracer("application");
        Context::new().with_span(tracer.start(name))
    }

    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// The events of the one finished span, each in a line: its name, then its attributes.
    pub(crate) fn events(&self) -> Vec<String> {
        let spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:?}");
        events(&spans[0])
    }
}

pub(crate) fn events(span: &SpanData) -> Vec<String> {
    let line = |event: &SpanEvent| {
        let attributes = event.attributes.iter();
        let attributes = attributes.map(|one| format!(" {}={}", one.key, one.value));
        format!("{}{}", event.name, attributes.collect::<String>())
    };
    span.events.iter().map(line).collect()
}

pub(crate) fn retry() -> Retry {
    let builder = Retry::builder("stock").max_attempts(3);
    let builder = builder.base_backoff(Duration::from_millis(100));
    builder.jitter(Jitter::None).build().unwrap()
}

/// With one place, and one who may wait for it.
fn bulkhead() -> Bulkhead {
    let builder = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_waiting(1);
    let builder = builder.checkout_timeout(Duration::from_secs(5));
    builder.build().unwrap()
}

fn telemetry(tracing: &Tracing, events: SpanEvents) -> Telemetry {
    let builder = Telemetry::builder().tracer_provider(&tracing.provider);
    builder.span_events(events).build().unwrap()
}

const RETRIED: [&str; 3] = [
    "resilience.retry resilience.name=stock resilience.attempts=1 resilience.wait=0.1",
    "resilience.retry resilience.name=stock resilience.attempts=2 resilience.wait=0.2",
    "resilience.gave_up resilience.name=stock resilience.attempts=3 error.type=exhausted",
];

#[tokio::test(start_paused = true)]
async fn retries_are_told_to_the_span_across_the_waits_between_them() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::RETRIES);
    let retry = retry();
    telemetry.watch(&retry);
    let fails = retry.call(|_| async { Err::<(), _>("no") });
    let _ = fails.with_context(tracing.span("order")).await;
    assert_eq!(tracing.events(), RETRIED);
}

#[test]
fn retries_of_blocking_calls_are_told_as_well() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::RETRIES);
    let retry = Retry::builder("stock").max_attempts(2);
    let retry = retry.base_backoff(Duration::ZERO).build().unwrap();
    telemetry.watch(&retry);
    let attached = tracing.span("order").attach();
    let _ = retry.call_blocking(|_| Err::<(), _>("no"));
    drop(attached);
    assert_eq!(
        tracing.events(),
        [
            "resilience.retry resilience.name=stock resilience.attempts=1 resilience.wait=0",
            "resilience.gave_up resilience.name=stock resilience.attempts=2 error.type=exhausted",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn each_who_waits_in_line_is_told_in_its_own_span() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::WAITS);
    let bulkhead = bulkhead();
    telemetry.watch(&bulkhead);
    let permit = bulkhead.acquire().await.unwrap();
    let holder = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(permit);
    };
    let waits = async { drop(bulkhead.acquire().await.unwrap()) };
    tokio::join!(
        holder.with_context(tracing.span("holder")),
        waits.with_context(tracing.span("waits")),
    );
    let spans = tracing.spans();
    let by_name = |name| spans.iter().find(|span| span.name == name).unwrap();
    assert!(
        events(by_name("holder")).is_empty(),
        "it gave the place back"
    );
    assert_eq!(
        events(by_name("waits")),
        [
            "resilience.queued resilience.name=reports",
            "resilience.acquired resilience.name=reports resilience.wait=2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_vain_and_a_refusal_at_once_are_rejections() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::ALL);
    let bulkhead = bulkhead();
    telemetry.watch(&bulkhead);
    let _permit = bulkhead.acquire().await.unwrap();
    let calls = async {
        let waits = async { drop(bulkhead.acquire().await.unwrap_err()) };
        let refused = async { drop(bulkhead.acquire().await.unwrap_err()) };
        tokio::join!(waits, refused);
    };
    calls.with_context(tracing.span("order")).await;
    assert_eq!(
        tracing.events(),
        [
            "resilience.queued resilience.name=reports",
            "resilience.rejected resilience.name=reports error.type=bulkhead_full",
            "resilience.rejected resilience.name=reports error.type=bulkhead_timeout \
             resilience.wait=5",
        ]
    );
}

fn open() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("payments").failure_threshold(1);
    let breaker = builder.build().unwrap();
    let _ = breaker.call_blocking(|| Err::<(), _>("no"));
    breaker
}

#[test]
fn the_rejections_of_a_breaker_are_told_if_they_are_asked_for() {
    let tracing = Tracing::new();
    let breaker = open();
    let telemetry = telemetry(&tracing, SpanEvents::REJECTIONS);
    telemetry.watch(&breaker);
    let attached = tracing.span("order").attach();
    assert!(breaker.call_blocking(|| Ok::<_, ()>(())).is_err());
    drop(attached);
    assert_eq!(
        tracing.events(),
        ["resilience.rejected resilience.name=payments error.type=circuit_open"]
    );
}

#[tokio::test(start_paused = true)]
async fn by_default_retries_and_waits_are_told_to_whoever_gave_a_tracer_provider() {
    for given in [true, false] {
        let tracing = Tracing::new();
        let mut builder = Telemetry::builder();
        if given {
            builder = builder.tracer_provider(&tracing.provider);
        }
        let telemetry = builder.build().unwrap();
        let (breaker, retry, bulkhead) = (open(), retry(), bulkhead());
        telemetry.watch(&breaker);
        telemetry.watch(&retry);
        telemetry.watch(&bulkhead);
        let calls = async {
            let _ = breaker.call(async || Ok::<_, ()>(())).await;
            let _ = retry.call(|_| async { Err::<(), _>("no") }).await;
            let _permit = bulkhead.acquire().await.unwrap();
            let _ = tokio::join!(bulkhead.acquire(), bulkhead.acquire());
        };
        calls.with_context(tracing.span("order")).await;
        let expected: &[&str] = &[
            RETRIED[0],
            RETRIED[1],
            RETRIED[2],
            "resilience.queued resilience.name=reports",
            "resilience.rejected resilience.name=reports error.type=bulkhead_timeout \
             resilience.wait=5",
        ];
        assert_eq!(tracing.events(), if given { expected } else { &[] });
    }
}

#[tokio::test(start_paused = true)]
async fn a_span_that_is_not_recorded_is_told_nothing_and_without_a_span_nothing_happens() {
    let tracing = Tracing::sampled(Sampler::AlwaysOff);
    let telemetry = telemetry(&tracing, SpanEvents::ALL);
    let retry = retry();
    telemetry.watch(&retry);
    let fails = || retry.call(|_| async { Err::<(), _>("no") });
    let _ = fails().with_context(tracing.span("order")).await;
    let _ = fails().await;
    assert!(tracing.spans().is_empty());
}

/// A client that has a retry inside, and tells its own spans.
struct Client {
    retry: Retry,
    bulkhead: Bulkhead,
    sinks: EventSinks,
}

impl Source for Client {
    fn name(&self) -> &str {
        "client"
    }

    fn watched(&self, sink: EventSink) {
        sink.watch(&self.retry);
        self.sinks.add(sink);
        self.sinks.watch(&self.bulkhead);
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_parts_of_a_client_only_waits_in_line_are_told_here() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::ALL);
    let client = std::sync::Arc::new(Client {
        retry: retry(),
        bulkhead: bulkhead(),
        sinks: EventSinks::new(),
    });
    telemetry.watch(&client);
    let mut heard = telemetry.subscribe(EventKind::Retry);
    let calls = async {
        let _ = client.retry.call(|_| async { Err::<(), _>("no") }).await;
        let _permit = client.bulkhead.acquire().await.unwrap();
        let _ = tokio::join!(client.bulkhead.acquire(), client.bulkhead.acquire());
    };
    calls.with_context(tracing.span("order")).await;
    assert_eq!(
        tracing.events(),
        ["resilience.queued resilience.name=reports"]
    );
    assert!(
        heard.try_recv().is_some(),
        "handlers hear of them all the same"
    );
}

/// A client with a circuit breaker for each host, as many as it meets.
struct Hosts(Keyed<&'static str>);

impl Source for Hosts {
    fn name(&self) -> &str {
        "hosts"
    }

    fn watched(&self, sink: EventSink) {
        sink.watch(&self.0);
    }
}

#[test]
fn nor_are_those_of_parts_that_a_part_creates_later() {
    let tracing = Tracing::new();
    let telemetry = telemetry(&tracing, SpanEvents::ALL);
    let builder = Keyed::builder("hosts").breaker(|each| each.failure_threshold(1));
    let hosts = std::sync::Arc::new(Hosts(builder.build().unwrap()));
    telemetry.watch(&hosts);
    let attached = tracing.span("order").attach();
    let _ = hosts
        .0
        .call_blocking(&"late.example", || Err::<(), _>("no"));
    let rejected = hosts.0.call_blocking(&"late.example", || Ok::<_, ()>(()));
    assert!(rejected.is_err());
    drop(attached);
    assert_eq!(tracing.events(), [""; 0]);
}
