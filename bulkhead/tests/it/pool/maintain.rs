//! Idle resources ahead of need.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use steadfast_bulkhead::{Pool, PoolError};

use super::{Factory, Part, assert_settled, parts};
use crate::support::{Alarm, Boxed, poll};

const MINUTE: Duration = Duration::from_secs(60);

/// A pool whose parts take a second to make.
fn slow(factory: &Arc<Factory>, places: usize, min_idle: usize) -> Pool<Part, String> {
    let factory = Arc::clone(factory);
    let create = move || {
        let factory = Arc::clone(&factory);
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(factory.make())
        }
    };
    Pool::builder("slow", create)
        .max_concurrent(places)
        .max_waiting(0)
        .min_idle(min_idle)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_makes_as_many_as_are_to_be_idle_and_no_more() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).min_idle(3).build().unwrap();
    pool.maintain().await.unwrap();
    pool.maintain().await.unwrap();
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.idle, snapshot.created), (3, 3));
    assert_eq!(snapshot.bulkhead.totals.acquired, 0, "it takes no place");
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn with_fewer_places_fewer_are_kept_idle() {
    let factory = Arc::<Factory>::default();
    let builder = parts(&factory).max_concurrent(4);
    let pool = builder.min_idle(3).build().unwrap();
    pool.maintain().await.unwrap();
    pool.bulkhead().resize(1).unwrap();
    pool.maintain().await.unwrap();
    assert_eq!(pool.snapshot().idle, 1);
    let part = pool.checkout().await.unwrap();
    pool.maintain().await.unwrap();
    assert_eq!(pool.snapshot().idle, 0, "the one place has its part");
    drop(part);
    pool.bulkhead().resize(4).unwrap();
    pool.maintain().await.unwrap();
    assert_eq!(pool.snapshot().idle, 3);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn it_makes_none_by_default() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).build().unwrap();
    pool.maintain().await.unwrap();
    assert_eq!(pool.snapshot().created, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_lent_leaves_room_for_the_rest_of_the_places() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory)
        .max_concurrent(3)
        .min_idle(3)
        .build()
        .unwrap();
    let lent = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    pool.maintain().await.unwrap();
    assert_eq!((pool.snapshot().idle, factory.alive()), (1, 3));
    drop(lent);
    pool.maintain().await.unwrap();
    assert_eq!((pool.snapshot().idle, factory.alive()), (3, 3));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn it_drops_the_old_and_the_idle_and_makes_new_ones() {
    for (age, idle, reason) in [
        (MINUTE, MINUTE * 9, "too_old: 2"),
        (MINUTE * 9, MINUTE, "idle_too_long: 2"),
    ] {
        let factory = Arc::<Factory>::default();
        let builder = parts(&factory).min_idle(2).max_age(age).max_idle(idle);
        let pool = builder.build().unwrap();
        pool.maintain().await.unwrap();
        tokio::time::advance(MINUTE - Duration::from_millis(1)).await;
        pool.maintain().await.unwrap();
        assert_eq!(pool.snapshot().discarded, 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        pool.maintain().await.unwrap();
        let snapshot = pool.snapshot();
        assert_eq!((snapshot.idle, snapshot.created), (2, 4));
        let discards = format!("{:?}", snapshot.discards);
        assert!(discards.contains(reason), "{discards}");
        assert_settled(&pool, &factory);
    }
}

#[tokio::test(start_paused = true)]
async fn checkouts_are_neither_refused_nor_delayed_by_it() {
    let factory = Arc::<Factory>::default();
    let pool = slow(&factory, 1, 1);
    let mut maintainer = Box::pin(pool.maintain());
    assert!(maintainer.as_mut().now_or_never().is_none());
    assert_eq!(pool.snapshot().bulkhead.busy, 0);
    tokio::time::advance(Duration::from_millis(400)).await;

    let mut checkout = Box::pin(pool.checkout());
    assert!(checkout.as_mut().now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(599)).await;
    assert!(checkout.as_mut().now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    let part = checkout.as_mut().now_or_never().unwrap().unwrap();
    assert_eq!((part.number, factory.alive()), (1, 1));
    maintainer.await.unwrap();
    assert_eq!(factory.alive(), 1, "the only place has its resource");
    drop(part);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_a_checkout_took_over() {
    let factory = Arc::<Factory>::default();
    let pool = slow(&factory, 4, 3);
    let (maintained, part) = tokio::join!(pool.maintain(), pool.checkout());
    maintained.unwrap();
    let part = part.unwrap();
    assert_eq!((pool.snapshot().idle, factory.alive()), (2, 3));
    drop(part);
    assert_eq!(pool.snapshot().idle, 3);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn two_at_a_time_make_no_more_than_one() {
    let factory = Arc::<Factory>::default();
    let pool = slow(&factory, 4, 2);
    let one_after_the_other = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(factory.alive(), 1);
    };
    let (first, second, ()) = tokio::join!(pool.maintain(), pool.maintain(), one_after_the_other);
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!((pool.snapshot().idle, factory.alive()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_maintainer_whose_spare_was_taken_over_leaves_the_next_ones_alone() {
    let factory = Arc::<Factory>::default();
    let pool = slow(&factory, 3, 1);
    let begin = || -> Boxed<'_, Result<(), PoolError<String>>> { Box::pin(pool.maintain()) };
    let (mut first, mut second) = (begin(), begin());
    assert!(poll(&mut first, &Alarm::new()).is_pending());
    let mut taker = Box::pin(pool.checkout());
    assert!(taker.as_mut().now_or_never().is_none());
    assert!(poll(&mut second, &Alarm::new()).is_pending());
    drop(first);
    assert_eq!(pool.snapshot().create_abandoned, 0);
    let part = taker.await.unwrap();
    second.await.unwrap();
    assert_eq!((pool.snapshot().idle, part.number), (1, 1));
    drop(part);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_the_first_failure_and_keeps_what_it_made() {
    let factory = Arc::<Factory>::default();
    let made = Arc::clone(&factory);
    let create = move || {
        let made = Arc::clone(&made);
        async move {
            match made.alive() {
                2 => Err("no more".to_owned()),
                _ => Ok(made.make()),
            }
        }
    };
    let builder = Pool::builder("parts", create).min_idle(5);
    let pool = builder.build().unwrap();
    let error = pool.maintain().await.unwrap_err();
    assert_eq!(error.create_error().unwrap(), "no more");
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.idle, snapshot.create_failures), (2, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn on_a_closed_pool_it_does_nothing_and_what_it_was_making_dies() {
    let factory = Arc::<Factory>::default();
    let pool = slow(&factory, 3, 2);
    let mut maintainer = Box::pin(pool.maintain());
    assert!(maintainer.as_mut().now_or_never().is_none());
    pool.close();
    maintainer.await.unwrap();
    pool.maintain().await.unwrap();
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.created, snapshot.discards.closed), (1, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn checkouts_go_on_while_a_maintainer_is_kept_but_not_polled() {
    let factory = Arc::<Factory>::default();
    let pool = slow(&factory, 1, 1);
    let mut maintainer = Box::pin(pool.maintain());
    assert!(maintainer.as_mut().now_or_never().is_none());
    for _ in 0..3 {
        assert_eq!(pool.checkout().await.unwrap().number, 1);
    }
    drop(maintainer);
    assert_eq!(pool.snapshot().create_abandoned, 0);
    assert_settled(&pool, &factory);
}
