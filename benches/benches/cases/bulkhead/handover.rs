//! The only place goes from one who holds it to one who is in line for it, over and over.
//!
//! Ours waits five seconds at most, and so does tokio's semaphore in a timeout; `semaphore_for_ever` has
//! no timer to set.

use std::future::{Future, poll_fn};
use std::hint::spin_loop;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use steadfast_benches::{Case, clock};
use steadfast_bulkhead::Bulkhead;
use tokio::sync::Semaphore;
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::super::runtime::runtime;
use super::super::together::together;
use super::{WAIT, ours};

pub(super) fn cases() -> Vec<Case> {
    let bulkhead: &'static Bulkhead =
        Box::leak(Box::new(ours(|builder| builder.max_concurrent(1))));
    let semaphore: &'static Semaphore = Box::leak(Box::new(Semaphore::new(1)));
    let ours = move || async { bulkhead.acquire().await.ok() };
    let in_timeout = move || async { timeout(WAIT, semaphore.acquire()).await.ok()?.ok() };
    let for_ever = move || async { semaphore.acquire().await.ok() };
    vec![
        Case::new("bulkhead_handover", in_turn(ours))
            .beside("semaphore_in_timeout", in_turn(in_timeout))
            .beside("semaphore_for_ever", in_turn(for_ever)),
        Case::new("bulkhead_handover_2_threads", to_and_fro(ours))
            .beside("semaphore_in_timeout", to_and_fro(in_timeout))
            .beside("semaphore_for_ever", to_and_fro(for_ever))
            .with_turns_longer(5),
    ]
}

/// One thread polls them all by hand, so that nothing but the hand-over is measured: no task and no thread
/// goes to sleep.
fn in_turn<P, F>(acquire: impl Fn() -> F) -> impl FnMut(u64) -> Duration
where
    F: Future<Output = Option<P>>,
{
    let runtime = runtime();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    move |times| {
        let _inside = runtime.enter();
        let mut context = Context::from_waker(&waker);
        let mut holder = got(pin!(acquire()).poll(&mut context));
        let start = clock::now();
        for _ in 0..times {
            let mut next = pin!(acquire());
            assert!(next.as_mut().poll(&mut context).is_pending());
            drop(holder);
            assert!(woken.take());
            holder = got(next.poll(&mut context));
        }
        start.elapsed()
    }
}

/// Two threads want the place all the time. Who waits for it spins: one that parked would show how long the
/// system takes to wake a thread.
fn to_and_fro<P, F>(acquire: impl Fn() -> F + Copy + Sync) -> impl FnMut(u64) -> Duration
where
    F: Future<Output = Option<P>>,
{
    let operation = move || {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        async move || {
            let mut acquired = pin!(acquire());
            // Without the turn that tokio allots to a task: it would be over after 128 polls.
            let spinning = poll_fn(|_| {
                let mut context = Context::from_waker(&waker);
                loop {
                    if let Poll::Ready(permit) = acquired.as_mut().poll(&mut context) {
                        return Poll::Ready(permit);
                    }
                    while !woken.take() {
                        spin_loop();
                    }
                }
            });
            unconstrained(spinning).await.map(drop).ok_or(())
        }
    };
    together(2, operation, Result::is_ok)
}

fn got<P>(polled: Poll<Option<P>>) -> P {
    match polled {
        Poll::Ready(Some(permit)) => permit,
        Poll::Ready(None) | Poll::Pending => panic!("the place is the caller's"),
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Woken {
    fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
