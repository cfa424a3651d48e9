//! Tasks and threads that end badly while they hold a place or stand in line.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use steadfast_bulkhead::Bulkhead;

use crate::support::wait_until;

fn bulkhead(places: usize) -> Bulkhead {
    Bulkhead::builder("crashes")
        .max_concurrent(places)
        .hold_times(true)
        .build()
        .unwrap()
}

/// Busy, waiting, the peaks of both, acquired, completed, abandoned.
fn numbers(bulkhead: &Bulkhead) -> [u64; 7] {
    let now = bulkhead.snapshot();
    assert_eq!(now.available, now.max_concurrent - now.busy);
    [
        now.busy as u64,
        now.waiting as u64,
        now.peak_busy as u64,
        now.peak_waiting as u64,
        now.totals.acquired,
        now.totals.completed,
        now.totals.abandoned,
    ]
}

async fn forever() -> Result<(), ()> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_gives_its_place_back() {
    let bulkhead = bulkhead(2);
    for with_permit in [false, true] {
        let task = tokio::spawn({
            let bulkhead = bulkhead.clone();
            async move {
                if with_permit {
                    let _permit = bulkhead.acquire().await.unwrap();
                    panic!("on purpose");
                }
                let call = bulkhead.call(|| async { panic!("on purpose") });
                let _: Result<(), _> = call.await.map_err(|_: steadfast_bulkhead::Error<()>| ());
            }
        });
        assert!(task.await.unwrap_err().is_panic());
    }
    assert_eq!(numbers(&bulkhead), [0, 0, 1, 0, 2, 2, 0]);
    assert_eq!(bulkhead.snapshot().holds.count, 2);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_gives_its_place_back_or_leaves_the_line() {
    let bulkhead = bulkhead(1);
    let spawn = || {
        let bulkhead = bulkhead.clone();
        tokio::spawn(async move { bulkhead.call(forever).await })
    };
    let holds = spawn();
    tokio::task::yield_now().await;
    let [waits, stays] = [spawn(), spawn()];
    tokio::task::yield_now().await;
    assert_eq!(numbers(&bulkhead), [1, 2, 1, 2, 1, 0, 0]);

    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    assert_eq!(numbers(&bulkhead), [1, 1, 1, 2, 1, 0, 1]);
    holds.abort();
    assert!(holds.await.unwrap_err().is_cancelled());
    tokio::task::yield_now().await;
    assert_eq!(numbers(&bulkhead), [1, 0, 1, 2, 2, 1, 1]);
    stays.abort();
    assert!(stays.await.unwrap_err().is_cancelled());
    assert_eq!(numbers(&bulkhead), [0, 0, 1, 2, 2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_unwinds_through_a_wait_leaves_the_line() {
    let bulkhead = bulkhead(1);
    let held = bulkhead.acquire().await.unwrap();
    let task = tokio::spawn({
        let bulkhead = bulkhead.clone();
        async move {
            tokio::join!(bulkhead.acquire(), async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                panic!("beside it");
            })
        }
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(numbers(&bulkhead), [1, 0, 1, 1, 1, 0, 1]);
    drop(held);
    assert_eq!(numbers(&bulkhead), [0, 0, 1, 1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_whole_runtime_that_goes_down_leaves_nothing_behind() {
    let bulkhead = bulkhead(2);
    thread::spawn({
        let bulkhead = bulkhead.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            for _ in 0..5 {
                let bulkhead = bulkhead.clone();
                runtime.spawn(async move { bulkhead.call(forever).await });
            }
            runtime.block_on(tokio::task::yield_now());
            assert_eq!(numbers(&bulkhead), [2, 3, 2, 3, 2, 0, 0]);
        }
    })
    .join()
    .unwrap();
    let [
        busy,
        waiting,
        peak_busy,
        peak_waiting,
        acquired,
        completed,
        abandoned,
    ] = numbers(&bulkhead);
    assert_eq!([busy, waiting, peak_busy, peak_waiting], [0, 0, 2, 3]);
    // In which order a runtime drops its tasks is its own affair: a place may be handed on first.
    assert_eq!(acquired, completed);
    assert_eq!(acquired + abandoned, 5);
}

#[test]
fn a_thread_that_panics_gives_its_place_to_the_next_thread() {
    let bulkhead = bulkhead(1);
    let permit = bulkhead.try_acquire().unwrap();
    thread::scope(|scope| {
        let dies = scope.spawn(|| {
            let crash = || bulkhead.call_blocking(|| -> Result<(), ()> { panic!("on purpose") });
            assert!(catch_unwind(AssertUnwindSafe(crash)).is_err());
        });
        wait_until(|| bulkhead.snapshot().waiting == 1);
        let lives = scope.spawn(|| bulkhead.call_blocking(|| Ok::<_, ()>(7)));
        wait_until(|| bulkhead.snapshot().waiting == 2);
        drop(permit);
        dies.join().unwrap();
        assert_eq!(lives.join().unwrap(), Ok(7));
    });
    assert_eq!(numbers(&bulkhead), [0, 0, 1, 2, 3, 3, 0]);
}
