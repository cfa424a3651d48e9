//! The rows of retries, their budgets, and hedges.

use steadfast_telemetry::names::{
    ATTEMPT, BUDGET_SPENT, BUDGET_SUPPRESSED, BUDGET_TOKENS, BUDGET_WAITING, HEDGE_DELAY,
    HEDGE_IN_FLIGHT, HEDGE_SENT, HEDGE_SUPPRESSED, OUTCOME, RETRY_ATTEMPTS, RETRY_CALLS,
    RETRY_WAITING,
};

use super::meter::Meter;
use super::reading::Reading;
use super::row::{Row, Severity};

/// The share of retries among calls that is shown as a warning, unless the dashboard was told another.
pub(super) fn fill(row: &mut Row, now: &Reading<'_>, meter: &Meter, too_many: f64) {
    let share = match (meter.in_last_minute(1), meter.in_last_minute(0)) {
        (Some(retries), Some(calls)) if calls > 0.0 => Some(retries / calls),
        (Some(retries), Some(_)) if retries > 0.0 => Some(1.0),
        (Some(_), Some(_)) => Some(0.0),
        _ => None,
    };
    let gave_up = meter.rate(2);
    let facts = &mut row.facts;
    facts.rate("calls_per_second", meter.rate(0));
    facts.rate("retries_per_second", meter.rate(1));
    facts.share("retry_share", share);
    facts.rate("gave_up_per_second", gave_up);
    facts.count("waiting", now.count(RETRY_WAITING.name()));
    facts.count("total_calls", now.count(RETRY_CALLS.name()));
    facts.count(
        "total_retries",
        now.count_of(RETRY_ATTEMPTS.name(), ATTEMPT, "retry"),
    );
    let given_up = ["exhausted", "deadline", "budget", "retry_after_too_long"]
        .into_iter()
        .filter_map(|outcome| now.count_of(RETRY_CALLS.name(), OUTCOME, outcome));
    facts.count("total_gave_up", Some(given_up.sum()));
    facts.count(
        "max_attempts",
        now.number("max_attempts").map(|most| most as u64),
    );
    facts.text("budget", now.text("budget"));
    if gave_up.unwrap_or(0.0) > 0.0 {
        row.is(Severity::Warning, "giving_up");
        row.why = Some("calls fail in spite of their retries".to_owned());
    } else if share.is_some_and(|share| share > too_many) {
        row.is(Severity::Warning, "retrying");
        row.why = Some("many calls need retries".to_owned());
    }
}

pub(super) fn fill_budget(row: &mut Row, now: &Reading<'_>, meter: &Meter) {
    let tokens = now.count(BUDGET_TOKENS.name());
    let suppressed = meter.rate(1);
    let facts = &mut row.facts;
    facts.count("tokens", tokens);
    facts.count("waiting", now.count(BUDGET_WAITING.name()));
    facts.rate("spent_per_second", meter.rate(0));
    facts.rate("suppressed_per_second", suppressed);
    facts.count("total_spent", now.count(BUDGET_SPENT.name()));
    facts.count("total_suppressed", now.count(BUDGET_SUPPRESSED.name()));
    facts.share("share", now.number("share"));
    facts.plain("min_per_second", now.number("min_per_second"));
    facts.plain("window_seconds", now.number("window_seconds"));
    if suppressed.unwrap_or(0.0) > 0.0 {
        row.is(Severity::Warning, "spent");
        row.why = Some("it refuses retries and hedges".to_owned());
    }
}

pub(super) fn fill_hedge(row: &mut Row, now: &Reading<'_>, meter: &Meter) {
    let facts = &mut row.facts;
    facts.rate("calls_per_second", meter.rate(0));
    facts.rate("sent_per_second", meter.rate(1));
    facts.rate("won_per_second", meter.rate(2));
    facts.millis("delay_ms", now.sum(HEDGE_DELAY.name()));
    facts.count("in_flight", now.count(HEDGE_IN_FLIGHT.name()));
    facts.count("total_sent", now.count(HEDGE_SENT.name()));
    facts.count("total_suppressed", now.count(HEDGE_SUPPRESSED.name()));
}
