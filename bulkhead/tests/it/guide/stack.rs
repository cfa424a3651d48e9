//! A circuit breaker outside and inside.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Outcome, State, Window};
use steadfast_bulkhead::{Bulkhead, Error};
use tokio::{task::JoinSet, time::sleep};

/// Opens when half of ten calls take 100 ms.
fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("stack")
        .window(Window::Calls(10))
        .slow_call_duration(Duration::from_millis(100))
        .slow_call_rate(0.5)
        .build()
        .unwrap()
}

fn one_place() -> Bulkhead {
    Bulkhead::builder("stack")
        .max_concurrent(1)
        .build()
        .unwrap()
}

async fn quick() -> Result<(), ()> {
    sleep(Duration::from_millis(20)).await;
    Ok(())
}

/// Fifty at the same moment, for one place: the last waits for a second.
async fn burst<Fut: Future<Output = ()> + Send + 'static>(call: impl Fn() -> Fut) {
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        calls.spawn(call());
    }
    calls.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_outside_takes_a_wait_in_line_for_a_slow_call_and_one_inside_does_not() {
    let (breaker, bulkhead) = (breaker(), one_place());
    burst(|| {
        let (breaker, bulkhead) = (breaker.clone(), bulkhead.clone());
        async move {
            let call = breaker.call(|| bulkhead.call(quick));
            drop(call.await);
        }
    })
    .await;
    assert_eq!(breaker.state(), State::Open);

    let (breaker, bulkhead) = (self::breaker(), one_place());
    burst(|| {
        let (breaker, bulkhead) = (breaker.clone(), bulkhead.clone());
        async move { bulkhead.call(|| breaker.call(quick)).await.unwrap() }
    })
    .await;
    assert_eq!(breaker.state(), State::Closed);
    assert!(bulkhead.snapshot().waits.max >= Duration::from_millis(900));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_inside_empties_the_line_at_once() {
    let (breaker, bulkhead) = (breaker(), one_place());
    let held = bulkhead.acquire().await.unwrap();
    let line = burst(|| {
        let (breaker, bulkhead) = (breaker.clone(), bulkhead.clone());
        async move {
            let call = bulkhead.call(|| breaker.call(quick));
            assert!(matches!(call.await, Err(Error::Operation(_))));
        }
    });
    let release = async {
        sleep(Duration::from_secs(1)).await;
        (0..10).for_each(|_| breaker.observe(Outcome::Success, Duration::from_secs(1)));
        assert_eq!(breaker.state(), State::Open);
        drop(held);
    };
    tokio::join!(line, release);
    let waits = bulkhead.snapshot().waits;
    assert_eq!((waits.count, waits.max), (50, Duration::from_secs(1)));
}
