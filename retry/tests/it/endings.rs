//! The ways a call ends besides an answer: dropped, panicked. All of them counted, nothing left over.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;
use steadfast_retry::{Failure, Verdict};

use crate::exact;

#[tokio::test(start_paused = true)]
async fn first_and_later_successes_are_counted_apart() {
    let retry = exact().build().unwrap();
    assert_eq!(retry.call(|_| async { Ok::<_, ()>(1) }).await, Ok(1));
    let later = retry
        .call(|attempt| async move { if attempt.is_retry() { Ok(2) } else { Err(()) } })
        .await;
    assert_eq!(later, Ok(2));
    let totals = retry.snapshot().totals;
    assert_eq!(
        (totals.first_try, totals.after_retry, totals.retries),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn a_call_dropped_in_an_attempt_is_abandoned() {
    let retry = exact().build().unwrap();
    assert!(
        retry
            .call(|_| pending::<Result<(), ()>>())
            .now_or_never()
            .is_none()
    );
    assert_eq!(retry.snapshot().totals.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_a_wait_is_abandoned_and_no_longer_waiting() {
    let retry = exact().build().unwrap();
    let mut call = Box::pin(retry.call(|_| async { Err::<(), _>(()) }));
    assert!(call.as_mut().now_or_never().is_none());
    assert_eq!(retry.snapshot().waiting, 1);
    drop(call);
    let snapshot = retry.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (0, 1));
}

#[tokio::test]
async fn a_call_never_polled_counts_as_nothing() {
    let retry = exact().build().unwrap();
    drop(retry.call(|_| pending::<Result<(), ()>>()));
    assert_eq!(retry.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_operation_is_counted_and_unwinds_on() {
    let retry = exact().build().unwrap();
    let call = retry.call(|attempt| async move {
        assert!(!attempt.is_retry(), "boom");
        Err::<(), _>(())
    });
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    let snapshot = retry.snapshot();
    assert_eq!(
        (snapshot.totals.panicked, snapshot.totals.abandoned),
        (1, 0)
    );
    assert_eq!(snapshot.waiting, 0);
}

#[test]
fn panics_of_classifier_and_hook_are_counted_too() {
    let retry = exact().build().unwrap();
    let classifier = || {
        retry
            .classify(|_: &Result<(), ()>| -> Verdict { panic!("boom") })
            .call_blocking(|_| Err(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(classifier)).is_err());
    let hook = || {
        retry
            .on_retry(|_, _: &Failure<()>, _| panic!("boom"))
            .call_blocking(|_| Err::<(), _>(()))
    };
    assert!(catch_unwind(AssertUnwindSafe(hook)).is_err());
    assert_eq!(retry.snapshot().totals.panicked, 2);
}

/// What an attempt gave back is dropped before the wait, so it holds no connection meanwhile; but for
/// an error that is kept for the history.
#[tokio::test(start_paused = true)]
async fn a_failed_result_is_dropped_before_the_wait() {
    struct Connection<'a>(&'a std::cell::Cell<u32>);
    impl Drop for Connection<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    for (history, kept) in [(0, 0), (1, 1)] {
        let open = std::cell::Cell::new(0);
        let retry = exact().history(history).build().unwrap();
        let mut call = Box::pin(retry.call(|_| {
            open.set(open.get() + 1);
            let connection = Connection(&open);
            async { Err::<(), _>(connection) }
        }));
        assert!(call.as_mut().now_or_never().is_none());
        assert_eq!(retry.snapshot().waiting, 1);
        assert_eq!(open.get(), kept);
        let mut call = Box::pin(retry.classify(|_| Verdict::Retry).call(|_| {
            open.set(open.get() + 1);
            let connection = Connection(&open);
            async { Ok::<_, ()>(connection) }
        }));
        assert!(call.as_mut().now_or_never().is_none());
        assert_eq!(open.get(), kept, "an answer is never kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_are_all_accounted_for() {
    let retry = exact()
        .max_attempts(2)
        .base_backoff(std::time::Duration::ZERO)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..10_000_u32)
        .map(|i| {
            let retry = retry.clone();
            tokio::spawn(async move {
                let call = retry.call(|attempt| async move {
                    tokio::task::yield_now().await;
                    match i % 4 {
                        0 => Ok(()),
                        1 if attempt.is_retry() => Ok(()),
                        3 => pending().await,
                        _ => Err(()),
                    }
                });
                if i % 4 == 3 {
                    assert!(call.now_or_never().is_none());
                } else {
                    let _ = call.await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let totals = retry.snapshot().totals;
    assert_eq!((totals.first_try, totals.after_retry), (2_500, 2_500));
    assert_eq!(
        (totals.exhausted_attempts, totals.abandoned),
        (2_500, 2_500)
    );
    assert_eq!(totals.retries, 5_000);
}
