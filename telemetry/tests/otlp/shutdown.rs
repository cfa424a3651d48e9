//! How exporting ends.

use std::sync::mpsc;

use steadfast_telemetry::Otlp;
use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
use steadfast_testkit::{OtlpReceiver, OtlpReply, OtlpSignal};
use tokio::runtime::{Builder, Runtime};

use crate::protocol::counted;
use crate::support::{LONG, SHORT, Wire, eventually, span};

fn runtimes() -> [Runtime; 2] {
    let one = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let current = Builder::new_current_thread().enable_all().build();
    [one.unwrap(), current.unwrap()]
}

/// Something of both signals waits to be exported.
async fn waiting(wire: Wire) -> (OtlpReceiver, Otlp) {
    let receiver = wire.receiver().await;
    let otlp = wire.otlp(&receiver);
    counted(&otlp);
    span(&otlp);
    (receiver, otlp)
}

async fn assert_both_arrived(receiver: &OtlpReceiver) {
    for signal in [OtlpSignal::Traces, OtlpSignal::Metrics] {
        let requests = receiver.wait_for(signal, 1).await;
        assert_eq!(requests.len(), 1);
    }
}

#[test]
fn a_shutdown_delivers_what_waits_on_runtimes_with_one_thread() {
    for wire in Wire::BOTH {
        for runtime in runtimes() {
            runtime.block_on(async {
                let (receiver, otlp) = waiting(wire).await;
                otlp.shutdown(LONG).await.unwrap();
                assert_both_arrived(&receiver).await;
            });
        }
    }
}

#[test]
fn a_shutdown_may_block_the_only_thread_of_a_runtime() {
    for wire in Wire::BOTH {
        for runtime in runtimes() {
            runtime.block_on(async {
                let (receiver, otlp) = waiting(wire).await;
                // On a worker thread, where there is one.
                let shut = tokio::spawn(async move { otlp.shutdown_blocking(LONG) });
                shut.await.unwrap().unwrap();
                assert_both_arrived(&receiver).await;
            });
        }
    }
}

