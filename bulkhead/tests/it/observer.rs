//! What observers hear, and that they can do no harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "tokio")]
use futures_util::FutureExt;
use parking_lot::Mutex;
use steadfast_bulkhead::{Acquired, Bulkhead, Observer, Queued, Reason, Rejected, WeakBulkhead};

#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn read(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

impl Observer for Diary {
    fn queued(&self, queued: &Queued) {
        let Queued { name, position, .. } = queued;
        self.0.lock().push(format!("{name} queued at {position}"));
    }

    fn acquired(&self, acquired: &Acquired) {
        let Acquired { name, .. } = acquired;
        let waited = acquired.waited.unwrap();
        self.0
            .lock()
            .push(format!("{name} acquired after {waited:?}"));
    }

    fn rejected(&self, rejected: &Rejected) {
        self.0.lock().push(rejected.to_string());
    }
}

/// Panics at everything.
struct Bomb;

impl Observer for Bomb {
    fn queued(&self, _: &Queued) {
        panic!("on purpose");
    }

    fn acquired(&self, _: &Acquired) {
        panic!("on purpose");
    }

    fn rejected(&self, _: &Rejected) {
        panic!("on purpose");
    }
}

/// Asks the bulkhead itself, which would deadlock if its lock were held.
#[derive(Default)]
struct Asker(Mutex<Option<WeakBulkhead>>);

impl Observer for Asker {
    fn rejected(&self, _: &Rejected) {
        let bulkhead = self.0.lock().as_ref().and_then(WeakBulkhead::upgrade);
        bulkhead.unwrap().add_observer(Arc::new(Diary::default()));
    }
}

#[test]
fn a_refusal_is_reported() {
    let diary = Arc::new(Diary::default());
    let bulkhead = Bulkhead::builder("b")
        .max_concurrent(1)
        .observer(Arc::clone(&diary))
        .build()
        .unwrap();
    let _held = bulkhead.try_acquire().unwrap();
    bulkhead.try_acquire().unwrap_err();
    bulkhead.close();
    bulkhead.try_acquire().unwrap_err();
    assert_eq!(
        diary.read(),
        [
            "bulkhead b is full: 1 running, 0 waiting",
            "bulkhead b is closed"
        ]
    );
}

#[test]
fn a_free_place_is_not_reported() {
    let diary = Arc::new(Diary::default());
    let bulkhead = Bulkhead::builder("b").observer(Arc::clone(&diary)).build();
    drop(bulkhead.unwrap().acquire_blocking().unwrap());
    assert!(diary.read().is_empty());
}

#[test]
fn an_observer_added_later_hears_from_then_on() {
    let bulkhead = Bulkhead::builder("b").build().unwrap();
    bulkhead.close();
    bulkhead.try_acquire().unwrap_err();
    let diary = Arc::new(Diary::default());
    bulkhead.add_observer(diary.clone());
    bulkhead.try_acquire().unwrap_err();
    assert_eq!(diary.read(), ["bulkhead b is closed"]);
}

#[test]
fn a_panicking_observer_is_counted_and_hurts_nobody() {
    let diary = Arc::new(Diary::default());
    let bulkhead = Bulkhead::builder("b")
        .observer(Bomb)
        .observer(Arc::clone(&diary))
        .build()
        .unwrap();
    bulkhead.close();
    assert_eq!(bulkhead.try_acquire().unwrap_err().reason(), Reason::Closed);
    assert_eq!(diary.read().len(), 1);
    assert_eq!(bulkhead.snapshot().totals.observer_panics, 1);
}

#[test]
fn an_observer_may_use_the_bulkhead() {
    let asker = Arc::new(Asker::default());
    let bulkhead = Bulkhead::builder("b")
        .observer(Arc::clone(&asker))
        .build()
        .unwrap();
    *asker.0.lock() = Some(bulkhead.downgrade());
    bulkhead.close();
    bulkhead.try_acquire().unwrap_err();
    assert_eq!(bulkhead.snapshot().totals.observer_panics, 0);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_wait_is_reported_with_its_place_in_line_and_its_length() {
    let diary = Arc::new(Diary::default());
    let bulkhead = Bulkhead::builder("b")
        .max_concurrent(1)
        .checkout_timeout(std::time::Duration::from_secs(1))
        .observer(Bomb)
        .observer(Arc::clone(&diary))
        .build()
        .unwrap();
    let held = bulkhead.try_acquire().unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        drop(held);
    };
    let (first, second, ()) = tokio::join!(bulkhead.acquire(), bulkhead.acquire(), release);
    assert!(first.is_ok(), "the first keeps the place until here");
    second.unwrap_err();
    assert_eq!(
        diary.read(),
        [
            "b queued at 1",
            "b queued at 2",
            "b acquired after 20ms",
            "bulkhead b had no free place within 1s: 0 waiting"
        ]
    );
    assert_eq!(bulkhead.snapshot().totals.observer_panics, 4);
}

