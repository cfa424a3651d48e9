//! A limit around all keys: its order, its refusals, and how both places come back.

use std::{task::Poll, time::Duration};

use steadfast_bulkhead::{Bulkhead, Error, Keyed, KeyedPermit, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<KeyedPermit, Rejected>>;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Two places for each key, this many for all.
fn set(outer_places: usize) -> (Keyed<u32>, Bulkhead) {
    let outer = Bulkhead::builder("outer")
        .max_concurrent(outer_places)
        .max_waiting(3)
        .checkout_timeout(TIMEOUT)
        .build()
        .unwrap();
    let set = Keyed::builder("set")
        .bulkhead(|each| each.max_concurrent(2).checkout_timeout(TIMEOUT))
        .outer(outer.clone())
        .build()
        .unwrap();
    (set, outer)
}

/// A caller that was polled once and waits.
fn waiter(set: &Keyed<u32>, key: u32) -> Acquire<'_> {
    let mut waiter: Acquire<'_> = Box::pin(async move { set.acquire(&key).await });
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

fn numbers(bulkhead: &Bulkhead) -> (usize, usize) {
    let snapshot = bulkhead.snapshot();
    (snapshot.busy, snapshot.waiting)
}

#[test]
fn the_outer_limit_holds_for_all_keys_together() {
    let (set, outer) = set(3);
    let permits: Vec<_> = [1, 1, 2]
        .iter()
        .map(|key| set.try_acquire(key).unwrap())
        .collect();
    assert_eq!(set.try_acquire(&1).unwrap_err().name(), "set/1");
    assert_eq!(set.try_acquire(&2).unwrap_err().name(), "outer");
    assert_eq!(numbers(&set.get(&2)), (1, 0), "the key's place came back");
    drop(permits);
    assert_eq!(numbers(&outer), (0, 0));
    assert_eq!(numbers(&set.get(&1)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hot_key_waits_in_its_own_line_and_leaves_the_outer_one_to_others() {
    let (set, outer) = set(3);
    let hot: Vec<_> = [(); 2].map(|()| set.try_acquire(&1).unwrap()).into();
    let crowd: Vec<_> = (0..50).map(|_| waiter(&set, 1)).collect();
    assert_eq!(numbers(&set.get(&1)), (2, 50));
    assert_eq!(numbers(&outer), (2, 0), "none of the crowd came so far");
    let other = set.acquire(&2).await.unwrap();
    assert_eq!(other.waited(), Duration::ZERO);
    drop((crowd, hot, other));
    assert_eq!(numbers(&outer), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_gets_the_key_first_lines_up_outside_and_both_waits_count() {
    let (set, outer) = set(1);
    let direct = outer.try_acquire().unwrap();
    let inner: Vec<_> = [(); 2].map(|()| set.get(&1).try_acquire().unwrap()).into();
    let mut caller = waiter(&set, 1);
    assert_eq!((numbers(&set.get(&1)), numbers(&outer)), ((2, 1), (1, 0)));

    tokio::time::advance(TIMEOUT / 2).await;
    drop(inner);
    assert!(poll(&mut caller, &Alarm::new()).is_pending());
    assert_eq!((numbers(&set.get(&1)), numbers(&outer)), ((1, 0), (1, 1)));

    tokio::time::advance(TIMEOUT * 3 / 4).await;
    drop(direct);
    let Poll::Ready(Ok(permit)) = poll(&mut caller, &Alarm::new()) else {
        panic!("it has both places");
    };
    assert_eq!(permit.waited(), TIMEOUT * 5 / 4);
    assert_eq!((numbers(&set.get(&1)), numbers(&outer)), ((1, 0), (1, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_gives_the_keys_place_back() {
    let (set, outer) = set(1);
    let _direct = outer.try_acquire().unwrap();
    let rejected = set.acquire(&1).await.unwrap_err();
    assert_eq!(rejected.name(), "outer");
    let (waited, waiting) = (TIMEOUT, 0);
    assert_eq!(rejected.reason(), Reason::Timeout { waited, waiting });
    let called = set.call(&1, || async { Ok::<_, ()>(()) }).await;
    assert!(matches!(called, Err(Error::Rejected(of)) if of.name() == "outer"));
    let totals = set.get(&1).snapshot().totals;
    assert_eq!((totals.acquired, totals.completed), (2, 2));
    assert_eq!(numbers(&set.get(&1)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_holds_both_places_and_gives_both_back_however_it_ends() {
    let (set, outer) = set(1);
    let both = || (numbers(&set.get(&1)), numbers(&outer));
    let held = set.call(&1, || async { Ok::<_, ()>(both()) }).await;
    assert_eq!(held, Ok(((1, 0), (1, 0))));
    let failed = set.call(&1, || async { Err::<(), _>("no") }).await;
    assert_eq!(failed, Err(Error::Operation("no")));
    assert_eq!(both(), ((0, 0), (0, 0)));

    let held = set.call_blocking(&1, || Ok::<_, ()>(both()));
    assert_eq!(held, Ok(((1, 0), (1, 0))));
    let panicking = set.call(&1, || async {
        assert!(both() == ((0, 0), (0, 0)), "on purpose");
        Ok::<_, ()>(())
    });
    let panicked = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(panicking));
    assert!(panicked.await.is_err());
    assert_eq!(both(), ((0, 0), (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_permit_returns_the_outer_place_before_the_keys() {
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Wake, Waker};

    struct Note(&'static str, Arc<Mutex<Vec<&'static str>>>);
    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    let (set, outer) = set(1);
    let permit = set.try_acquire(&1).unwrap();
    let second = set.get(&1).try_acquire().unwrap();
    let woken = Arc::new(Mutex::new(Vec::new()));
    let mut lines: [(_, Boxed<'_, _>); 2] = [
        ("key", Box::pin(async { set.get(&1).acquire().await })),
        ("outer", Box::pin(outer.acquire())),
    ];
    for (name, line) in &mut lines {
        let waker = Waker::from(Arc::new(Note(name, Arc::clone(&woken))));
        assert!(
            line.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    drop(permit);
    assert_eq!(*woken.lock().unwrap(), ["outer", "key"]);
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn a_close_wakes_the_keys_line_and_spares_the_outer_one() {
    let (set, outer) = set(2);
    let held: Vec<_> = [(); 2].map(|()| set.try_acquire(&1).unwrap()).into();
    let mut in_key_line = waiter(&set, 1);
    let mut in_outer_line = waiter(&set, 2);
    assert_eq!(numbers(&outer), (2, 1));
    set.close();
    let Poll::Ready(Err(rejected)) = poll(&mut in_key_line, &Alarm::new()) else {
        panic!("it was sent home");
    };
    assert_eq!(rejected.reason(), Reason::Closed);
    assert!(poll(&mut in_outer_line, &Alarm::new()).is_pending());
    drop(held);
    let Poll::Ready(Ok(permit)) = poll(&mut in_outer_line, &Alarm::new()) else {
        panic!("it had its key's place");
    };
    drop(permit);
    assert_eq!(numbers(&outer), (0, 0));
}

#[test]
fn threads_wait_in_both_lines() {
    let (set, outer) = set(1);
    let direct = outer.try_acquire().unwrap();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| set.acquire_blocking(&1).map(drop));
        crate::support::wait_until(|| outer.snapshot().waiting == 1);
        assert_eq!(numbers(&set.get(&1)), (1, 0));
        drop(direct);
        assert_eq!(caller.join().unwrap(), Ok(()));
    });
    assert_eq!(numbers(&outer), (0, 0));
}
