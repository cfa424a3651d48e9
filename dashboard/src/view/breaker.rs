//! The row of a circuit breaker.

use steadfast_telemetry::ErrorNote;
use steadfast_telemetry::names::{
    BREAKER_CALLS, BREAKER_CONSECUTIVE_FAILURES, BREAKER_FAILURE_RATIO, BREAKER_IN_FLIGHT,
    BREAKER_MODE, BREAKER_RAMP_UP_RATIO, BREAKER_SLOW_CALL_RATIO, BREAKER_STATE,
    BREAKER_TRANSITIONS, BREAKER_WINDOW_CALLS, MODE, OUTCOME, STATE,
};

use super::meter::Meter;
use super::reading::Reading;
use super::row::{Row, Severity};

/// From here on a breaker that is closed is worth a look.
const NEAR_TRIP: f64 = 0.8;

/// An error that came no longer before the breaker opened, in seconds, has to do with it.
const AT_THAT_TIME: f64 = 10.0;

pub(super) fn fill(row: &mut Row, now: &Reading<'_>, meter: &Meter, by: Option<&str>) {
    let state = now.hot(BREAKER_STATE.name(), STATE);
    let mode = now.hot(BREAKER_MODE.name(), MODE);
    let facts = &mut row.facts;
    facts.text("mode", mode);
    facts.text("cause", now.text("cause"));
    let error = now.newest_error("last_errors");
    facts.text("last_error", error.map(in_brief));
    facts.count(
        "last_error_at",
        error.map(|error| now.ago(error.last_ago_seconds)),
    );
    facts.count("next_probe_at", now.due("retry_after_seconds"));
    facts.text("mode_reason", now.text("mode_reason"));
    facts.text("mode_by", by);
    facts.count("mode_expires_at", now.due("mode_expires_in_seconds"));
    facts.share("ramp_up_share", now.sum(BREAKER_RAMP_UP_RATIO.name()));
    facts.count("window_calls", now.count(BREAKER_WINDOW_CALLS.name()));
    facts.count(
        "min_calls",
        now.number("min_calls").map(|calls| calls as u64),
    );
    facts.count("in_flight", now.count(BREAKER_IN_FLIGHT.name()));
    facts.plain("open_for_seconds", now.number("open_for_seconds"));
    for (key, counter) in [
        ("calls_per_second", 0),
        ("failures_per_second", 1),
        ("rejected_per_second", 2),
        ("slow_per_second", 3),
    ] {
        facts.rate(key, meter.rate(counter));
    }
    for (key, outcome) in [
        ("total_success", "success"),
        ("total_failure", "failure"),
        ("total_rejected", "rejected"),
        ("total_abandoned", "abandoned"),
    ] {
        facts.count(key, now.count_of(BREAKER_CALLS.name(), OUTCOME, outcome));
    }
    let opened = now.count_of(BREAKER_TRANSITIONS.name(), STATE, "open");
    facts.count("opened_total", opened);
    let nearest = rules(row, now);
    row.since = now.began("in_state_for_seconds");
    judge(row, now, state, mode, nearest);
}

/// How far each rule is from opening the breaker, and which is nearest.
fn rules(row: &mut Row, now: &Reading<'_>) -> Option<f64> {
    let facts = &mut row.facts;
    let failures = now.sum(BREAKER_CONSECUTIVE_FAILURES.name());
    let failure_ratio = now.sum(BREAKER_FAILURE_RATIO.name());
    let slow_ratio = now.sum(BREAKER_SLOW_CALL_RATIO.name());
    let failure_threshold = now.number("failure_threshold");
    let failure_limit = now.number("failure_rate_threshold");
    let slow_limit = now.number("slow_call_rate_threshold");
    facts.share("failure_ratio", failure_ratio);
    facts.share("failure_ratio_limit", failure_limit);
    facts.share("slow_ratio", slow_ratio);
    facts.share("slow_ratio_limit", slow_limit);
    facts.count(
        "consecutive_failures",
        failures.map(|failures| failures as u64),
    );
    facts.count(
        "failure_threshold",
        failure_threshold.map(|limit| limit as u64),
    );
    let rules = [
        ("consecutive_failures", failures, failure_threshold),
        ("failure_rate", failure_ratio, failure_limit),
        ("slow_call_rate", slow_ratio, slow_limit),
    ];
    let nearest = rules
        .into_iter()
        .filter_map(|(rule, is, limit)| Some((rule, share_of(is?, limit?)?)))
        .max_by(|(_, one), (_, other)| one.total_cmp(other));
    if let Some((rule, share)) = nearest {
        facts.share("trip_share", Some(share));
        facts.text("trip_rule", Some(rule));
    }
    nearest.map(|(_, share)| share)
}

fn in_brief(error: &ErrorNote) -> String {
    if error.class.is_empty() {
        return error.message.clone();
    }
    format!("{}: {}", error.class, error.message)
}

fn share_of(is: f64, limit: f64) -> Option<f64> {
    (limit > 0.0).then(|| (is / limit).min(1.0))
}

fn judge(
    row: &mut Row,
    now: &Reading<'_>,
    state: Option<&str>,
    mode: Option<&str>,
    nearest: Option<f64>,
) {
    let forced = |what: &str| {
        let reason = now.text("mode_reason");
        Some(reason.map_or_else(|| what.to_owned(), |reason| format!("{what}: {reason}")))
    };
    match (mode, state) {
        (Some("forced_open"), _) => {
            row.is(Severity::Warning, "forced_open");
            row.why = forced("forced open");
        }
        (Some("forced_closed"), _) => {
            row.is(Severity::Warning, "forced_closed");
            row.why = forced("forced closed");
        }
        (Some("disabled"), _) => {
            row.is(Severity::Warning, "disabled");
            row.why = forced("disabled");
        }
        // It lets everything through, so nothing is lost by what it says.
        (Some("shadow"), _) => {
            row.is(Severity::Notice, "shadow");
            row.why = forced("in shadow mode, rejects nothing");
        }
        (_, Some("open")) => {
            row.is(Severity::Critical, "open");
            explain(row, now);
        }
        (_, Some("half_open")) => {
            row.is(Severity::Warning, "half_open");
            row.why = now.text("cause").map(str::to_owned);
        }
        (_, Some(_)) => {
            row.is(Severity::Ok, "closed");
            if nearest.is_some_and(|share| share >= NEAR_TRIP) {
                row.severity = Severity::Notice;
                row.why = Some("near to opening".to_owned());
            } else if now.sum(BREAKER_RAMP_UP_RATIO.name()).is_some() {
                row.severity = Severity::Notice;
                row.why = Some("ramping up after it has closed".to_owned());
            }
        }
        (_, None) => row.is(Severity::Notice, "unknown"),
    }
}

/// Why it has opened, with an error as an example if there was one at that time: by slow calls alone it opens without
/// any, and should not name one of last week.
fn explain(row: &mut Row, now: &Reading<'_>) {
    let Some(cause) = now.text("cause") else {
        return;
    };
    let since = now.number("in_state_for_seconds").unwrap_or_default();
    let error = now.newest_error("last_errors");
    let error = error.filter(|error| error.last_ago_seconds <= since + AT_THAT_TIME);
    let example = error.map(|error| format!("; last error: {}", in_brief(error)));
    let example = example.unwrap_or_default();
    row.example = example.len();
    row.why = Some(format!("{cause}{example}"));
}
