//! How it is sent: compression, headers, retries, partial success.

use std::time::Duration;
use steadfast_testkit::{OtlpReply, OtlpSignal};

use crate::support::{LONG, Wire, span};

#[tokio::test]
async fn headers_arrive_once_and_decoded_over_both_protocols() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let headers = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "X-Tenant=everybody"),
            (
                "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                "X-Tenant=a%20b%2525,authorization=Bearer%20abc",
            ),
        ];
        let otlp = wire
            .builder(&receiver.endpoint(), &headers)
            .build()
            .unwrap();
        span(&otlp);
        otlp.force_flush(LONG).await.unwrap();
        let requests = receiver.wait_for(OtlpSignal::Traces, 1).await;
        let tenants = requests[0]
            .headers
            .iter()
            .filter(|(name, _)| name == "x-tenant");
        let tenants: Vec<_> = tenants.map(|(_, value)| value.as_str()).collect();
        assert_eq!(tenants, ["a b%25"], "{wire:?}");
        assert_eq!(requests[0].header("authorization"), Some("Bearer abc"));
        let agent = requests[0].header("user-agent").unwrap();
        assert!(agent.starts_with("OTel-OTLP-Exporter-Rust/"), "{agent}");
    }
}

#[tokio::test]
async fn each_signal_may_be_compressed_for_itself() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let gzip = [("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip")];
        let otlp = wire.builder(&receiver.endpoint(), &gzip).build().unwrap();
        let _telemetry = otlp.telemetry().build().unwrap();
        otlp.meter_provider().unwrap();
        counted(&otlp);
        span(&otlp);
        otlp.force_flush(LONG).await.unwrap();
        let traces = receiver.wait_for(OtlpSignal::Traces, 1).await;
        let metrics = receiver.wait_for(OtlpSignal::Metrics, 1).await;
        assert!(traces[0].compressed && !metrics[0].compressed, "{wire:?}");
        assert_eq!(
            traces[0].traces().resource_spans[0].scope_spans[0].spans[0].name,
            "work"
        );
    }
}

/// A metric with a value, without which a collection has nothing to export.
pub(crate) fn counted(otlp: &steadfast_telemetry::Otlp) {
    use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
    let meter = otlp.meter_provider().unwrap().meter("test");
    meter.u64_counter("orders").build().add(1, &[]);
}

#[tokio::test]
async fn what_was_unavailable_is_sent_again_and_taken_once() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        for signal in [OtlpSignal::Traces, OtlpSignal::Metrics] {
            let soon = OtlpReply::retry_after(Duration::from_millis(20));
            receiver.script(signal, [OtlpReply::unavailable(), soon]);
        }
        let otlp = wire.otlp(&receiver);
        span(&otlp);
        counted(&otlp);
        otlp.force_flush(LONG).await.unwrap();
        for signal in [OtlpSignal::Traces, OtlpSignal::Metrics] {
            let requests = receiver.wait_for(signal, 3).await;
            let accepted: Vec<_> = requests.iter().map(|request| request.accepted).collect();
            assert_eq!(accepted, [false, false, true], "{wire:?} {signal:?}");
            assert_eq!(requests[0].raw, requests[2].raw, "the same, again");
        }
        // Nothing is sent once more later.
        otlp.shutdown(LONG).await.unwrap();
        let spans = receiver.wait_for(OtlpSignal::Traces, 3).await;
        assert_eq!(spans.len(), 3);
        let snapshot = otlp.snapshot();
        assert_eq!((snapshot.spans_delivered, snapshot.spans_failed), (1, 0));
        assert_eq!(
            (snapshot.metrics_delivered, snapshot.metrics_failed),
            (2, 0)
        );
    }
}

#[tokio::test]
async fn a_receiver_that_stays_unavailable_is_tried_four_times_and_then_the_spans_are_lost() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        receiver.otherwise(OtlpReply::unavailable());
        let otlp = wire
            .builder(&receiver.endpoint(), &[])
            .metrics(false)
            .build()
            .unwrap();
        span(&otlp);
        let undelivered = otlp.force_flush(LONG).await.unwrap_err();
        assert_eq!(
            (undelivered.spans, undelivered.metrics),
            (1, false),
            "{undelivered}"
        );
        assert!(!undelivered.timed_out);
        let reason = undelivered.reason.unwrap();
        let status = if wire == Wire::Http {
            "503"
        } else {
            "Unavailable"
        };
        assert!(reason.contains(status), "{reason}");
        assert_eq!(receiver.requests().len(), 4);
        assert_eq!(otlp.snapshot().spans_failed, 1);
        // The shutdown has lost nothing more.
        otlp.shutdown(LONG).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_refused_is_not_sent_again() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        receiver.script(OtlpSignal::Traces, [OtlpReply::refused()]);
        let otlp = wire.otlp(&receiver);
        span(&otlp);
        let undelivered = otlp.force_flush(LONG).await.unwrap_err();
        assert_eq!(undelivered.spans, 1, "{undelivered}");
        otlp.shutdown(LONG).await.unwrap();
        let requests = receiver.wait_for(OtlpSignal::Traces, 1).await;
        assert_eq!(requests.len(), 1, "{wire:?}");
    }
}

#[tokio::test]
async fn partial_success_is_not_sent_again() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        for signal in [OtlpSignal::Traces, OtlpSignal::Metrics] {
            receiver.script(signal, [OtlpReply::partial(1, "too old")]);
        }
        let otlp = wire.otlp(&receiver);
        span(&otlp);
        counted(&otlp);
        otlp.force_flush(LONG).await.unwrap();
        let snapshot = otlp.snapshot();
        assert_eq!(
            (snapshot.spans_delivered, snapshot.metrics_delivered),
            (1, 1)
        );
        assert_eq!(receiver.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_made_again() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        receiver.script(OtlpSignal::Traces, [OtlpReply::reset()]);
        let otlp = wire
            .builder(&receiver.endpoint(), &[])
            .metrics(false)
            .build()
            .unwrap();
        span(&otlp);
        let first = otlp.force_flush(LONG).await;
        span(&otlp);
        otlp.force_flush(LONG).await.unwrap();
        let requests = receiver.wait_for(OtlpSignal::Traces, 2).await;
        assert!(requests.last().unwrap().accepted);
        // OpenTelemetry's gRPC exporter takes it for an error of no known kind, and tries no more.
        assert_eq!(first.is_ok(), wire == Wire::Http, "{first:?}");
    }
}

#[cfg(feature = "otlp-tls")]
#[tokio::test]
async fn an_address_that_asks_for_tls_is_greeted_in_tls() {
    use tokio::io::AsyncReadExt;
    for wire in Wire::BOTH {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let otlp = wire.builder(&endpoint, &[]).build().unwrap();
        span(&otlp);
        let flushed = tokio::spawn(async move { otlp.force_flush(LONG).await });
        let accepted = tokio::time::timeout(LONG, listener.accept()).await;
        let (mut stream, _) = accepted.unwrap().unwrap();
        // A record of a handshake; nothing of the request is sent before its end.
        assert_eq!(stream.read_u8().await.unwrap(), 0x16, "{wire:?}");
        drop((stream, listener));
        assert!(flushed.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn both_signals_are_exported_by_themselves_in_the_times_of_the_variables() {
    let receiver = Wire::Http.receiver().await;
    let often = [
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &often)
        .build()
        .unwrap();
    span(&otlp);
    counted(&otlp);
    receiver.wait_for(OtlpSignal::Traces, 1).await;
    receiver.wait_for(OtlpSignal::Metrics, 2).await;
    otlp.shutdown(LONG).await.unwrap();
}
