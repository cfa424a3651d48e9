//! Budgets from outside. The random ones, with clocks that go backwards, are in `src/budget`.

mod config;
mod peers;
mod permits;
mod refusals;
mod rule;
mod scenarios;
mod threads;

use std::time::Duration;

use steadfast_retry::{Budget, BudgetBuilder, BudgetPermit, Extra};
use tokio::time::advance;

/// A share of the calls and nothing else.
fn share(share: f64) -> Budget {
    build(Budget::builder("test").share(share).min_per_second(0.0))
}

/// So many per second, whatever the calls.
fn per_second(min_per_second: f64) -> Budget {
    build(
        Budget::builder("test")
            .share(0.0)
            .min_per_second(min_per_second),
    )
}

fn build(builder: BudgetBuilder) -> Budget {
    builder.build().unwrap()
}

fn record(budget: &Budget, calls: u64) {
    for _ in 0..calls {
        budget.record_call();
    }
}

/// Takes all there is.
fn take_all(budget: &Budget) -> Vec<BudgetPermit> {
    std::iter::from_fn(|| budget.try_acquire(Extra::Retry).ok()).collect()
}

/// Sends all there is, and says how many that was.
fn spend_all(budget: &Budget) -> usize {
    let permits = take_all(budget);
    let count = permits.len();
    permits.into_iter().for_each(BudgetPermit::spend);
    count
}

async fn pass(seconds: f64) {
    advance(Duration::from_secs_f64(seconds)).await;
}
