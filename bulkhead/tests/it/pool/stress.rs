//! Many borrowers on several threads.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Factory, Part, assert_settled, parts};
use crate::support::Random;

const BORROWERS: u64 = 5_000;
const PLACES: usize = 6;

async fn yields(times: u64) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn there_are_never_more_resources_than_places_and_none_is_lost() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory)
        .max_concurrent(PLACES)
        .max_waiting(BORROWERS as usize)
        .checkout_timeout(Duration::MAX)
        .is_valid(|part| !part.broken)
        .build()
        .unwrap();
    let mut random = Random(3);
    let borrowers: Vec<_> = (0..BORROWERS)
        .map(|n| {
            let pool = pool.clone();
            let (patience, work) = (random.below(20), random.below(10));
            tokio::spawn(async move {
                let borrow = async {
                    if n % 3 == 0 {
                        let Ok(mut part) = pool.checkout().await else {
                            return;
                        };
                        yields(work).await;
                        part.broken = n % 2 == 0;
                    } else {
                        let work = async |_: &mut Part| yields(work).await;
                        let _ = pool.with_resource(work).await;
                    }
                };
                tokio::select! {
                    biased;
                    () = borrow => {}
                    () = yields(patience) => {}
                }
            })
        })
        .collect();
    for borrower in borrowers {
        borrower.await.unwrap();
    }
    assert_settled(&pool, &factory);
    let most_alive = factory.most_alive.load(Ordering::SeqCst);
    assert!(most_alive <= PLACES, "{most_alive} at a time");
    let snapshot = pool.snapshot();
    assert!(
        snapshot.discarded > 10 && snapshot.recycled > 10,
        "{snapshot:?}"
    );
}
