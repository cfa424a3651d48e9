//! The rows of HTTP clients and AMQP connections, and of whatever else tells telemetry of itself.

use steadfast_telemetry::Note;
use steadfast_telemetry::names::{OUTCOME, STATE};

use super::meter::Meter;
use super::reading::Reading;
use super::row::{Row, Severity};

/// The share of requests that fail beyond which a client is failing.
const FAILING: f64 = 0.1;

pub(super) fn fill_http(row: &mut Row, now: &Reading<'_>, meter: &Meter) {
    let (requests, errors) = (meter.rate(0), meter.rate(1));
    let facts = &mut row.facts;
    facts.rate("calls_per_second", requests);
    facts.rate("errors_per_second", errors);
    facts.rate("attempts_per_second", meter.rate(2));
    for (key, metric) in [
        ("in_flight", "resilience.http_client.in_flight"),
        ("total_calls", "resilience.http_client.requests"),
        ("total_attempts", "resilience.http_client.attempts"),
        ("authorities", "resilience.http_client.authorities"),
        ("throttled", "resilience.http_client.throttled_authorities"),
        ("fallbacks_total", "resilience.http_client.fallbacks"),
        ("coalesced_total", "resilience.http_client.coalesced"),
        ("held_back_total", "resilience.http_client.held_back"),
    ] {
        facts.count(key, now.count(metric));
    }
    for (key, note) in [
        ("p50_ms", "p50_seconds"),
        ("p95_ms", "p95_seconds"),
        ("p99_ms", "p99_seconds"),
    ] {
        facts.millis(key, now.number(note));
    }
    match (requests, errors) {
        (Some(requests), Some(errors)) if errors > 0.0 => {
            if errors > requests * FAILING {
                row.is(Severity::Warning, "failing");
            } else {
                row.is(Severity::Notice, "errors");
            }
            row.why = Some("requests end without a response".to_owned());
        }
        _ => {}
    }
}

pub(super) fn fill_amqp(row: &mut Row, now: &Reading<'_>, meter: &Meter) {
    let state = now.hot("amqp_resilient.connection.state", STATE);
    let facts = &mut row.facts;
    facts.text("connection_state", state);
    facts.text("endpoint", now.text("endpoint"));
    facts.text("last_error", now.text("last_error"));
    facts.flag("blocked", state == Some("blocked"));
    facts.text("blocked_reason", now.text("blocked_reason"));
    facts.count("next_try_at", now.due("retry_in_seconds"));
    if matches!(state, Some("connected" | "blocked")) {
        facts.count("connected_since", now.began("in_state_for_seconds"));
    }
    let lost: f64 = [1, 2, 3]
        .into_iter()
        .filter_map(|one| meter.rate(one))
        .sum();
    facts.rate("confirmed_per_second", meter.rate(0));
    facts.rate("not_taken_per_second", meter.rate(0).map(|_| lost));
    let connected = now.count_of("amqp_resilient.reconnects", OUTCOME, "connected");
    // The first time is no reconnection.
    facts.count(
        "reconnects_total",
        connected.map(|times| times.saturating_sub(1)),
    );
    for (key, metric) in [
        ("lost_total", "amqp_resilient.connection.lost"),
        ("blocks_total", "amqp_resilient.connection.blocks"),
        ("unconfirmed", "amqp_resilient.publish.in_flight"),
        ("buffered", "amqp_resilient.publish.buffered"),
        ("total_confirmed", "amqp_resilient.publish.confirmed"),
        ("total_returned", "amqp_resilient.publish.returned"),
        ("total_nacked", "amqp_resilient.publish.nacked"),
        ("total_ambiguous", "amqp_resilient.publish.ambiguous"),
        ("total_failed", "amqp_resilient.publish.failed"),
        ("channels_in_use", "amqp_resilient.channel_pool.in_use"),
        ("channels_idle", "amqp_resilient.channel_pool.idle"),
    ] {
        facts.count(key, now.count(metric));
    }
    row.since = now.began("in_state_for_seconds");
    let error = || now.text("last_error").map(str::to_owned);
    match state {
        Some("connected") => row.is(Severity::Ok, "connected"),
        Some("blocked") => {
            row.is(Severity::Warning, "blocked");
            let reason = now.text("blocked_reason").unwrap_or("no reason given");
            row.why = Some(format!("the broker asks publishers to pause: {reason}"));
        }
        Some("connecting") => {
            row.is(Severity::Warning, "connecting");
            row.why = error();
        }
        Some(other @ ("disconnected" | "refused")) => {
            row.is(Severity::Critical, other.to_owned());
            row.why = error();
        }
        Some(other) => {
            row.is(Severity::Warning, other.to_owned());
            row.why = error();
        }
        None => row.is(Severity::Notice, "unknown"),
    }
}

/// A source of another crate: its numbers under the names of their metrics, and its notes.
pub(super) fn fill_other(row: &mut Row, now: &Reading<'_>) {
    let metrics: std::collections::BTreeSet<_> = now
        .component
        .values
        .iter()
        .map(|value| value.metric.as_ref())
        .collect();
    for metric in metrics {
        row.facts.plain(metric.to_owned(), now.sum(metric));
    }
    for (key, note) in now.component.notes.iter() {
        let key = key.to_owned();
        match note {
            // What grows by itself would be news every second.
            Note::Number(_) if key.ends_with("_for_seconds") => {}
            Note::Number(number) => row.facts.plain(key, Some(*number)),
            Note::Text(text) => row.facts.text(key, Some(text.as_str())),
            Note::Flag(flag) => row.facts.text(key, Some(flag.to_string())),
            _ => {}
        }
    }
}
