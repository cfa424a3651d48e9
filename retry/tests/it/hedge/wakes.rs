//! Who is woken, and how often.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use steadfast_retry::Hedge;
use tokio::task::yield_now;
use tokio::time::advance;

use super::at_100_ms;
use crate::ms;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Woken {
    fn new() -> (Arc<Self>, Waker) {
        let woken = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&woken));
        (woken, waker)
    }

    fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_woken_for_each_hedge_and_by_each_attempt_and_for_nothing_else() {
    let hedge = Hedge::builder("test").delay(ms(100)).max_hedges(10);
    let hedge = hedge.unbudgeted().build().unwrap();
    let (woken, waker) = Woken::new();
    let mut cx = Context::from_waker(&waker);
    let wakers = RefCell::new(vec![Waker::noop().clone(); 12]);
    let (polls, ready) = (Cell::new(0), Cell::new(0));
    let mut call = Box::pin(hedge.call(|attempt| {
        let (number, wakers, polls, ready) = (attempt.number(), &wakers, &polls, &ready);
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            wakers.borrow_mut()[number as usize].clone_from(cx.waker());
            if ready.get() == number {
                Poll::Ready(Ok::<_, ()>(number))
            } else {
                Poll::Pending
            }
        })
    }));
    assert!(call.as_mut().poll(&mut cx).is_pending());
    for hedges in 1..=10 {
        advance(ms(100)).await;
        yield_now().await;
        assert_eq!(woken.times(), hedges);
        assert!(call.as_mut().poll(&mut cx).is_pending());
    }
    // In each poll every attempt that there is: 1 + 2 + .. + 11.
    assert_eq!(polls.get(), 66);
    advance(ms(10_000)).await;
    yield_now().await;
    assert_eq!(woken.times(), 10, "no hedge is left to wait for");
    ready.set(7);
    wakers.borrow()[7].wake_by_ref();
    assert_eq!(woken.times(), 11);
    assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
    drop(call);
    advance(ms(10_000)).await;
    yield_now().await;
    assert_eq!(woken.times(), 11);
}

#[tokio::test(start_paused = true)]
async fn the_task_that_polled_last_is_woken_in_time() {
    let hedge = at_100_ms();
    let ((before, first), (after, last)) = (Woken::new(), Woken::new());
    let mut call = Box::pin(hedge.call(|_| pending::<Result<(), ()>>()));
    for waker in [&first, &last] {
        let mut cx = Context::from_waker(waker);
        assert!(call.as_mut().poll(&mut cx).is_pending());
    }
    advance(ms(100)).await;
    yield_now().await;
    assert_eq!((before.times(), after.times()), (0, 1));
}