/// Panics with something that panics when it is dropped.
struct Cluster;

struct Bomblet;

impl Drop for Bomblet {
    fn drop(&mut self) {
        std::panic::panic_any("on purpose, once more");
    }
}

impl Observer for Cluster {
    fn wants_every_call(&self) -> bool {
        true
    }

    fn acquired(&self, _: &Acquired) {
        std::panic::panic_any(Bomblet);
    }
}

#[test]
fn what_an_observer_panics_with_is_dropped_without_harm() {
    let bulkhead = Bulkhead::builder("b")
        .max_concurrent(1)
        .observer(Cluster)
        .build()
        .unwrap();
    let acquire = std::panic::AssertUnwindSafe(|| drop(bulkhead.try_acquire().unwrap()));
    let unwound = std::panic::catch_unwind(acquire).is_err();
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.observer_panics), (0, 1));
    assert!(!unwound);
}

#[test]
fn a_refusal_of_too_many_places_is_reported() {
    let diary = Arc::new(Diary::default());
    let bulkhead = Bulkhead::builder("b").observer(Arc::clone(&diary)).build();
    bulkhead.unwrap().try_acquire_many(21).unwrap_err();
    assert_eq!(
        diary.read(),
        ["bulkhead b cannot give 21 places at a time: it has 20"]
    );
}

/// Hears what it wants to at the time.
#[derive(Default)]
struct Moody {
    waits: AtomicBool,
    rejections: AtomicBool,
    diary: Diary,
}

impl Observer for Moody {
    fn wants_waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    fn wants_rejections(&self) -> bool {
        self.rejections.load(Ordering::Relaxed)
    }

    fn rejected(&self, rejected: &Rejected) {
        self.diary.rejected(rejected);
    }

    fn queued(&self, queued: &Queued) {
        self.diary.queued(queued);
    }
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn one_that_does_not_want_to_is_told_nothing_until_it_is_asked_again() {
    let moody = Arc::new(Moody::default());
    let diary = Arc::new(Diary::default());
    let bulkhead = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_waiting(1)
        .observer(Arc::clone(&moody))
        .observer(Arc::clone(&diary))
        .build()
        .unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    let waits = async || {
        assert!(bulkhead.try_acquire().is_err());
        assert!(bulkhead.acquire().now_or_never().is_none());
    };
    waits().await;
    moody.rejections.store(true, Ordering::Relaxed);
    waits().await;
    assert!(moody.diary.read().is_empty(), "it was not asked");
    assert_eq!(diary.read().len(), 4, "the others hear all the same");

    bulkhead.ask_observers();
    waits().await;
    assert_eq!(moody.diary.read().len(), 1);
    moody.waits.store(true, Ordering::Relaxed);
    moody.rejections.store(false, Ordering::Relaxed);
    bulkhead.ask_observers();
    waits().await;
    assert_eq!(
        moody.diary.read(),
        [
            "bulkhead reports is full: 1 running, 0 waiting",
            "reports queued at 1"
        ]
    );
    drop(permit);
}

#[test]
fn one_that_panics_when_it_is_asked_is_counted_and_told() {
    struct Mute;

    impl Observer for Mute {
        fn wants_every_call(&self) -> bool {
            panic!("not that one");
        }

        fn wants_waits(&self) -> bool {
            panic!("nor that");
        }

        fn wants_rejections(&self) -> bool {
            panic!("nor that");
        }
    }

    let bulkhead = Bulkhead::builder("reports").observer(Mute).build().unwrap();
    // Asked when it was added, and once more in case it has changed its mind since.
    assert_eq!(bulkhead.snapshot().totals.observer_panics, 5);
    bulkhead.ask_observers();
    assert_eq!(bulkhead.snapshot().totals.observer_panics, 7);
}

#[test]
fn who_asks_last_is_right_however_many_ask_at_once() {
    let moody = Arc::new(Moody::default());
    let builder = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_waiting(0);
    let bulkhead = builder.observer(Arc::clone(&moody)).build().unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    for round in 1..=200 {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    moody.rejections.fetch_xor(true, Ordering::Relaxed);
                    bulkhead.ask_observers();
                });
            }
            scope.spawn(|| bulkhead.add_observer(Arc::new(Diary::default())));
        });
        // Wanted twice over, so wanted as before: not at all. Then once.
        let before = moody.diary.read().len();
        assert!(bulkhead.try_acquire().is_err());
        assert_eq!(moody.diary.read().len(), before, "round {round}");
    }
    moody.rejections.store(true, Ordering::Relaxed);
    bulkhead.ask_observers();
    assert!(bulkhead.try_acquire().is_err());
    assert_eq!(moody.diary.read().len(), 1);
    drop(permit);
}
