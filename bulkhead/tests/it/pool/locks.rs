//! Resources die, and hooks run, outside the locks: each of these would deadlock otherwise. And
//! resources die before their place is free.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;

use parking_lot::Mutex;
use steadfast_bulkhead::{Checkout, Pool, WeakPool};

type Slot = Arc<Mutex<Option<WeakPool<Nosy, ()>>>>;

/// Looks at its pool, through both of its locks, when it dies, and notes how many places are
/// busy.
struct Nosy(Slot, Arc<Mutex<Vec<usize>>>);

impl Drop for Nosy {
    fn drop(&mut self) {
        let weak = self.0.lock().clone();
        if let Some(pool) = weak.and_then(|weak| weak.upgrade()) {
            let busy = pool.snapshot().bulkhead.busy;
            self.1.lock().push(busy);
        }
    }
}

struct Fixture {
    pool: Pool<Nosy, ()>,
    looks: Arc<Mutex<Vec<usize>>>,
}

impl Fixture {
    fn new(valid: bool) -> Self {
        let (slot, looks) = (Slot::default(), Arc::<Mutex<Vec<usize>>>::default());
        let make = {
            let (slot, looks) = (Arc::clone(&slot), Arc::clone(&looks));
            move || {
                let nosy = Nosy(Arc::clone(&slot), Arc::clone(&looks));
                async move { Ok::<_, ()>(nosy) }
            }
        };
        let pool = Pool::builder("nosy", make)
            .max_idle(Duration::from_secs(1))
            .is_valid(move |_| valid)
            .build()
            .unwrap();
        *slot.lock() = Some(pool.downgrade());
        Self { pool, looks }
    }

    async fn checkout(&self) -> Checkout<Nosy, ()> {
        self.pool.checkout().await.unwrap()
    }

    fn assert_looks(&self, expected: &[usize]) {
        assert_eq!(*self.looks.lock(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn on_discard_and_on_clear() {
    let fixture = Fixture::new(true);
    fixture.checkout().await.discard();
    fixture.assert_looks(&[1]);
    drop(fixture.checkout().await);
    fixture.pool.clear_idle();
    fixture.assert_looks(&[1, 0]);
}

#[tokio::test(start_paused = true)]
async fn on_close_and_on_return_after_the_close() {
    let fixture = Fixture::new(true);
    let (idle, busy) = (fixture.checkout().await, fixture.checkout().await);
    drop(idle);
    fixture.pool.close();
    fixture.assert_looks(&[1]);
    drop(busy);
    fixture.assert_looks(&[1, 1]);
}

#[tokio::test(start_paused = true)]
async fn on_expiry_at_checkout_and_at_return() {
    let fixture = Fixture::new(true);
    let (idle, busy) = (fixture.checkout().await, fixture.checkout().await);
    drop(idle);
    tokio::time::advance(Duration::from_secs(1)).await;
    drop(busy);
    fixture.assert_looks(&[1]);
    tokio::time::advance(Duration::from_secs(1)).await;
    let _fresh = fixture.checkout().await;
    fixture.assert_looks(&[1, 1]);
}

#[tokio::test(start_paused = true)]
async fn when_found_not_valid() {
    let fixture = Fixture::new(false);
    drop(fixture.checkout().await);
    let _fresh = fixture.checkout().await;
    fixture.assert_looks(&[1]);
}

#[tokio::test(start_paused = true)]
async fn on_expiry_in_maintenance() {
    let fixture = Fixture::new(true);
    drop(fixture.checkout().await);
    tokio::time::advance(Duration::from_secs(1)).await;
    fixture.pool.maintain().await.unwrap();
    fixture.assert_looks(&[0]);
}

/// A pool whose every hook looks through both of its locks.
fn looking() -> (Pool<(), ()>, Arc<Mutex<Vec<&'static str>>>) {
    let (weak, looks) = (
        Arc::<Mutex<Option<WeakPool<(), ()>>>>::default(),
        Arc::<Mutex<Vec<&str>>>::default(),
    );
    let look = |name: &'static str| {
        let (weak, looks) = (Arc::clone(&weak), Arc::clone(&looks));
        move || {
            let pool = weak.lock().as_ref().and_then(WeakPool::upgrade).unwrap();
            let _ = pool.snapshot();
            looks.lock().push(name);
        }
    };
    let [create, is_valid, recycle, validate, keep] =
        ["create", "is_valid", "recycle", "validate", "keep"].map(look);
    let pool = Pool::builder("looking", move || {
        create();
        let create = create.clone();
        async move {
            create();
            Ok(())
        }
    })
    .min_idle(1)
    .is_valid(move |()| {
        is_valid();
        true
    })
    .recycle(move |()| {
        recycle();
        let recycle = recycle.clone();
        Box::pin(async move {
            recycle();
            true
        })
    })
    .validate(move |()| {
        validate();
        let validate = validate.clone();
        Box::pin(async move {
            validate();
            true
        })
    })
    .keep_after_panic(move |()| {
        keep();
        true
    })
    .build()
    .unwrap();
    *weak.lock() = Some(pool.downgrade());
    (pool, looks)
}

#[tokio::test(start_paused = true)]
async fn every_hook_can_look_at_its_pool() {
    let (pool, looks) = looking();
    pool.maintain().await.unwrap();
    let work = async {
        drop(pool.checkout().await.unwrap());
        let _lent = pool.checkout().await.unwrap();
        panic!("on purpose");
    };
    assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
    let first = ["create", "create", "is_valid", "validate", "validate"];
    let second = [
        "is_valid", "recycle", "recycle", "validate", "validate", "keep",
    ];
    assert_eq!(*looks.lock(), [&first[..], &second[..]].concat());
}
