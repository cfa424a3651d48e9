//! A checkout that comes at the very moment that a maintainer polls what it makes: it waits for the
//! end of that poll, and is woken however it ends.

use std::{
    future::poll_fn,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use futures_util::FutureExt;
use parking_lot::Mutex;
use steadfast_bulkhead::{Checkout, Pool, PoolError};

use super::{Factory, Part, assert_settled};
use crate::support::{Alarm, Boxed, poll};

#[derive(Debug, Clone, Copy)]
enum First {
    Pending,
    Made,
    Fails,
    Panics,
}

type Taker = Boxed<'static, Result<Checkout<Part, String>, PoolError<String>>>;

/// What another thread would do meanwhile.
type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// A pool of one place; its first `create` does something meanwhile when it is first polled.
fn pool(factory: &Arc<Factory>, meanwhile: &Meanwhile, first: First) -> Pool<Part, String> {
    let (factory, meanwhile) = (Arc::clone(factory), Arc::clone(meanwhile));
    let calls = AtomicUsize::new(0);
    let create = move || {
        let (factory, meanwhile) = (Arc::clone(&factory), Arc::clone(&meanwhile));
        let mut is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        poll_fn(move |_| {
            let act = meanwhile.lock().take();
            if let Some(act) = act {
                act();
            }
            if !std::mem::take(&mut is_first) {
                return Poll::Ready(Ok(factory.make()));
            }
            match first {
                First::Pending => Poll::Pending,
                First::Made => Poll::Ready(Ok(factory.make())),
                First::Fails => Poll::Ready(Err("on purpose".to_owned())),
                First::Panics => panic!("on purpose"),
            }
        })
    };
    let builder = Pool::builder("polled", create);
    builder.max_concurrent(1).min_idle(1).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_checkout_is_woken_however_the_poll_ends() {
    for (first, created, failures, abandoned) in [
        (First::Pending, 1, 0, 0),
        (First::Made, 1, 0, 0),
        (First::Fails, 1, 1, 0),
        (First::Panics, 1, 0, 1),
    ] {
        let (factory, meanwhile) = (Arc::<Factory>::default(), Meanwhile::default());
        let pool = pool(&factory, &meanwhile, first);
        let taken = Arc::<Mutex<Option<Taker>>>::default();
        let taking = Alarm::new();
        *meanwhile.lock() = Some(Box::new({
            let (pool, taken, taking) = (pool.clone(), Arc::clone(&taken), Arc::clone(&taking));
            move || {
                let mut taker: Taker = Box::pin(async move { pool.checkout().await });
                assert!(poll(&mut taker, &taking).is_pending());
                assert_eq!(taking.rings(), 0);
                *taken.lock() = Some(taker);
            }
        }));

        let maintained = AssertUnwindSafe(pool.maintain()).catch_unwind();
        let mut maintained: Boxed<'_, _> = Box::pin(maintained);
        let ended = poll(&mut maintained, &Alarm::new()).is_ready();
        assert_eq!(ended, !matches!(first, First::Pending), "{first:?}");
        assert_eq!(taking.rings(), 1, "{first:?}");
        let mut taker = taken.lock().take().unwrap();
        let Poll::Ready(part) = poll(&mut taker, &Alarm::new()) else {
            panic!("{first:?}: still waits");
        };
        let part = part.unwrap();
        assert_eq!((part.number, factory.alive()), (1, 1));
        drop((part, taker, maintained));
        let now = pool.snapshot();
        let counts = (now.created, now.create_failures, now.create_abandoned);
        assert_eq!(counts, (created, failures, abandoned), "{first:?}");
        assert_settled(&pool, &factory);
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_dropped_while_it_waits_for_the_poll_leaves_no_trace() {
    let (factory, meanwhile) = (Arc::<Factory>::default(), Meanwhile::default());
    let pool = pool(&factory, &meanwhile, First::Pending);
    *meanwhile.lock() = Some(Box::new({
        let pool = pool.clone();
        move || {
            let mut taker: Taker = Box::pin(async move { pool.checkout().await });
            assert!(poll(&mut taker, &Alarm::new()).is_pending());
        }
    }));
    let mut maintained: Boxed<'_, _> = Box::pin(pool.maintain());
    assert!(poll(&mut maintained, &Alarm::new()).is_pending());
    assert_eq!(pool.snapshot().bulkhead.busy, 0);
    assert_eq!(
        poll(&mut maintained, &Alarm::new()),
        Poll::Ready(Ok(())),
        "the maintainer goes on"
    );
    drop(maintained);
    let now = pool.snapshot();
    assert_eq!((now.idle, now.create_abandoned), (1, 0));
    assert_settled(&pool, &factory);
}
