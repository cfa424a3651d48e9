//! `call`: the place lasts exactly as long as the operation.

use std::{cell::Cell, panic::AssertUnwindSafe, task::Poll};

use futures_util::FutureExt;
use steadfast_bulkhead::{Bulkhead, Error, Reason};

use crate::support::{Alarm, Boxed, poll};

fn one_place() -> Bulkhead {
    Bulkhead::builder("call")
        .max_concurrent(1)
        .max_waiting(0)
        .build()
        .unwrap()
}

/// Looks, when it is dropped, whether the place is still held.
struct Witness<'a>(&'a Bulkhead, &'a Cell<usize>);

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.1.set(self.0.snapshot().busy);
    }
}

#[tokio::test(start_paused = true)]
async fn returns_what_the_operation_returns_and_frees_the_place() {
    let bulkhead = one_place();
    let value = bulkhead.call(|| async { Ok::<_, String>(1) }).await;
    assert_eq!(value, Ok(1));
    let error = bulkhead.call(|| async { Err::<(), _>("down") }).await;
    assert_eq!(error, Err(Error::Operation("down")));
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.completed), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_refused_never_starts() {
    let bulkhead = one_place();
    let _held = bulkhead.try_acquire().unwrap();
    let started = Cell::new(false);
    let refused = bulkhead
        .call(|| {
            started.set(true);
            async { Ok::<_, String>(()) }
        })
        .await;
    let Err(Error::Rejected(rejected)) = refused else {
        panic!("there is no place");
    };
    assert!(matches!(rejected.reason(), Reason::Full { .. }));
    assert!(!started.get());
}

#[tokio::test(start_paused = true)]
async fn a_panic_frees_the_place_and_goes_on_unwinding() {
    let bulkhead = one_place();
    let call = bulkhead.call(|| async { panic!("on purpose") as Result<(), ()> });
    let panic = AssertUnwindSafe(call).catch_unwind().await.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_first_poll_of_the_operation_frees_the_place() {
    let bulkhead = one_place();
    let call = bulkhead.call(|| -> std::future::Ready<Result<(), ()>> { panic!("on purpose") });
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn the_operation_is_dropped_before_its_place_is_free() {
    let bulkhead = one_place();
    let busy = Cell::new(0);
    bulkhead
        .call(|| async {
            let _witness = Witness(&bulkhead, &busy);
            Ok::<_, ()>(())
        })
        .await
        .unwrap();
    assert_eq!(busy.take(), 1);

    let mut cancelled = Box::pin(bulkhead.call(|| async {
        let _witness = Witness(&bulkhead, &busy);
        std::future::pending::<Result<(), ()>>().await
    }));
    assert!(cancelled.as_mut().now_or_never().is_none());
    assert_eq!(busy.get(), 0);
    drop(cancelled);
    assert_eq!(busy.get(), 1);
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn futures_can_move_between_threads() {
    let bulkhead = Bulkhead::builder("send").max_concurrent(1).build().unwrap();
    let held = bulkhead.try_acquire().unwrap();
    let mut call: Boxed<'_, _> = Box::pin(bulkhead.call(|| async { Ok::<_, ()>(5) }));
    assert!(poll(&mut call, &Alarm::new()).is_pending());
    drop(held);
    assert_eq!(poll(&mut call, &Alarm::new()), Poll::Ready(Ok(5)));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_done_is_dropped_before_its_place_is_free() {
    let bulkhead = one_place();
    let busy = Cell::new(0);
    let call = bulkhead.call(|| {
        let witness = Witness(&bulkhead, &busy);
        std::future::poll_fn(move |_| {
            let _ = &witness;
            Poll::Ready(Ok::<_, ()>(()))
        })
    });
    call.await.unwrap();
    assert_eq!(busy.get(), 1);
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn the_place_comes_back_even_if_the_drop_of_the_operation_panics() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let bulkhead = one_place();
    for is_ready in [true, false] {
        let mut call = Box::pin(bulkhead.call(|| {
            let bomb = Bomb;
            std::future::poll_fn(move |_| {
                let _ = &bomb;
                if is_ready {
                    Poll::Ready(Ok::<_, ()>(()))
                } else {
                    Poll::Pending
                }
            })
        }));
        let ends = AssertUnwindSafe(|| {
            let _ = call.as_mut().now_or_never();
            drop(call);
        });
        assert!(std::panic::catch_unwind(ends).is_err());
        let snapshot = bulkhead.snapshot();
        assert_eq!(
            (snapshot.busy, snapshot.totals.completed),
            (0, 1 + u64::from(!is_ready))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_polled_after_its_end_panics_and_counts_nothing() {
    let bulkhead = one_place();
    for is_full in [false, true] {
        let held = is_full.then(|| bulkhead.try_acquire().unwrap());
        let mut call: Boxed<'_, _> = Box::pin(bulkhead.call(|| async { Ok::<_, ()>(()) }));
        let mut acquire: Boxed<'_, _> = Box::pin(bulkhead.acquire());
        assert!(poll(&mut call, &Alarm::new()).is_ready());
        assert!(poll(&mut acquire, &Alarm::new()).is_ready());
        drop(held);
        let before = bulkhead.snapshot();
        let again = AssertUnwindSafe(|| poll(&mut call, &Alarm::new()).is_ready());
        assert!(std::panic::catch_unwind(again).is_err());
        let again = AssertUnwindSafe(|| poll(&mut acquire, &Alarm::new()).is_ready());
        assert!(std::panic::catch_unwind(again).is_err());
        assert_eq!(bulkhead.snapshot(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_polled_after_it_has_waited_panics_and_counts_nothing() {
    let bulkhead = Bulkhead::builder("b").max_concurrent(1).build().unwrap();
    let held = bulkhead.try_acquire().unwrap();
    let mut call: Boxed<'_, _> = Box::pin(bulkhead.call(|| async { Ok::<_, ()>(()) }));
    let mut acquire: Boxed<'_, _> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut call, &Alarm::new()).is_pending());
    assert!(poll(&mut acquire, &Alarm::new()).is_pending());
    drop(held);
    assert!(poll(&mut call, &Alarm::new()).is_ready());
    assert!(poll(&mut acquire, &Alarm::new()).is_ready());
    let before = bulkhead.snapshot();
    let again = AssertUnwindSafe(|| poll(&mut call, &Alarm::new()).is_ready());
    assert!(std::panic::catch_unwind(again).is_err());
    let again = AssertUnwindSafe(|| poll(&mut acquire, &Alarm::new()).is_ready());
    let payload = std::panic::catch_unwind(again).unwrap_err();
    let told = payload.downcast_ref::<&str>();
    assert_eq!(told, Some(&"an acquire was polled after it had ended"));
    assert_eq!(bulkhead.snapshot(), before);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panicked_and_is_polled_again_panics_and_counts_nothing() {
    let bulkhead = one_place();
    let mut call: Boxed<'_, Result<(), Error<()>>> =
        Box::pin(bulkhead.call(|| std::future::poll_fn(|_| panic!("on purpose"))));
    for _ in 0..2 {
        let polls = AssertUnwindSafe(|| poll(&mut call, &Alarm::new()).is_ready());
        assert!(std::panic::catch_unwind(polls).is_err());
        let snapshot = bulkhead.snapshot();
        assert_eq!((snapshot.busy, snapshot.totals.completed), (0, 1));
    }
}
