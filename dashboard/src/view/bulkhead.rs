//! The rows of bulkheads and of pools of resources.

use steadfast_telemetry::names::{
    BULKHEAD_ACQUIRED, BULKHEAD_IN_FLIGHT, BULKHEAD_LIMIT, BULKHEAD_PEAK_IN_FLIGHT,
    BULKHEAD_PEAK_QUEUED, BULKHEAD_QUEUE_LIMIT, BULKHEAD_QUEUED, BULKHEAD_REJECTED, ERROR_TYPE,
    OUTCOME, POOL_DISCARDED, POOL_RESOURCES, POOL_SERVED, STATE,
};

use super::meter::Meter;
use super::reading::Reading;
use super::row::{Row, Severity};

/// The share of places beyond which a bulkhead is busy.
pub(super) const BUSY: f64 = 0.9;

pub(super) fn fill(row: &mut Row, now: &Reading<'_>, meter: &Meter) {
    let in_flight = now.sum(BULKHEAD_IN_FLIGHT.name());
    let limit = now.sum(BULKHEAD_LIMIT.name());
    let queued = now.count(BULKHEAD_QUEUED.name());
    let rejected = meter.rate(1);
    let share = match (in_flight, limit) {
        (Some(busy), Some(limit)) if limit > 0.0 => Some(busy / limit),
        _ => None,
    };
    let facts = &mut row.facts;
    for (key, metric) in [
        ("in_flight", BULKHEAD_IN_FLIGHT),
        ("limit", BULKHEAD_LIMIT),
        ("queued", BULKHEAD_QUEUED),
        ("queue_limit", BULKHEAD_QUEUE_LIMIT),
        ("peak_in_flight", BULKHEAD_PEAK_IN_FLIGHT),
        ("peak_queued", BULKHEAD_PEAK_QUEUED),
        ("total_acquired", BULKHEAD_ACQUIRED),
        ("total_rejected", BULKHEAD_REJECTED),
    ] {
        facts.count(key, now.count(metric.name()));
    }
    let timed_out = now.count_of(BULKHEAD_REJECTED.name(), ERROR_TYPE, "timeout");
    facts.count("total_timed_out", timed_out);
    facts.share("use_share", share);
    facts.rate("calls_per_second", meter.rate(0));
    facts.rate("rejected_per_second", rejected);
    for (key, note) in [
        ("queue_p50_ms", "queue_p50_seconds"),
        ("queue_p95_ms", "queue_p95_seconds"),
        ("queue_p99_ms", "queue_p99_seconds"),
        ("hold_p50_ms", "hold_p50_seconds"),
        ("hold_p95_ms", "hold_p95_seconds"),
        ("hold_p99_ms", "hold_p99_seconds"),
    ] {
        facts.millis(key, now.number(note));
    }
    let (waiting, rejects) = (queued.unwrap_or(0) > 0, rejected.unwrap_or(0.0) > 0.0);
    if now.flag("closed") == Some(true) {
        row.is(Severity::Warning, "closed");
        row.why = Some("closed: it takes no more calls".to_owned());
    } else if rejects {
        row.is(Severity::Warning, "full");
        row.why = Some("it rejects calls".to_owned());
    } else if share.is_some_and(|share| share >= 1.0) && waiting {
        row.is(Severity::Warning, "full");
        row.why = Some("all places are taken, and callers wait".to_owned());
    } else if share.is_some_and(|share| share > BUSY) {
        row.is(Severity::Notice, "busy");
        row.why = Some("more than 90 % of the places are taken".to_owned());
    }
}

/// Its places are the bulkhead's of the same name.
pub(super) fn fill_pool(row: &mut Row, now: &Reading<'_>, meter: &Meter) {
    let facts = &mut row.facts;
    let idle = now.count_of(POOL_RESOURCES.name(), STATE, "idle");
    let lent = now.count_of(POOL_RESOURCES.name(), STATE, "lent");
    facts.count("idle", idle);
    facts.count("in_flight", lent);
    facts.count(
        "created",
        now.count_of(POOL_SERVED.name(), OUTCOME, "created"),
    );
    facts.count("discarded_total", now.count(POOL_DISCARDED.name()));
    facts.count("total_acquired", now.count(POOL_SERVED.name()));
    facts.rate("calls_per_second", meter.rate(0));
    let failing = meter.rate(1);
    facts.rate("create_failures_per_second", failing);
    if failing.unwrap_or(0.0) > 0.0 {
        row.is(Severity::Warning, "failing");
        row.why = Some("resources cannot be made".to_owned());
    }
}
