//! Many callers at once: nothing is lost and the probe limit holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, State};

/// Ten thousand tasks on two threads; each call ends in one of the four ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_are_all_accounted_for() {
    let breaker = CircuitBreaker::builder("busy")
        .failure_threshold(u32::MAX)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..10_000_u32)
        .map(|i| {
            let breaker = breaker.clone();
            tokio::spawn(async move {
                let call = breaker.call(|| async {
                    tokio::task::yield_now().await;
                    match i % 4 {
                        0 => Ok(()),
                        1 => Err(()),
                        2 => std::future::pending().await,
                        _ => panic!("boom"),
                    }
                });
                tokio::select! {
                    biased;
                    _ = call => {}
                    () = async { for _ in 0..3 { tokio::task::yield_now().await } } => {}
                }
            })
        })
        .collect();
    let mut panics = 0;
    for task in tasks {
        panics += u32::from(task.await.is_err());
    }
    assert_eq!(panics, 2_500);
    let snapshot = breaker.snapshot();
    let totals = snapshot.totals;
    assert_eq!(snapshot.in_flight, 0);
    assert_eq!((totals.success, totals.panicked), (2_500, 2_500));
    assert_eq!((totals.failure, totals.abandoned), (5_000, 2_500));
}

/// The herd that waits for an open breaker: however many ask, `max_probes` get through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_herd_at_half_open_sends_no_more_than_max_probes() {
    for round in 0..50 {
        let breaker = CircuitBreaker::builder("herd")
            .failure_threshold(1)
            .max_probes(3)
            .open_for(Duration::from_nanos(1))
            .build()
            .unwrap();
        breaker.try_acquire().unwrap().failure();
        let admitted = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let (breaker, admitted) = (breaker.clone(), admitted.clone());
                tokio::spawn(async move {
                    let permit = breaker.try_acquire();
                    admitted.fetch_add(u64::from(permit.is_ok()), Ordering::Relaxed);
                    permit
                })
            })
            .collect();
        let mut permits = Vec::new();
        for task in tasks {
            permits.extend(task.await.unwrap());
        }
        assert_eq!(admitted.load(Ordering::Relaxed), 3, "round {round}");
        assert_eq!(breaker.state(), State::HalfOpen);
        drop(permits);
    }
}
