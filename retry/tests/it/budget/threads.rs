//! The public doors from many threads. Each thread enters the paused runtime, so that the clock
//! stands still and the outcome is a number.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use steadfast_retry::{Budget, Extra};
use tokio::runtime::Handle;

use super::{build, record, share};

const CALLS: u64 = 10_000;

/// Records calls and sends all there is after each; how many that was.
fn work(budget: &Budget, calls: u64) -> u64 {
    let mut sent = 0;
    for call in 0..calls {
        budget.record_call();
        while let Ok(permit) = budget.try_acquire(Extra::Retry) {
            if (call + sent) % 5 == 0 {
                // Given back, for this thread or another to take.
                drop(permit);
                break;
            }
            permit.spend();
            sent += 1;
        }
    }
    sent
}

fn sent_by(threads: u64, share: f64, min_per_second: f64) -> u64 {
    let handle = Handle::current();
    let budget = build(
        Budget::builder("doors")
            .share(share)
            .min_per_second(min_per_second),
    );
    let over = AtomicBool::new(false);
    let sent: u64 = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let _clock = handle.enter();
            let mut looks = 0_u64;
            while !over.load(Ordering::Relaxed) || looks == 0 {
                let seen = budget.snapshot();
                let used = (seen.spent + seen.waiting) as f64;
                let allowance = share * seen.calls as f64 + min_per_second * 10.0;
                assert!(used <= allowance + 1e-9, "{seen:?}");
                assert!(
                    (seen.tokens - (allowance - used).max(0.0)).abs() < 1e-6,
                    "{seen:?}"
                );
                let settled = seen.totals.spent_retries + seen.totals.given_back;
                assert_eq!(seen.totals.granted, settled + seen.waiting);
                looks += 1;
                thread::yield_now();
            }
        });
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let _clock = handle.enter();
                    work(&budget, CALLS / threads)
                })
            })
            .collect();
        let sent = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum();
        over.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
        sent
    });
    let rest = super::spend_all(&budget) as u64;
    assert_eq!(budget.snapshot().calls, CALLS);
    sent + rest
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_is_the_rule_to_within_one_on_any_number_of_threads() {
    for share in [0.0001, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0] {
        for min_per_second in [0.0, 10.0] {
            for threads in [1, 2, 8] {
                let sent = sent_by(threads, share, min_per_second);
                let rule = CALLS as f64 * share + min_per_second * 10.0;
                assert!(
                    (sent as f64 - rule).abs() < 1.0,
                    "share {share}, {min_per_second} per second, {threads} threads: {sent}"
                );
            }
        }
    }
}

/// tower's `TpsBudget` looked at its balance in one step and subtracted in another, so that several
/// threads could take the last token.
#[tokio::test(start_paused = true)]
async fn threads_that_race_for_the_last_retry_get_one_between_them() {
    const THREADS: usize = 8;
    const ROUNDS: u64 = 300;
    let handle = Handle::current();
    let budget = share(1.0);
    let (begin, end) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let granted = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let _clock = handle.enter();
                for _ in 0..ROUNDS {
                    begin.wait();
                    if let Ok(permit) = budget.try_acquire(Extra::Retry) {
                        permit.spend();
                        granted.fetch_add(1, Ordering::Relaxed);
                    }
                    end.wait();
                }
            });
        }
        for round in 1..=ROUNDS {
            record(&budget, 1);
            begin.wait();
            end.wait();
            // Were this to panic the threads would wait for ever: it is compared below.
            if granted.load(Ordering::Relaxed) != round {
                granted.fetch_add(ROUNDS * 1_000, Ordering::Relaxed);
            }
        }
    });
    assert_eq!(granted.into_inner(), ROUNDS);
}