#[test]
fn a_shutdown_needs_no_runtime_and_outlives_the_one_it_was_set_up_in() {
    for wire in Wire::BOTH {
        let [_, runtime] = runtimes();
        let (receiver, otlp) = runtime.block_on(async {
            let (receiver, otlp) = waiting(wire).await;
            // A connection is made while the runtime is there.
            otlp.force_flush(LONG).await.unwrap();
            span(&otlp);
            (receiver, otlp)
        });
        drop(runtime);
        otlp.shutdown_blocking(LONG).unwrap();
        assert_eq!(otlp.snapshot().spans_delivered, 2);
        drop(receiver);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_holds_nothing_up() {
    let (receiver, otlp) = waiting(Wire::Grpc).await;
    otlp.shutdown_blocking(LONG).unwrap();
    assert_eq!(receiver.requests().len(), 2);
}

#[test]
fn a_shutdown_is_bounded_while_the_receiver_hangs_and_says_what_is_lost() {
    for wire in Wire::BOTH {
        for runtime in runtimes() {
            runtime.block_on(async {
                let (receiver, otlp) = waiting(wire).await;
                receiver.otherwise(OtlpReply::hang());
                span(&otlp);
                let undelivered = otlp.shutdown(SHORT).await.unwrap_err();
                assert_eq!((undelivered.spans, undelivered.metrics), (2, true));
                assert!(undelivered.timed_out);
                assert_eq!(
                    undelivered.to_string(),
                    "telemetry was not delivered: 2 spans and the last metrics; time ran out"
                );
                // The threads do not hang on: their exports are cut short.
                eventually("the exports end", || {
                    let snapshot = otlp.snapshot();
                    (snapshot.spans_failed, snapshot.metrics_failed) == (2, 1)
                })
                .await;
                eventually("the connections close", || receiver.in_flight() == 0).await;
            });
        }
    }
}

#[test]
fn a_blocking_shutdown_is_bounded_while_the_receiver_hangs() {
    for wire in Wire::BOTH {
        for runtime in runtimes() {
            runtime.block_on(async {
                let (receiver, otlp) = waiting(wire).await;
                receiver.otherwise(OtlpReply::hang());
                let shut = tokio::spawn(async move { otlp.shutdown_blocking(SHORT) });
                let undelivered = shut.await.unwrap().unwrap_err();
                assert!(
                    undelivered.timed_out && undelivered.metrics,
                    "{undelivered}"
                );
            });
        }
    }
}

#[tokio::test]
async fn a_shutdown_waits_on_when_the_sdk_has_given_up_after_its_five_seconds() {
    let (receiver, otlp) = waiting(Wire::Http).await;
    let late = OtlpReply::late(std::time::Duration::from_secs(6));
    receiver.script(OtlpSignal::Metrics, [late]);
    otlp.shutdown(LONG).await.unwrap();
    assert_eq!(otlp.snapshot().metrics_delivered, 1);
}

#[tokio::test]
async fn a_second_shutdown_gives_the_answer_of_the_first() {
    let (_receiver, otlp) = waiting(Wire::Http).await;
    otlp.shutdown(LONG).await.unwrap();
    otlp.shutdown(LONG).await.unwrap();
    otlp.shutdown_blocking(LONG).unwrap();
    otlp.force_flush(LONG).await.unwrap();

    let (receiver, otlp) = waiting(Wire::Http).await;
    receiver.otherwise(OtlpReply::hang());
    let first = otlp.shutdown(SHORT).await;
    assert!(first.is_err());
    assert_eq!(otlp.clone().shutdown(LONG).await, first);
    assert_eq!(otlp.force_flush_blocking(LONG), first);
}

#[tokio::test]
async fn two_shutdowns_at_a_time_share_the_shorter_timeout() {
    let (receiver, otlp) = waiting(Wire::Grpc).await;
    receiver.otherwise(OtlpReply::hang());
    let patient = LONG * 1000;
    let both = async { tokio::join!(otlp.shutdown(patient), otlp.shutdown(SHORT)) };
    let (first, second) = tokio::time::timeout(LONG, both).await.unwrap();
    assert!(first.is_err());
    assert_eq!(first, second);
}

#[tokio::test]
async fn the_providers_may_have_been_shut_down_by_somebody_else() {
    let (receiver, otlp) = waiting(Wire::Http).await;
    let twin = otlp.clone();
    let by_hand = tokio::task::spawn_blocking(move || {
        twin.tracer_provider().unwrap().shutdown().unwrap();
        twin.meter_provider().unwrap().shutdown().unwrap();
    });
    by_hand.await.unwrap();
    otlp.shutdown(LONG).await.unwrap();
    assert_both_arrived(&receiver).await;
}

#[tokio::test]
async fn a_callback_that_never_returns_bounds_no_less() {
    let receiver = Wire::Http.receiver().await;
    let otlp = Wire::Http.otlp(&receiver);
    let (entered, was_entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let meter = otlp.meter_provider().unwrap().meter("test");
    let gauge = meter
        .u64_observable_gauge("stuck")
        .with_callback(move |observer| {
            let _ = entered.send(());
            let _ = released.lock().unwrap().recv();
            observer.observe(1, &[]);
        });
    let _gauge = gauge.build();
    let undelivered = otlp.shutdown(SHORT).await.unwrap_err();
    was_entered.recv_timeout(LONG).unwrap();
    assert_eq!(
        (undelivered.spans, undelivered.metrics),
        (0, true),
        "{undelivered}"
    );
    assert!(undelivered.timed_out);
    // It returns after all: what it has measured is not sent any more.
    drop(release);
    eventually("the collection ends", || {
        otlp.snapshot().metrics_failed == 1
    })
    .await;
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn a_callback_may_flush_and_shut_down() {
    let receiver = Wire::Grpc.receiver().await;
    let otlp = Wire::Grpc.otlp(&receiver);
    let (answers, answered) = mpsc::channel();
    let inner = otlp.clone();
    let meter = otlp.meter_provider().unwrap().meter("test");
    let gauge = meter
        .u64_observable_gauge("odd")
        .with_callback(move |observer| {
            observer.observe(1, &[]);
            let _ = answers.send((
                inner.force_flush_blocking(SHORT).is_err(),
                inner.shutdown_blocking(SHORT).is_err(),
            ));
        });
    let _gauge = gauge.build();
    assert!(
        otlp.shutdown(LONG).await.is_err(),
        "its collection did not end in time"
    );
    assert_eq!(answered.recv_timeout(LONG), Ok((true, true)));
}

#[tokio::test]
async fn dropping_the_last_handle_waits_for_nobody_and_delivers_in_the_background() {
    for wire in Wire::BOTH {
        let (receiver, otlp) = waiting(wire).await;
        let tracer = otlp.tracer_provider().unwrap().clone();
        drop(otlp.clone());
        drop(otlp);
        assert_both_arrived(&receiver).await;
        drop(tracer);

        let (receiver, otlp) = waiting(wire).await;
        receiver.otherwise(OtlpReply::hang());
        drop(otlp);
        receiver.wait_for(OtlpSignal::Traces, 1).await;
    }
}

#[tokio::test]
async fn a_flush_is_bounded_and_delivers_what_waits() {
    for wire in Wire::BOTH {
        let (receiver, otlp) = waiting(wire).await;
        receiver.script(OtlpSignal::Traces, [OtlpReply::hang()]);
        let undelivered = otlp.force_flush(SHORT).await.unwrap_err();
        assert_eq!(undelivered.spans, 1, "{undelivered}");
        assert!(undelivered.timed_out);
        otlp.force_flush_blocking(SHORT).unwrap_err();

        let (receiver, otlp) = waiting(wire).await;
        otlp.force_flush_blocking(LONG).unwrap();
        assert_both_arrived(&receiver).await;
        assert_eq!(otlp.snapshot().spans_waiting, 0);
    }
}
