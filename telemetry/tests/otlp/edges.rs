//! Odd addresses, odd numbers, and odd moments.

use std::time::Duration;

use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
use steadfast_telemetry::opentelemetry::trace::{Span, Tracer, TracerProvider};
use steadfast_testkit::{OtlpReply, OtlpSignal};

use crate::protocol::counted;
use crate::support::{LONG, SHORT, Wire, span, with_variables};

#[tokio::test]
async fn an_address_may_end_in_a_slash() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let slash = format!("{}/", receiver.endpoint());
        let otlp = wire.builder(&slash, &[]).build().unwrap();
        span(&otlp);
        counted(&otlp);
        otlp.shutdown(LONG).await.unwrap();
        assert_eq!(receiver.requests().len(), 2, "{wire:?}");
    }
}

#[tokio::test]
async fn the_address_of_a_signal_is_taken_as_it_is() {
    let receiver = Wire::Http.receiver().await;
    let bare = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.endpoint())];
    let bare = bare.map(|(name, value)| (name.to_owned(), value));
    let otlp = with_variables(bare.into()).metrics(false).build().unwrap();
    span(&otlp);
    otlp.shutdown(LONG).await.unwrap_err();
    assert_eq!(receiver.malformed(), ["POST /: no such path"]);
}

#[tokio::test]
async fn an_address_may_be_one_of_ipv6() {
    use tokio::io::AsyncReadExt;
    for wire in Wire::BOTH {
        let listener = tokio::net::TcpListener::bind("[::1]:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let otlp = wire.builder(&endpoint, &[]).build().unwrap();
        span(&otlp);
        let flushed = tokio::spawn(async move { otlp.force_flush(LONG).await });
        let accepted = tokio::time::timeout(LONG, listener.accept()).await;
        let (mut stream, _) = accepted.unwrap().unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'P', "{wire:?}");
        drop((stream, listener));
        flushed.await.unwrap().unwrap_err();
    }
}

#[tokio::test]
async fn the_longest_times_are_no_trouble() {
    let longest = u64::MAX.to_string();
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let more: Vec<_> = [
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "OTEL_METRIC_EXPORT_INTERVAL",
            "OTEL_METRIC_EXPORT_TIMEOUT",
            "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_BSP_EXPORT_TIMEOUT",
        ]
        .map(|name| (name, longest.as_str()))
        .into();
        let otlp = wire.builder(&receiver.endpoint(), &more).build().unwrap();
        span(&otlp);
        counted(&otlp);
        let flushed = tokio::time::timeout(LONG, otlp.force_flush(Duration::MAX)).await;
        flushed.unwrap().unwrap();
        let shut = tokio::time::timeout(LONG, otlp.shutdown(Duration::MAX)).await;
        shut.unwrap().unwrap();
        assert_eq!(receiver.wait_for(OtlpSignal::Traces, 1).await.len(), 1);
    }
}

#[tokio::test]
async fn what_comes_after_a_shutdown_does_nothing_and_waits_for_nothing() {
    let receiver = Wire::Http.receiver().await;
    let otlp = Wire::Http.otlp(&receiver);
    let tracer = otlp.tracer_provider().unwrap().tracer("test");
    let meter = otlp.meter_provider().unwrap().meter("test");
    let counter = meter.u64_counter("late").build();
    let mut early = tracer.start("begun before");
    otlp.shutdown(LONG).await.unwrap();
    early.end();
    tracer.start("begun after").end();
    counter.add(1, &[]);
    let after = otlp.snapshot();
    assert_eq!((after.spans_waiting, after.spans_dropped), (0, 0));
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn a_callback_of_the_application_that_panics_holds_up_no_shutdown() {
    let receiver = Wire::Http.receiver().await;
    let otlp = Wire::Http.otlp(&receiver);
    let meter = otlp.meter_provider().unwrap().meter("test");
    let gauge = meter.u64_observable_gauge("bad");
    let _gauge = gauge.with_callback(|_| panic!("bad")).build();
    span(&otlp);
    // It has ended the thread that collects.
    let undelivered = otlp.force_flush(LONG).await.unwrap_err();
    assert!(
        undelivered.metrics && undelivered.spans == 0,
        "{undelivered}"
    );
    let patient = LONG * 1000;
    let shut = tokio::time::timeout(LONG, otlp.shutdown(patient)).await;
    let undelivered = shut.unwrap().unwrap_err();
    assert!(
        undelivered.metrics && !undelivered.timed_out,
        "{undelivered}"
    );
}

/// How many threads there are that wait for the SDK, in all tests of this process.
#[cfg(target_os = "linux")]
fn waiting_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    // The kernel keeps fifteen letters.
    names
        .filter(|name| name.trim() == "steadfast-otlp-")
        .count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn flushes_that_hang_do_not_pile_up_as_threads() {
    let receiver = Wire::Http.receiver().await;
    receiver.otherwise(OtlpReply::hang());
    let otlp = Wire::Http.otlp(&receiver);
    span(&otlp);
    counted(&otlp);
    for _ in 0..50 {
        let impatient = Duration::from_millis(2);
        assert!(otlp.force_flush(impatient).await.unwrap_err().timed_out);
    }
    let threads = waiting_threads();
    assert!(threads < 40, "{threads}");
    otlp.shutdown(SHORT).await.unwrap_err();
}

#[tokio::test]
async fn a_patient_flush_waits_on_when_the_sdk_has_given_up_after_its_five_seconds() {
    let receiver = Wire::Http.receiver().await;
    let late = OtlpReply::late(Duration::from_secs(6));
    receiver.script(OtlpSignal::Traces, [late]);
    let otlp = Wire::Http.otlp(&receiver);
    span(&otlp);
    // In the time it takes nothing goes out by itself: the variables say once an hour, and not the default.
    let other = Wire::Http.receiver().await;
    let hourly = Wire::Http.otlp(&other);
    span(&hourly);
    otlp.force_flush(LONG).await.unwrap();
    assert_eq!(otlp.snapshot().spans_delivered, 1);
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn the_reason_is_of_what_was_lost_and_not_of_long_ago() {
    let receiver = Wire::Http.receiver().await;
    let one = [("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &one)
        .build()
        .unwrap();
    // Of two batches the first is lost, and the second is not.
    receiver.script(
        OtlpSignal::Traces,
        [OtlpReply::late(SHORT), OtlpReply::refused()],
    );
    for _ in 0..3 {
        span(&otlp);
    }
    let undelivered = otlp.force_flush(LONG).await.unwrap_err();
    assert_eq!(undelivered.spans, 1);
    assert!(
        undelivered
            .reason
            .is_some_and(|reason| reason.contains("400"))
    );
    // That is over.
    receiver.otherwise(OtlpReply::hang());
    span(&otlp);
    let undelivered = otlp.shutdown(SHORT).await.unwrap_err();
    assert!(undelivered.timed_out);
    assert_eq!(undelivered.reason, None);
}

#[tokio::test]
async fn the_reason_may_be_one_of_before_if_nothing_has_succeeded_since() {
    let receiver = Wire::Http.receiver().await;
    receiver.script(OtlpSignal::Traces, [OtlpReply::refused()]);
    let otlp = Wire::Http.otlp(&receiver);
    span(&otlp);
    otlp.force_flush(LONG).await.unwrap_err();
    counted(&otlp);
    otlp.force_flush(LONG).await.unwrap();
    receiver.otherwise(OtlpReply::hang());
    span(&otlp);
    let undelivered = otlp.shutdown(SHORT).await.unwrap_err();
    assert!(
        undelivered
            .reason
            .is_some_and(|reason| reason.contains("400"))
    );
}
