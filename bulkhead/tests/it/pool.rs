//! The pool.

mod age;
mod close;
mod create;
mod crowd;
mod hooks;
mod lend;
mod locks;
mod maintain;
mod panics;
mod polled;
mod random;
mod steps;
mod stress;
mod try_checkout;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use steadfast_bulkhead::{Pool, PoolBuilder};

/// A resource that knows which one it is, and tells when it dies.
#[derive(Debug)]
struct Part {
    number: usize,
    broken: bool,
    factory: Arc<Factory>,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.factory.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Makes parts with the numbers 1, 2, 3, ...
#[derive(Debug, Default)]
struct Factory {
    made: AtomicUsize,
    alive: AtomicUsize,
    most_alive: AtomicUsize,
}

impl Factory {
    fn make(self: &Arc<Self>) -> Part {
        let alive = self.alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_alive.fetch_max(alive, Ordering::SeqCst);
        Part {
            number: self.made.fetch_add(1, Ordering::SeqCst) + 1,
            broken: false,
            factory: Arc::clone(self),
        }
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }
}

fn parts(factory: &Arc<Factory>) -> PoolBuilder<Part, String> {
    let factory = Arc::clone(factory);
    Pool::builder("parts", move || {
        let factory = Arc::clone(&factory);
        async move { Ok(factory.make()) }
    })
}

/// No place is taken, nothing is lent, and each part is alive that should be.
fn assert_settled(pool: &Pool<Part, String>, factory: &Factory) {
    let snapshot = pool.snapshot();
    assert_eq!(snapshot.bulkhead.busy, 0, "{snapshot:?}");
    assert_eq!(
        snapshot.created - snapshot.discarded,
        snapshot.idle as u64,
        "{snapshot:?}"
    );
    assert_eq!(factory.alive(), snapshot.idle);
}
