//! Old and idle resources.

use std::{sync::Arc, time::Duration};

use super::{assert_settled, parts};

const MINUTE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_resource_is_lent_until_just_before_its_max_age() {
    let factory = Arc::default();
    let pool = parts(&factory).max_age(MINUTE).build().unwrap();
    drop(pool.checkout().await.unwrap());
    tokio::time::advance(MINUTE - MOMENT).await;
    assert_eq!(pool.checkout().await.unwrap().number, 1);
    tokio::time::advance(MOMENT).await;
    assert_eq!(pool.checkout().await.unwrap().number, 2);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_grew_too_old_on_loan_dies_when_it_returns() {
    let factory = Arc::default();
    let pool = parts(&factory).max_age(MINUTE).build().unwrap();
    let part = pool.checkout().await.unwrap();
    tokio::time::advance(MINUTE).await;
    drop(part);
    assert_eq!((factory.alive(), pool.snapshot().discarded), (0, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn use_keeps_a_resource_from_being_idle_but_not_from_ageing() {
    let factory = Arc::default();
    let builder = parts(&factory).max_age(MINUTE * 3).max_idle(MINUTE);
    let pool = builder.build().unwrap();
    for expected in [1, 1, 1, 1, 2] {
        assert_eq!(pool.checkout().await.unwrap().number, expected);
        tokio::time::advance(MINUTE - MOMENT).await;
    }
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn resources_left_idle_at_the_bottom_go_with_the_next_use_of_the_pool() {
    let factory = Arc::default();
    let pool = parts(&factory).max_idle(MINUTE).build().unwrap();
    let [first, second, third] = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    drop((first, second));
    tokio::time::advance(MINUTE / 2).await;
    drop(third);
    assert_eq!(pool.snapshot().idle, 3);

    tokio::time::advance(MINUTE / 2).await;
    let fresh = pool.checkout().await.unwrap();
    assert_eq!(fresh.number, 3);
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.idle, snapshot.discarded), (0, 2));
    assert_eq!(factory.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_return_clears_out_the_idle_ones_too() {
    let factory = Arc::default();
    let pool = parts(&factory).max_idle(MINUTE).build().unwrap();
    let [idle, busy] = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    drop(idle);
    tokio::time::advance(MINUTE).await;
    drop(busy);
    assert_eq!(pool.snapshot().idle, 1);
    assert_eq!(pool.checkout().await.unwrap().number, 2);
}

#[tokio::test(start_paused = true)]
async fn without_limits_nothing_expires() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    drop(pool.checkout().await.unwrap());
    tokio::time::advance(MINUTE * 1_000_000).await;
    assert_eq!(pool.checkout().await.unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn the_longest_limits_mean_never() {
    let factory = Arc::default();
    let builder = parts(&factory)
        .max_age(Duration::MAX)
        .max_idle(Duration::MAX);
    let pool = builder.build().unwrap();
    drop(pool.checkout().await.unwrap());
    tokio::time::advance(MINUTE * 1_000_000).await;
    assert_eq!(pool.checkout().await.unwrap().number, 1);
}
