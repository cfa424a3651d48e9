//! The simulations give the figures that are known, and show what budgets are for. Everything is seeded,
//! so no test fails by chance; tolerances are five standard deviations of what is measured all the same,
//! so that another seed would do.

use std::time::Duration;

use steadfast_benches::simulation::failing::{self, CLIENTS, PROBABILITIES, RATE};
use steadfast_benches::simulation::metastable::{self, before_spike, goodput, last_third};
use steadfast_benches::simulation::tiers::{self, Retries};
use steadfast_benches::simulation::{MIN_PER_SECOND, Outcome, Policy, SHARE};

/// One window of a budget.
const SECONDS: u64 = 10;

fn failing(policy: Policy, probability: f64) -> Outcome {
    failing::run(policy, probability, Duration::from_secs(SECONDS)).expect("a runtime")
}

fn tiers(retries: Retries, probability: f64) -> Outcome {
    tiers::run(retries, probability, Duration::from_secs(100)).expect("a runtime")
}

/// Five standard deviations of the mean of `samples` with this variance.
fn tolerance(variance: f64, samples: u64) -> f64 {
    5.0 * (variance / samples as f64).sqrt()
}

#[track_caller]
fn assert_near(what: &str, measured: f64, expected: f64, tolerance: f64) {
    assert!(
        (measured - expected).abs() <= tolerance + 1e-12,
        "{what}: {measured}, not {expected} within {tolerance}"
    );
}

#[test]
fn every_client_calls_ten_times_a_second_on_average() {
    let expected = CLIENTS as f64 * RATE * SECONDS as f64;
    let calls = failing(Policy::NoRetry, 0.0).calls as f64;
    // The variance of a Poisson count is its mean.
    assert_near("calls", calls, expected, 5.0 * expected.sqrt());
}

#[test]
fn attempts_without_and_with_retries_give_the_known_success_and_load() {
    for (policy, attempts) in [(Policy::NoRetry, 1), (Policy::ThreeRetries, 4)] {
        for p in PROBABILITIES {
            let outcome = failing(policy, p);
            let what = format!("{policy} at p = {p}");

            let success = 1.0 - p.powi(attempts);
            let margin = tolerance(success * (1.0 - success), outcome.calls);
            assert_near(&what, outcome.success(), success, margin);

            // At least k + 1 attempts are made with probability p^k. A sum over the tail gives the mean,
            // and one of 2k + 1 times the tail the mean of the square.
            let tail = |k| p.powi(k);
            let load = (0..attempts).map(tail).sum::<f64>();
            let square = (0..attempts)
                .map(|k| f64::from(2 * k + 1) * tail(k))
                .sum::<f64>();
            let margin = tolerance(square - load * load, outcome.calls);
            assert_near(&what, outcome.load(), load, margin);
        }
    }
}

#[test]
fn three_retries_quadruple_the_load_of_a_server_that_is_down() {
    let outcome = failing(Policy::ThreeRetries, 1.0);
    assert_eq!(outcome.requests, 4 * outcome.calls);
    assert_eq!(outcome.succeeded, 0);
}

#[test]
fn budgets_hold_the_load_at_one_plus_share_plus_floor() {
    for (policy, budgets) in [(Policy::OwnBudget, CLIENTS), (Policy::SharedBudget, 1)] {
        let floor = MIN_PER_SECOND * (SECONDS * budgets) as f64;
        for p in PROBABILITIES {
            let outcome = failing(policy, p);
            let granted = SHARE * outcome.calls as f64 + floor;
            let retries = (outcome.requests - outcome.calls) as f64;
            // The calls of the last 40 ms go on after the window, with up to four attempts of 10 ms.
            let late = CLIENTS as f64 * RATE * 0.04;
            assert!(
                retries <= granted + late,
                "{policy} at p = {p}: {retries} retries, {granted} granted"
            );
            if p >= 0.5 {
                assert!(
                    retries >= 0.95 * granted,
                    "{policy} at p = {p}: {retries} of {granted} used"
                );
            }
        }
        let bound = policy.bound(CLIENTS, RATE).unwrap();
        let load = failing(policy, 1.0).load();
        assert_near("bound", load, bound, 0.01);
    }
}

