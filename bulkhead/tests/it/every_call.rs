//! Observers that want to hear of every call.

use std::sync::Arc;

use parking_lot::Mutex;
use steadfast_bulkhead::{Acquired, Bulkhead, Observer, Queued, Rejected, Released};

#[derive(Default)]
struct Diary {
    entries: Mutex<Vec<String>>,
    wants_every_call: bool,
    tells_timeouts_apart: bool,
}

impl Diary {
    fn of_every_call() -> Arc<Self> {
        Arc::new(Self {
            wants_every_call: true,
            tells_timeouts_apart: true,
            ..Self::default()
        })
    }

    fn add(&self, entry: String) {
        self.entries.lock().push(entry);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.entries.lock())
    }
}

impl Observer for Diary {
    fn wants_every_call(&self) -> bool {
        self.wants_every_call
    }

    fn queued(&self, queued: &Queued) {
        self.add(format!("queued at {}", queued.position));
    }

    fn acquired(&self, acquired: &Acquired) {
        self.add(format!(
            "acquired {} after {:?}",
            acquired.places, acquired.waited
        ));
    }

    fn rejected(&self, rejected: &Rejected) {
        self.add(rejected.to_string());
    }

    fn timed_out(&self, rejected: &Rejected) {
        if self.tells_timeouts_apart {
            self.add("timed out".to_owned());
        } else {
            self.rejected(rejected);
        }
    }

    fn released(&self, released: &Released) {
        self.add(format!(
            "released {} after {:?}",
            released.places, released.held
        ));
    }
}

fn observed(observers: &[&Arc<Diary>], hold_times: bool) -> Bulkhead {
    let builder = Bulkhead::builder("b")
        .max_concurrent(2)
        .hold_times(hold_times);
    let builder = observers.iter().fold(builder, |builder, observer| {
        builder.observer(Arc::clone(observer))
    });
    builder.build().unwrap()
}

#[test]
fn one_that_wants_every_call_hears_of_all_that_come_and_go() {
    let (all, rare) = (Diary::of_every_call(), Arc::new(Diary::default()));
    let bulkhead = observed(&[&all, &rare], false);
    drop(bulkhead.try_acquire().unwrap());
    drop(bulkhead.try_acquire_many(2).unwrap());
    bulkhead.call_blocking(|| Ok::<_, ()>(())).unwrap();
    let at_once = ["acquired 1 after None", "released 1 after None"];
    assert_eq!(
        all.take(),
        [
            at_once[0],
            at_once[1],
            "acquired 2 after None",
            "released 2 after None",
            at_once[0],
            at_once[1],
        ]
    );
    assert!(rare.take().is_empty());

    let _held = bulkhead.try_acquire_many(2).unwrap();
    bulkhead.try_acquire().unwrap_err();
    for diary in [&all, &rare] {
        assert_eq!(
            diary.take().last().unwrap(),
            "bulkhead b is full: 2 running, 0 waiting"
        );
    }
}

#[test]
fn one_that_is_added_later_hears_of_places_that_were_taken_before_when_they_come_back() {
    let bulkhead = observed(&[], false);
    let permit = bulkhead.try_acquire().unwrap();
    let all = Diary::of_every_call();
    bulkhead.add_observer(all.clone());
    drop(permit);
    drop(bulkhead.try_acquire().unwrap());
    assert_eq!(
        all.take(),
        [
            "released 1 after None",
            "acquired 1 after None",
            "released 1 after None",
        ]
    );
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn waits_holds_and_timeouts_are_told_with_their_lengths() {
    let (all, plain) = (Diary::of_every_call(), Arc::new(Diary::default()));
    let bulkhead = observed(&[&all, &plain], true);
    let held = bulkhead.acquire_many(2).await.unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        drop(held);
    };
    let (waited, ()) = tokio::join!(bulkhead.acquire_many(2), release);
    let queue = ["queued at 1", "acquired 2 after Some(20ms)"];
    assert_eq!(
        all.take(),
        [
            "acquired 2 after None",
            queue[0],
            "released 2 after Some(20ms)",
            queue[1],
        ]
    );
    assert_eq!(plain.take(), queue);

    bulkhead
        .call(|| async { Ok::<_, ()>(()) })
        .await
        .unwrap_err();
    assert_eq!(all.take(), ["queued at 1", "timed out"]);
    let told = plain.take();
    assert!(
        told[1].contains("no free place within 5s"),
        "told as a rejection: {told:?}"
    );
    drop(waited);
    assert_eq!(all.take(), ["released 2 after Some(5s)"]);
}

#[test]
fn what_panics_in_an_observer_of_every_call_loses_no_place() {
    struct Bomb;
    impl Observer for Bomb {
        fn wants_every_call(&self) -> bool {
            true
        }
        fn acquired(&self, _: &Acquired) {
            panic!("on purpose");
        }
        fn released(&self, _: &Released) {
            panic!("on purpose");
        }
    }
    let bulkhead = Bulkhead::builder("b").observer(Bomb).build().unwrap();
    for _ in 0..3 {
        drop(bulkhead.try_acquire().unwrap());
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.completed), (0, 3));
    assert_eq!(snapshot.totals.observer_panics, 6);
}

#[test]
fn a_thread_that_waited_for_its_call_is_told_and_measured_as_any_other() {
    use steadfast_bulkhead::Priority;

    #[derive(Default)]
    struct Priorities(Mutex<Vec<Priority>>);
    impl Observer for Priorities {
        fn queued(&self, queued: &Queued) {
            self.0.lock().push(queued.priority);
        }
    }
    let heard = Arc::new(Priorities::default());
    let bulkhead = Bulkhead::builder("b")
        .max_concurrent(1)
        .hold_times(true)
        .observer(Arc::clone(&heard))
        .build()
        .unwrap();
    let held = bulkhead.try_acquire().unwrap();
    let low = bulkhead.with_priority(Priority::Low);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| low.call_blocking(|| Ok::<_, ()>(())));
        crate::support::wait_until(|| bulkhead.snapshot().waiting_at(Priority::Low) == 1);
        drop(held);
        call.join().unwrap().unwrap();
    });
    assert_eq!(*heard.0.lock(), [Priority::Low]);
    assert_eq!(bulkhead.snapshot().holds.count, 2);
}
