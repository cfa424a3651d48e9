//! The client as a source of telemetry.

use std::sync::Arc;
use std::time::Instant;

use steadfast_telemetry::{
    EventKind, EventSink, HttpRequest, Instrument, Notes, Samples, Source, Telemetry, Watch, names,
};

use crate::client::{Client, Shared};
use crate::clock;
use crate::metrics;
use crate::observer::Finished;

/// Watches the client, its retry, hedge and budget, and the breaker and bulkhead of every authority, also
/// of those that it meets later, and the hedges that it makes from now on. Those of the authorities are
/// members of the [group](Telemetry::group) of the client's name: the busiest have series of their own.
///
/// The end of each request is an `HttpRequest` event, and each request a span with one span for each attempt.
/// Attempts carry a `traceparent` header then, unless the request has one: what the caller set stays.
/// Redirects are within an attempt and carry on what it carries.
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
impl Watch for Client {
    fn watched_by(&self, telemetry: &Telemetry) {
        telemetry.watch(self.shared());
    }
}

impl Source for Shared {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "http_client"
    }

    fn instruments(&self) -> &'static [Instrument] {
        metrics::ALL
    }

    /// Beside how long each authority is held back, `p50_seconds`, `p95_seconds` and `p99_seconds`: how long
    /// the requests of about the last minute took in all, retries and waits included, until the head of the
    /// response was there. Of those that were sent, and ended while telemetry watched the client; not there
    /// if there were none.
    fn describe(&self, notes: &mut Notes) {
        let times = self.latencies.percentiles([0.5, 0.95, 0.99], clock::now());
        for (key, time) in PERCENTILES.into_iter().zip(times.into_iter().flatten()) {
            notes.seconds(key, time);
        }
        for authority in self.authorities.all() {
            let throttled_for = authority.throttle.left();
            let key = format!("{} throttled_for_seconds", authority.name);
            notes.seconds(key, throttled_for);
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let counted = self.authorities.counted();
        let totals = self.counters.totals(&counted, self.observers.panics());
        for (outcome, requests) in [
            ("response", totals.responses),
            ("invalid_request", totals.invalid),
            ("circuit_open", totals.circuit_open),
            ("bulkhead_full", totals.bulkhead_full),
            ("timeout", totals.timed_out),
            ("deadline_exceeded", totals.deadline_exceeded),
            ("throttled", totals.throttled),
            ("body_too_large", totals.too_large),
            ("failure", totals.failed),
            ("abandoned", totals.abandoned),
        ] {
            samples.record(&metrics::REQUESTS, requests, &[(names::OUTCOME, outcome)]);
        }
        for (outcome, responses) in [("drained", totals.drained), ("cut_off", totals.cut_off)] {
            samples.record(&metrics::DISCARDED, responses, &[(names::OUTCOME, outcome)]);
        }
        for (reason, attempts) in [
            ("server", totals.throttle_waits),
            ("rate_limit", totals.rate_limit_waits),
        ] {
            samples.record(&metrics::HELD_BACK, attempts, &[(names::REASON, reason)]);
        }
        if samples.wants(&metrics::THROTTLED) {
            let all = self.authorities.all();
            let throttled = all.iter().filter(|one| one.throttle.left().is_some());
            samples.record(&metrics::THROTTLED, throttled.count() as u64, &[]);
        }
        for (instrument, count) in [
            (&metrics::ATTEMPTS, totals.attempts),
            (&metrics::IN_FLIGHT, self.counters.in_flight()),
            (&metrics::FALLBACKS, totals.fallbacks),
            (&metrics::COALESCED, totals.coalesced),
            (&metrics::REDIRECTS, totals.redirects),
            (&metrics::AUTHORITIES, counted.known as u64),
            (&metrics::EVICTED, totals.evicted),
            (&metrics::OVERFLOWED, totals.overflowed),
            (&metrics::OBSERVER_PANICS, totals.observer_panics),
        ] {
            samples.record(instrument, count, &[]);
        }
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink.clone());
        sink.watch(&self.retry);
        if let Some(hedge) = &self.hedge {
            sink.watch(hedge);
        }
        if let Some(budget) = &self.budget {
            sink.watch(budget);
        }
        for authority in self.authorities.all() {
            sink.watch_in(&self.name, &authority.breaker);
            sink.watch_in(&self.name, &authority.bulkhead);
        }
    }
}

const PERCENTILES: [&str; 3] = ["p50_seconds", "p95_seconds", "p99_seconds"];

/// Tells of a request that has ended `now`.
pub(crate) fn push(shared: &Shared, finished: &Finished, now: Instant) {
    // One that was turned away at once says nothing about the server.
    if finished.attempts > 0 && shared.sinks.any() {
        shared.latencies.record(finished.duration, now);
    }
    shared.sinks.push(EventKind::HttpRequest, || {
        let event = HttpRequest::new(
            Arc::clone(&finished.name),
            finished.method.as_str().to_owned(),
            Arc::clone(&finished.authority),
            finished.attempts,
            finished.duration,
        );
        let event = match &finished.template {
            Some(template) => event.template(Arc::clone(template)),
            None => event,
        };
        match (finished.status, finished.error_type) {
            (Some(status), _) if status.is_client_error() || status.is_server_error() => {
                let code = status.as_u16();
                event.status(code).error_type(code.to_string())
            }
            (Some(status), _) => event.status(status.as_u16()),
            (None, Some(error_type)) => event.error_type(error_type),
            (None, None) => event,
        }
    });
}
