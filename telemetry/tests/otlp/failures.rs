//! What failing exports do to the calls that are exported: nothing.

use std::net::TcpListener;

use steadfast_telemetry::opentelemetry::trace::{Span, Tracer, TracerProvider};
use steadfast_testkit::{OtlpReply, OtlpSignal};

use crate::protocol::counted;
use crate::support::{LONG, SHORT, Wire, eventually, span};

#[cfg(feature = "breaker")]
#[tokio::test]
async fn a_receiver_that_is_not_there_disturbs_no_call() {
    for wire in Wire::BOTH {
        // Bound and not listening to anybody once it is dropped.
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", gone.local_addr().unwrap());
        drop(gone);
        let otlp = wire.builder(&endpoint, &[]).build().unwrap();
        let telemetry = otlp.telemetry().build().unwrap();
        let breaker = steadfast_breaker::CircuitBreaker::builder("card")
            .build()
            .unwrap();
        telemetry.watch(&breaker);
        for _ in 0..100 {
            breaker.call(async || Ok::<_, ()>(())).await.unwrap();
            span(&otlp);
        }
        assert_eq!(breaker.snapshot().totals.success, 100);
        let undelivered = otlp.shutdown(LONG).await.unwrap_err();
        assert_eq!(
            (undelivered.spans, undelivered.metrics),
            (100, true),
            "{undelivered}"
        );
        assert!(!undelivered.timed_out, "{undelivered}");
    }
}

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
        let timeout = [("OTEL_EXPORTER_OTLP_TIMEOUT", "50")];
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
