use std::sync::Arc;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn limiter(per_second: f64, burst: u32) -> Arc<Limiter> {
    Arc::new(Limiter::new(Rate { per_second, burst }))
}

fn stand_in_line(limiter: &Arc<Limiter>) -> tokio::task::JoinHandle<Duration> {
    let (limiter, began) = (Arc::clone(limiter), clock::now());
    tokio::spawn(async move {
        limiter.pass().await;
        clock::now() - began
    })
}

#[tokio::test(start_paused = true)]
async fn lets_a_burst_through_and_then_so_many_a_second() {
    let limiter = limiter(2.0, 3);
    for _ in 0..3 {
        assert_eq!(limiter.try_pass(), Ok(()));
    }
    assert_eq!(limiter.try_pass(), Err(SECOND / 2));
    tokio::time::advance(SECOND / 2).await;
    assert_eq!(limiter.try_pass(), Ok(()));
    assert!(limiter.try_pass().is_err());
    tokio::time::advance(SECOND * 60).await;
    for _ in 0..3 {
        assert_eq!(limiter.try_pass(), Ok(()));
    }
    assert!(
        limiter.try_pass().is_err(),
        "a pause saves up no more than a burst"
    );
}

#[tokio::test(start_paused = true)]
async fn those_in_the_line_pass_in_the_order_of_arrival_and_nobody_overtakes_them() {
    let limiter = limiter(1.0, 1);
    assert_eq!(limiter.try_pass(), Ok(()));
    let mut line = Vec::new();
    for _ in 0..5 {
        line.push(stand_in_line(&limiter));
        tokio::task::yield_now().await;
    }
    assert_eq!(limiter.try_pass(), Err(SECOND * 6), "and each is told when");
    for (place, waits) in line.into_iter().enumerate() {
        let waited = waits.await.unwrap().as_secs();
        assert_eq!(waited, place as u64 + 1);
    }
    assert_eq!(limiter.waiting.load(Ordering::Relaxed), 0);
    assert_eq!(limiter.try_pass(), Err(SECOND));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_line_has_taken_nothing() {
    let limiter = limiter(1.0, 1);
    assert_eq!(limiter.try_pass(), Ok(()));
    let mut line = Vec::new();
    for _ in 0..4 {
        line.push(stand_in_line(&limiter));
        tokio::task::yield_now().await;
    }
    // The first, who sleeps for all of them, and one in the middle.
    for gone in [2, 0] {
        let gone = line.remove(gone);
        gone.abort();
        assert!(gone.await.is_err());
    }
    assert_eq!(limiter.waiting.load(Ordering::Relaxed), 2);
    for (place, waits) in line.into_iter().enumerate() {
        assert_eq!(waits.await.unwrap().as_secs(), place as u64 + 1);
    }
}
