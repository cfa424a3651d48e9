//! Many callers at once.

use std::sync::Barrier;
use std::thread;

use steadfast_breaker::{CircuitBreaker, Keyed};

#[test]
fn threads_that_create_the_same_key_get_the_same_breaker() {
    for round in 0..200 {
        let keyed: Keyed<u32> = Keyed::builder("race").build().unwrap();
        let start = Barrier::new(4);
        let breakers: Vec<CircuitBreaker> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        keyed.get(&round)
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(breakers.iter().all(|one| one.ptr_eq(&breakers[0])));
        assert_eq!(keyed.snapshot().created, 1);
    }
}

/// Half of the tasks fill the set with keys of their own, so that it evicts all the time. The
/// breakers of the hot keys are in somebody's hand throughout, so not a single call is lost with one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_lose_no_call_to_the_evictions_around_them() {
    let keyed: Keyed<u32> = Keyed::builder("busy").max_keys(40).build().unwrap();
    let hot: Vec<_> = (0..4).map(|key| keyed.get(&key)).collect();
    let tasks: Vec<_> = (0..20_000_u32)
        .map(|i| {
            let keyed = keyed.clone();
            let key = if i % 2 == 0 { i / 2 % 4 } else { i };
            tokio::spawn(async move {
                let call = keyed.call(&key, || async {
                    if key < 4 {
                        tokio::task::yield_now().await;
                    }
                    Ok::<_, ()>(())
                });
                assert!(call.await.is_ok());
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for breaker in hot {
        let snapshot = breaker.snapshot();
        // Key 1 and 3 are also among the odd numbers.
        let own = u64::from(matches!(snapshot.name.as_ref(), "busy/1" | "busy/3"));
        assert_eq!(snapshot.totals.success, 2_500 + own);
        assert_eq!(snapshot.in_flight, 0);
    }
    let snapshot = keyed.snapshot();
    assert!(snapshot.keys <= 40);
    assert!(snapshot.evicted > 0);
    assert_eq!(snapshot.created - snapshot.evicted, snapshot.keys as u64);
}

/// A call in flight keeps its breaker: nobody ever sees a second one of the same key meanwhile.
#[test]
fn no_breaker_is_evicted_between_get_and_the_end_of_the_call() {
    let keyed: Keyed<u32> = Keyed::builder("busy").max_keys(8).build().unwrap();
    thread::scope(|scope| {
        for worker in 0..4 {
            let keyed = &keyed;
            scope.spawn(move || {
                for turn in 0..5_000 {
                    let key = (turn * 7 + worker) % 32;
                    let breaker = keyed.get(&key);
                    if breaker.ptr_eq(&keyed.overflow()) {
                        continue;
                    }
                    let permit = breaker.try_acquire().unwrap();
                    let weak = breaker.downgrade();
                    drop(breaker);
                    let again = keyed.peek(&key).expect("evicted while a permit is out");
                    assert!(again.downgrade().ptr_eq(&weak));
                    permit.success();
                }
            });
        }
    });
    assert!(keyed.snapshot().evicted > 0);
}

#[test]
fn the_set_and_its_calls_can_be_sent_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    let keyed: Keyed<String> = Keyed::builder("hosts").build().unwrap();
    let clone = keyed.clone();
    let call = async move { clone.call("a", || async { Ok::<_, ()>(()) }).await };
    sendable(&call);
    sendable(&keyed);
}