#[test]
fn budgets_do_not_hinder_retries_while_failures_are_few() {
    for policy in [Policy::OwnBudget, Policy::SharedBudget] {
        for p in [0.0, 0.01, 0.1] {
            let (plain, budgeted) = (failing(Policy::ThreeRetries, p), failing(policy, p));
            assert_near(
                &format!("{policy} at p = {p}"),
                budgeted.success(),
                plain.success(),
                0.001,
            );
        }
    }
}

#[test]
fn plain_retries_stay_collapsed_after_a_spike() {
    let seconds = metastable::run(Policy::ThreeRetries).unwrap();
    assert!(goodput(before_spike(&seconds)) > 0.95);
    assert!(goodput(last_third(&seconds)) < 0.2);
    assert_eq!(metastable::recovered_after(&seconds), None);
}

#[test]
fn clients_without_retries_or_with_budgets_recover_from_a_spike() {
    for policy in [Policy::NoRetry, Policy::OwnBudget, Policy::SharedBudget] {
        let seconds = metastable::run(policy).unwrap();
        assert!(goodput(before_spike(&seconds)) > 0.95, "{policy}");
        assert!(goodput(last_third(&seconds)) > 0.95, "{policy}");
        let recovered = metastable::recovered_after(&seconds);
        assert!(recovered.is_some_and(|after| after < 30), "{policy}");
        let overload = seconds
            .iter()
            .any(|s| s.latency() > Some(metastable::TIMEOUT));
        assert!(overload, "{policy}: the spike did not reach the timeout");
    }
}

#[test]
fn retries_at_three_tiers_multiply() {
    let down = tiers(Retries::EveryTier, 1.0);
    assert_eq!(down.requests, 27 * down.calls);

    // A tier over one that fails with q makes 1 + q + q^2 calls of it and fails with q^3.
    let (mut load, mut q) = (1.0, 0.5_f64);
    for _ in 0..3 {
        load *= 1.0 + q + q * q;
        q = q.powi(3);
    }
    let half = tiers(Retries::EveryTier, 0.5);
    // No call costs more than 27 requests, so the mean of the square is at most 27 times the mean.
    let margin = tolerance(27.0 * load - load * load, half.calls);
    assert_near("load at p = 0.5", half.load(), load, margin);
    assert!(half.success() > 0.999);
}

#[test]
fn retries_at_the_top_tier_alone_do_not_multiply() {
    let down = tiers(Retries::TopTier, 1.0);
    assert_eq!(down.requests, 3 * down.calls);
    let half = tiers(Retries::TopTier, 0.5);
    // One attempt, two or three, with the variance 11/16.
    let margin = tolerance(11.0 / 16.0, half.calls);
    assert_near("load at p = 0.5", half.load(), 1.75, margin);
}

#[test]
fn budgets_at_three_tiers_hold_the_product_down() {
    let each_tier = 1.0 + SHARE + MIN_PER_SECOND / tiers::RATE;
    let down = tiers(Retries::BudgetInEveryTier, 1.0);
    assert!(down.load() <= each_tier.powi(3) * 1.01, "{}", down.load());
    assert!(down.load() > 1.5, "{}", down.load());
}

#[test]
fn a_second_run_gives_the_same_figures() {
    for policy in Policy::ALL {
        assert_eq!(failing(policy, 0.3), failing(policy, 0.3), "{policy}");
        let metastable = || metastable::run(policy).unwrap();
        assert_eq!(metastable(), metastable(), "{policy}");
    }
    for retries in Retries::ALL {
        assert_eq!(tiers(retries, 0.5), tiers(retries, 0.5), "{retries}");
    }
}
