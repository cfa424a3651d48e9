//! Threads in the queue. Their timeout is real time, so it is either tiny or never reached.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use steadfast_bulkhead::{Bulkhead, Error, Reason};

use crate::support::wait_until;

fn one_place(checkout_timeout: Duration) -> Bulkhead {
    Bulkhead::builder("threads")
        .max_concurrent(1)
        .checkout_timeout(checkout_timeout)
        .build()
        .unwrap()
}

fn waiting(bulkhead: &Bulkhead, callers: usize) {
    wait_until(|| bulkhead.snapshot().waiting == callers);
}

#[test]
fn threads_get_their_places_in_the_order_of_arrival() {
    let bulkhead = one_place(Duration::MAX);
    let order = Mutex::new(Vec::new());
    let held = bulkhead.acquire_blocking().unwrap();
    thread::scope(|scope| {
        for n in 0..8 {
            let (bulkhead, order) = (&bulkhead, &order);
            scope.spawn(move || {
                let _permit = bulkhead.acquire_blocking().unwrap();
                order.lock().push(n);
            });
            waiting(bulkhead, n + 1);
        }
        drop(held);
    });
    assert_eq!(*order.lock(), (0..8).collect::<Vec<_>>());
    assert_eq!(bulkhead.snapshot().totals.acquired_after_wait, 8);
}

#[test]
fn a_thread_gives_up_when_its_time_is_over() {
    let bulkhead = one_place(Duration::from_micros(1));
    let _held = bulkhead.try_acquire().unwrap();
    let rejected = bulkhead.acquire_blocking().unwrap_err();
    let Reason::Timeout { waited, .. } = rejected.reason() else {
        panic!("{rejected}");
    };
    assert!(waited >= Duration::from_micros(1));
    assert_eq!(bulkhead.snapshot().waiting, 0);
}

#[test]
fn closing_wakes_parked_threads() {
    let bulkhead = one_place(Duration::MAX);
    let _held = bulkhead.try_acquire().unwrap();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| bulkhead.acquire_blocking().unwrap_err().reason()))
            .collect();
        waiting(&bulkhead, 4);
        bulkhead.close();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Reason::Closed);
        }
    });
}

#[test]
fn call_blocking_holds_its_place_while_the_operation_runs() {
    let bulkhead = one_place(Duration::MAX);
    let busy = bulkhead.call_blocking(|| Ok::<_, String>(bulkhead.snapshot().busy));
    assert_eq!(busy, Ok(1));
    let failed = bulkhead.call_blocking(|| Err::<(), _>("down"));
    assert_eq!(failed, Err(Error::Operation("down")));
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[test]
fn call_blocking_gives_its_place_back_when_the_operation_panics() {
    let bulkhead = one_place(Duration::MAX);
    let call = || bulkhead.call_blocking(|| panic!("on purpose") as Result<(), ()>);
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[cfg(feature = "tokio")]
#[test]
fn threads_and_tasks_wait_in_one_line() {
    use std::task::Poll;

    use crate::support::{Alarm, Boxed, poll};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let bulkhead = one_place(Duration::MAX);
    let order = Mutex::new(Vec::new());
    let held = bulkhead.try_acquire().unwrap();
    let in_thread = |name| {
        let _permit = bulkhead.acquire_blocking().unwrap();
        order.lock().push(name);
    };
    thread::scope(|scope| {
        scope.spawn(|| in_thread("thread before"));
        waiting(&bulkhead, 1);
        let alarm = Alarm::new();
        let mut task: Boxed<'_, _> = Box::pin(bulkhead.acquire());
        assert!(poll(&mut task, &alarm).is_pending());
        scope.spawn(|| in_thread("thread after"));
        waiting(&bulkhead, 3);

        drop(held);
        wait_until(|| alarm.rings() == 1);
        assert_eq!(*order.lock(), ["thread before"]);
        let Poll::Ready(Ok(permit)) = poll(&mut task, &alarm) else {
            panic!("it is the task's turn");
        };
        order.lock().push("task");
        drop(permit);
    });
    assert_eq!(*order.lock(), ["thread before", "task", "thread after"]);
}

/// A paused tokio clock stands still while a thread is parked; the thread's timeout must not.
#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_keep_a_thread_parked_for_ever() {
    let bulkhead = one_place(Duration::from_micros(1));
    let _held = bulkhead.try_acquire().unwrap();
    let parked = bulkhead.clone();
    let waiter = tokio::task::spawn_blocking(move || parked.acquire_blocking().unwrap_err());
    let rejected = waiter.await.unwrap();
    assert!(matches!(rejected.reason(), Reason::Timeout { .. }));
}

#[test]
fn a_thread_that_closes_waits_for_the_last_permit_or_tells_how_many_are_busy() {
    let bulkhead = one_place(Duration::MAX);
    let held = bulkhead.try_acquire().unwrap();
    let still_busy = bulkhead
        .close_and_wait_blocking(Duration::from_micros(1))
        .unwrap_err();
    assert_eq!((still_busy.busy(), still_busy.name()), (1, "threads"));
    assert!(bulkhead.is_closed());
    thread::scope(|scope| {
        let closers =
            [(); 2].map(|()| scope.spawn(|| bulkhead.close_and_wait_blocking(Duration::MAX)));
        drop(held);
        for closer in closers {
            closer.join().unwrap().unwrap();
        }
    });
}
