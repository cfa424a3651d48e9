//! What becomes of spans whose export fails or hangs.

use steadfast_telemetry::opentelemetry::trace::{Span, Tracer, TracerProvider};
use steadfast_testkit::{OtlpReply, OtlpSignal};

use crate::protocol::counted;
use crate::support::{LONG, SHORT, Wire, eventually, span};

#[tokio::test]
async fn spans_that_find_the_queue_full_are_dropped_and_counted() {
    let receiver = Wire::Http.receiver().await;
    receiver.otherwise(OtlpReply::hang());
    let queue = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
    ];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &queue)
        .build()
        .unwrap();
    for _ in 0..4 {
        span(&otlp);
    }
    // The first batch is on its way and hangs there.
    receiver.wait_for(OtlpSignal::Traces, 1).await;
    let tracer = otlp.tracer_provider().unwrap().tracer("test");
    for _ in 0..1000 {
        tracer.start("more").end();
    }
    let snapshot = otlp.snapshot();
    assert_eq!(
        (snapshot.spans_waiting, snapshot.spans_dropped),
        (4 + 8, 992)
    );
    let undelivered = otlp.shutdown(SHORT).await.unwrap_err();
    assert_eq!(undelivered.spans, 12);
}

#[tokio::test]
async fn an_export_that_hangs_ends_with_its_timeout() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        receiver.script(OtlpSignal::Traces, [OtlpReply::hang()]);
        let timeout = [("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")];
        let otlp = wire
            .builder(&receiver.endpoint(), &timeout)
            .build()
            .unwrap();
        span(&otlp);
        let undelivered = otlp.force_flush(LONG).await.unwrap_err();
        assert_eq!(
            (undelivered.spans, undelivered.timed_out),
            (1, false),
            "{undelivered}"
        );
        eventually("the hanging request is given up", || {
            receiver.in_flight() == 0
        })
        .await;
        // The next one finds its way.
        span(&otlp);
        counted(&otlp);
        otlp.shutdown(LONG).await.unwrap();
    }
}

#[tokio::test]
async fn the_shorter_of_the_two_timeouts_of_a_signal_counts() {
    let receiver = Wire::Http.receiver().await;
    receiver.otherwise(OtlpReply::hang());
    let short = [
        ("OTEL_BSP_EXPORT_TIMEOUT", "200"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "200"),
    ];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &short)
        .build()
        .unwrap();
    span(&otlp);
    counted(&otlp);
    let undelivered = otlp.force_flush(LONG).await.unwrap_err();
    assert!(!undelivered.timed_out, "{undelivered}");
    let snapshot = otlp.snapshot();
    assert_eq!((snapshot.spans_failed, snapshot.metrics_failed), (1, 1));
    otlp.shutdown(SHORT).await.unwrap_err();
}
