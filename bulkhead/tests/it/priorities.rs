//! Callers of three priorities: who is served when, and whose place in line it is.

use std::{sync::Arc, task::Poll, time::Duration};

use parking_lot::Mutex;
use steadfast_bulkhead::{Builder, Bulkhead, Keyed, Permit, Pool, Priority, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<Permit, Rejected>>;

fn one_place(settings: impl FnOnce(Builder) -> Builder) -> Bulkhead {
    let builder = Bulkhead::builder("priorities").max_concurrent(1);
    settings(builder).build().unwrap()
}

fn in_line(bulkhead: &Bulkhead, priority: Priority) -> Acquire<'static> {
    let bulkhead = bulkhead.with_priority(priority);
    let mut waiter: Acquire<'static> = Box::pin(async move { bulkhead.acquire().await });
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

fn answer(waiter: &mut Acquire<'_>) -> Option<Result<Permit, Rejected>> {
    match poll(waiter, &Alarm::new()) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// Callers of all priorities wait, `each` of them; in which order they are served.
async fn order(bulkhead: &Bulkhead, each: usize) -> Vec<Priority> {
    let held = bulkhead.acquire().await.unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    // The least urgent come first.
    for priority in [Priority::Low, Priority::Normal, Priority::High] {
        for _ in 0..each {
            let (bulkhead, served) = (bulkhead.with_priority(priority), Arc::clone(&served));
            tasks.push(tokio::spawn(async move {
                let _permit = bulkhead.acquire().await.unwrap();
                served.lock().push(priority);
            }));
            tokio::task::yield_now().await;
        }
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    let served = served.lock();
    served.clone()
}

fn count(served: &[Priority], of: Priority) -> usize {
    served.iter().filter(|priority| **priority == of).count()
}

#[tokio::test(start_paused = true)]
async fn the_shares_hold_while_all_wait_and_nobody_is_forgotten() {
    let bulkhead = one_place(|builder| builder.max_waiting(300));
    let served = order(&bulkhead, 64).await;
    // As long as there are any of high priority, which are 64.
    let rounds = &served[..21 * 4];
    assert_eq!(count(rounds, Priority::High), 64);
    assert_eq!(count(rounds, Priority::Normal), 16);
    assert_eq!(count(rounds, Priority::Low), 4);
    assert_eq!(served.len(), 3 * 64);
}

#[tokio::test(start_paused = true)]
async fn equal_shares_serve_in_turn() {
    let bulkhead = one_place(|builder| builder.high_share(1).normal_share(1).low_share(1));
    let served = order(&bulkhead, 3).await;
    let turn = [Priority::High, Priority::Normal, Priority::Low];
    assert_eq!(served, [turn, turn, turn].concat());
}

#[tokio::test(start_paused = true)]
async fn a_free_place_asks_for_no_priority() {
    let bulkhead = one_place(|builder| builder);
    let low = bulkhead.with_priority(Priority::Low);
    assert_eq!(
        (bulkhead.priority(), low.priority()),
        (Priority::Normal, Priority::Low)
    );
    let permit = low.acquire().await.unwrap();
    assert_eq!(permit.waited(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_caller_does_not_wait_behind_one_that_waits_for_more_places_than_are_free() {
    let bulkhead = Bulkhead::builder("b").max_concurrent(3).build().unwrap();
    let held = bulkhead.try_acquire_many(2).unwrap();
    let heavy = bulkhead.with_priority(Priority::Low);
    let mut heavy: Acquire<'_> = Box::pin(heavy.acquire_many(3));
    assert!(poll(&mut heavy, &Alarm::new()).is_pending());
    let high = bulkhead.with_priority(Priority::High);
    let urgent = high.acquire().await.unwrap();
    // Which has used up its turn: the next one of it waits behind the heavy one.
    let mut next = in_line(&bulkhead, Priority::High);
    drop((held, urgent));
    assert!(answer(&mut next).is_none());
    drop(answer(&mut heavy).unwrap().unwrap());
    drop(answer(&mut next).unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn in_a_full_line_the_newest_of_a_crowd_makes_room_for_whom_the_place_belongs_to() {
    let bulkhead = one_place(|builder| builder.max_waiting(21));
    let held = bulkhead.acquire().await.unwrap();
    let mut crowd: Vec<_> = (0..21).map(|_| in_line(&bulkhead, Priority::Low)).collect();
    let alarm = Alarm::new();
    let mut newest = crowd.pop().unwrap();
    assert!(poll(&mut newest, &alarm).is_pending());
    tokio::time::advance(Duration::from_millis(7)).await;
    let mut high = in_line(&bulkhead, Priority::High);
    assert_eq!(alarm.rings(), 1);
    let rejected = answer(&mut newest).unwrap().unwrap_err();
    let (concurrent, waiting) = (1, 21);
    assert_eq!(
        rejected.reason(),
        Reason::Full {
            concurrent,
            waiting
        }
    );
    assert_eq!(rejected.waited(), Duration::from_millis(7));

    // One belongs to low priority; 16 and 4 to the others.
    let _high: Vec<_> = (0..15)
        .map(|_| in_line(&bulkhead, Priority::High))
        .collect();
    let _normal: Vec<_> = (0..4)
        .map(|_| in_line(&bulkhead, Priority::Normal))
        .collect();
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        let full = bulkhead.with_priority(priority).acquire().await;
        assert!(matches!(full.unwrap_err().reason(), Reason::Full { .. }));
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.waiting, snapshot.peak_waiting), (21, 21));
    assert_eq!(snapshot.waiting_at(Priority::Low), 1);
    assert!(answer(&mut crowd[0]).is_none(), "it stays to the last");

    drop(held);
    drop(answer(&mut high).unwrap().unwrap());
    for waiter in &mut crowd[1..] {
        answer(waiter).unwrap().unwrap_err();
    }
    let totals = bulkhead.snapshot().totals;
    assert_eq!((totals.displaced, totals.rejected_full), (20, 23));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_nobody_else_needs_is_for_any_priority() {
    let bulkhead = one_place(|builder| builder.max_waiting(5));
    let held = bulkhead.acquire().await.unwrap();
    let mut crowd: Vec<_> = (0..5).map(|_| in_line(&bulkhead, Priority::Low)).collect();
    drop(held);
    for waiter in &mut crowd {
        drop(answer(waiter).unwrap().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_threads_calls_sets_and_pools_have_priorities() {
    let bulkhead = one_place(|builder| builder.checkout_timeout(Duration::ZERO));
    let set: Keyed<u32> = Keyed::builder("set")
        .outer(bulkhead.clone())
        .build()
        .unwrap();
    let low = set.with_priority(Priority::Low);
    assert_eq!(low.get(&7).priority(), Priority::Low);
    assert_eq!(low.clone().outer().unwrap().priority(), Priority::Low);
    assert_eq!(set.get(&7).priority(), Priority::Normal);

    let pool = Pool::builder("pool", || async { Ok::<_, ()>(7) })
        .build()
        .unwrap();
    let high = pool.with_priority(Priority::High);
    assert_eq!(high.clone().bulkhead().priority(), Priority::High);
    assert_eq!(
        high.downgrade().upgrade().unwrap().bulkhead().priority(),
        Priority::High
    );
    drop(high.checkout().await.unwrap());
    assert_eq!(
        *pool.checkout().await.unwrap(),
        7,
        "one pool, whatever the priority"
    );
    let weak = bulkhead.with_priority(Priority::Low).downgrade();
    assert_eq!(weak.upgrade().unwrap().priority(), Priority::Low);
}

#[test]
fn a_peek_has_the_priority_of_its_set() {
    let set: Keyed<u32> = Keyed::builder("set").build().unwrap();
    let low = set.with_priority(Priority::Low);
    drop(low.try_acquire(&7).unwrap());
    assert_eq!(low.peek(&7).unwrap().priority(), Priority::Low);
    assert_eq!(low.remove(&7).unwrap().priority(), Priority::Low);
}

#[tokio::test(start_paused = true)]
async fn one_who_comes_late_has_saved_up_nothing() {
    let bulkhead = one_place(|builder| builder.low_share(16));
    let held = bulkhead.acquire().await.unwrap();
    let mut crowd: Vec<_> = (0..30)
        .map(|_| in_line(&bulkhead, Priority::High))
        .collect();
    drop(held);
    for waiter in &mut crowd[..20] {
        drop(answer(waiter).unwrap().unwrap());
    }
    // The 21st is next, whoever comes now; then it is their turn as often as that of the crowd.
    let mut late: Vec<_> = (0..3).map(|_| in_line(&bulkhead, Priority::Low)).collect();
    drop(answer(&mut crowd[20]).unwrap().unwrap());
    drop(answer(&mut late[0]).unwrap().unwrap());
    assert!(
        answer(&mut late[1]).is_none(),
        "it is the turn of the crowd"
    );
    drop(answer(&mut crowd[21]).unwrap().unwrap());
    drop(answer(&mut late[1]).unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_takes_several_places_has_used_up_as_many_turns() {
    let bulkhead = Bulkhead::builder("b")
        .max_concurrent(3)
        .high_share(1)
        .normal_share(1)
        .build()
        .unwrap();
    let held = bulkhead.try_acquire_many(3).unwrap();
    let heavy = bulkhead.with_priority(Priority::High);
    let mut heavy: [Acquire<'_>; 2] = [(); 2].map(|()| -> Acquire<'_> {
        let mut waiter: Acquire<'_> = Box::pin(heavy.acquire_many(3));
        assert!(poll(&mut waiter, &Alarm::new()).is_pending());
        waiter
    });
    let mut small: Vec<_> = (0..6)
        .map(|_| in_line(&bulkhead, Priority::Normal))
        .collect();
    drop(held);
    drop(answer(&mut heavy[0]).unwrap().unwrap());
    let three: Vec<_> = small[..3].iter_mut().map(answer).collect();
    assert!(three.iter().all(Option::is_some));
    assert!(
        answer(&mut small[3]).is_none(),
        "it is the turn of the heavy"
    );
    drop(three);
    drop(answer(&mut heavy[1]).unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_set_wait_with_its_priority_in_both_lines() {
    let outer = one_place(|builder| builder);
    let set: Keyed<u32> = Keyed::builder("set")
        .bulkhead(|each| each.max_concurrent(1))
        .outer(outer.clone())
        .build()
        .unwrap();
    let low = set.with_priority(Priority::Low);
    let _held = outer.try_acquire().unwrap();
    let mut outside: Boxed<'_, _> = Box::pin(low.call(&7, || async { Ok::<_, ()>(()) }));
    let mut inside: Boxed<'_, _> = Box::pin(low.call(&7, || async { Ok::<_, ()>(()) }));
    let mut acquires: Boxed<'_, _> = Box::pin(low.acquire(&7));
    assert!(poll(&mut outside, &Alarm::new()).is_pending());
    assert!(poll(&mut inside, &Alarm::new()).is_pending());
    assert!(poll(&mut acquires, &Alarm::new()).is_pending());
    assert_eq!(outer.snapshot().waiting_at(Priority::Low), 1);
    assert_eq!(set.get(&7).snapshot().waiting_at(Priority::Low), 2);
}
