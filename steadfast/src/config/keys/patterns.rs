//! The tables of the patterns.

use super::{Kind, Shape, ask};

/// Of circuit breakers.
pub(super) const BREAKER: &Shape = &Shape {
    name: "circuit_breaker",
    keys: keys! {
        failure_threshold: Kind::Whole(1, COUNT), "Failures in a row that open the breaker.",
            default "5 if no rate is given, else none";
        success_threshold: Kind::Whole(1, COUNT), "Successful probes that close the breaker.";
        open_for: Kind::PositiveTime, "How long an open breaker rejects before it lets a probe through.",
            alias "timeout";
        reset_timeout: Kind::PositiveTime, "How long after the last failure a run of failures is forgotten.";
        window: Kind::Window, "The calls that the rates look at.";
        min_calls: Kind::Whole(1, COUNT), "Calls in the window before a rate says anything.",
            default "10, or all of a smaller window";
        failure_rate: RATE, "The share of failures that opens the breaker.";
        slow_call_duration: Kind::PositiveTime, "How long a call takes to be slow.";
        slow_call_rate: RATE, "The share of slow calls that opens the breaker.";
        open_for_multiplier: Kind::Number(1.0, f64::MAX), "By how much the open time grows from one opening to the next.";
        max_open_for: Kind::Time, "The longest an open time may grow, jitter included.";
        open_for_jitter: Kind::Number(0.0, 1.0), "The share by which an open time varies at random; less than 1.";
        open_for_reset_after: Kind::Time, "How long the breaker stays closed before the open time no longer counts as growing.";
        max_probes: Kind::Whole(1, COUNT), "Probes in flight at the same time while half-open.";
        half_open_failure_rate: RATE, "The share of failed probes that opens the breaker again.";
        half_open_calls: Kind::Whole(1, COUNT), "Results of probes that half_open_failure_rate is taken of.";
        half_open_max: Kind::PositiveTime, "How long probes that do not come back may block a half-open breaker.";
        ramp_up: Kind::Time, "How long after closing the breaker takes to let every call through.";
        abandoned_as: ABANDONED_AS, "What a dropped call says about the dependency.";
    },
    ask: Some(ask::<crate::breaker::Config>),
};

/// Of retries.
pub(super) const RETRY: &Shape = &Shape {
    name: "retry",
    keys: keys! {
        max_attempts: Kind::Whole(1, COUNT), "Attempts in all, the first included.";
        growth: Kind::Word(&[ "constant", "linear", "exponential", "fibonacci", "decorrelated", "decorrelated_smooth", ]), "How backoffs grow from one to the next.";
        base_backoff: Kind::Time, "The first backoff.";
        max_backoff: Kind::Time, "The longest backoff, jitter included; at least base_backoff.";
        backoff_multiplier: Kind::Number(1.0, f64::MAX), "How many times longer each backoff is.",
            default "2 if exponential, 3 if decorrelated";
        jitter: Kind::Jitter, "How much of a backoff is left to chance.",
            default "full";
        max_elapsed: Kind::PositiveTime, "How long a call may take, attempts and waits together.";
        attempt_timeout: Kind::PositiveTime, "How long one attempt may take.";
        max_retry_after: Kind::Time, "The longest wait that a classifier may ask for.";
        history: Kind::Whole(0, 1000), "How many failed attempts are kept to be told, beside the last.";
        budget: Kind::Switch(BUDGET), "A budget of the retry's own.";
    },
    ask: Some(ask::<crate::retry::Config>),
};

const BUDGET: &Shape = &Shape {
    name: "budget",
    keys: keys! {
        share: Kind::Number(0.0, 10.0), "How many retries each call allows.";
        min_per_second: Kind::Number(0.0, 1e6), "How many more are allowed per second, whatever the traffic.";
        window: Kind::PositiveTime, "How long calls and retries are remembered; 1 s to 60 s.";
    },
    ask: Some(ask::<crate::retry::BudgetConfig>),
};

/// Of bulkheads.
pub(super) const BULKHEAD: &Shape = &Shape {
    name: "bulkhead",
    keys: keys! {
        preset: Kind::Word(&["amqp_channels", "http_connections", "llm_requests"]), "What the other settings begin with.";
        max_concurrent: PLACES, "Callers that may run at a time.";
        max_waiting: Kind::Whole(0, SIZE), "Callers that may wait in line for a place.";
        checkout_timeout: Kind::Time, "How long a caller waits in line at most.";
        hold_times: Kind::Flag, "Whether it is measured how long places are held.";
        high_share: SHARE, "The share of callers of high priority.";
        normal_share: SHARE, "The share of callers of normal priority.";
        low_share: SHARE, "The share of callers of low priority.";
    },
    ask: Some(ask::<crate::bulkhead::Config>),
};

pub(super) const ABANDONED_AS: Kind = Kind::Word(&["ignored", "failure"]);
pub(super) const COUNT: u64 = u32::MAX as u64;
/// What a signed number of TOML holds.
pub(super) const SIZE: u64 = i64::MAX as u64;
pub(super) const PLACES: Kind = Kind::Whole(1, 268_435_455);
const SHARE: Kind = Kind::Whole(1, 100);
/// More than zero, which the schema cannot be told by a least value.
const RATE: Kind = Kind::Number(f64::MIN_POSITIVE, 1.0);
