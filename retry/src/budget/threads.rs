//! Many threads at one moment, without a runtime. The moment is an argument, so nothing leaves the
//! window meanwhile and the outcome is a number.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Budget, Extra};
use crate::clock;

const CALLS: u64 = 10_000;
const SHARES: [f64; 7] = [0.0001, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0];

/// Records the thread's part of the calls, and after each takes all there is.
fn take_all(budget: &Budget, calls: u64, now: Instant, granted: &AtomicU64) {
    for call in 0..calls {
        budget.record_call_at(now);
        while budget.take_at(Extra::Retry, now).is_ok() {
            let before = granted.fetch_add(1, Ordering::Relaxed);
            // Some are sent, some keep waiting, some are given back and taken by another.
            match (call + before) % 8 {
                0 => {
                    granted.fetch_sub(1, Ordering::Relaxed);
                    budget.give_back();
                    break;
                }
                1..=4 => budget.spend_at(Extra::Retry, now),
                _ => {}
            }
        }
    }
}

/// How many were granted and kept in all; every reading meanwhile obeys the rule.
fn granted_by(threads: u64, share: f64, min_per_second: f64) -> u64 {
    let budget = Budget::builder("threads")
        .share(share)
        .min_per_second(min_per_second)
        .window(Duration::from_secs(10))
        .build()
        .unwrap();
    let now = clock::now();
    let granted = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0_u64;
            while !over.load(Ordering::Relaxed) || looks == 0 {
                let seen = budget.snapshot_at(now);
                let allowance = share * seen.calls as f64 + min_per_second * 10.0;
                let used = seen.spent + seen.waiting;
                assert!(used as f64 <= allowance + 1e-9, "{seen:?}");
                let totals = seen.totals;
                assert_eq!(totals.spent_retries, seen.spent);
                assert_eq!(
                    totals.granted,
                    seen.spent + totals.given_back + seen.waiting
                );
                looks += 1;
                thread::yield_now();
            }
        });
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| take_all(&budget, CALLS / threads, now, &granted)))
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
    });
    // What was given back last is still there to be taken.
    while budget.take_at(Extra::Retry, now).is_ok() {
        granted.fetch_add(1, Ordering::Relaxed);
    }
    let seen = budget.snapshot_at(now);
    assert_eq!(seen.calls, CALLS);
    assert_eq!(seen.spent + seen.waiting, granted.load(Ordering::Relaxed));
    granted.into_inner()
}

#[test]
fn ten_thousand_calls_on_any_number_of_threads_get_exactly_what_the_rule_says() {
    for share in SHARES {
        for min_per_second in [0.0, 10.0] {
            for threads in [1, 2, 8] {
                let granted = granted_by(threads, share, min_per_second);
                let rule = CALLS as f64 * share + min_per_second * 10.0;
                assert!(
                    (granted as f64 - rule).abs() < 1.0,
                    "share {share}, {min_per_second} per second, {threads} threads: {granted}"
                );
            }
        }
    }
}

#[test]
fn threads_whose_clocks_disagree_lose_no_call_and_count_none_twice() {
    let budget = Budget::builder("skew").build().unwrap();
    let origin = clock::now();
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            let budget = &budget;
            scope.spawn(move || {
                for call in 0..1_000 {
                    // Between nothing and three windows apart from one another.
                    let skew = Duration::from_millis(call * 37 * (thread + 1) % 30_000);
                    budget.record_call_at(origin + skew);
                    if budget.take_at(Extra::Hedge, origin + skew).is_ok() {
                        budget.spend_at(Extra::Hedge, origin);
                    }
                }
            });
        }
    });
    let seen = budget.snapshot_at(origin);
    assert_eq!(seen.totals.calls, 8_000);
    assert_eq!(seen.totals.granted, seen.totals.spent_hedges);
    assert!(seen.calls <= 8_000 && seen.spent <= seen.totals.spent_hedges);
    let later = budget.snapshot_at(origin + Duration::from_secs(60));
    assert_eq!(
        (later.calls, later.spent, later.waiting),
        (0, 0, 0),
        "{later:?}"
    );
}
