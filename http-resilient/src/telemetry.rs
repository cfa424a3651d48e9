//! The client as a source of telemetry.

use std::sync::Arc;

use steadfast_telemetry::{
    EventKind, EventSink, EventSinks, HttpRequest, Instrument, Samples, Source, Telemetry, Watch,
    names,
};

use crate::client::{Client, Shared};
use crate::observer::Finished;

const REQUESTS: Instrument = Instrument::counter(
    "resilience.http_client.requests",
    "{request}",
    "Requests that ended, by outcome; a response is one whatever its status.",
);
const ATTEMPTS: Instrument = Instrument::counter(
    "resilience.http_client.attempts",
    "{attempt}",
    "Attempts handed to the network, retries included.",
);
const IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.http_client.in_flight",
    "{request}",
    "Requests that have neither a response nor an error yet.",
);
const DISCARDED: Instrument = Instrument::counter(
    "resilience.http_client.discarded_responses",
    "{response}",
    "Responses that a retry replaced: read to the end, or cut off at the cost of a connection.",
);
const AUTHORITIES: Instrument = Instrument::up_down_counter(
    "resilience.http_client.authorities",
    "{authority}",
    "Hosts and ports that the client remembers.",
);
const EVICTED: Instrument = Instrument::counter(
    "resilience.http_client.evicted_authorities",
    "{authority}",
    "Hosts and ports that the client forgot to make room for others.",
);
const OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.http_client.observer_panics",
    "{panic}",
    "Observers of the client that panicked.",
);

/// Watches the client, its retry, and the breaker and bulkhead of every authority, also of those
/// that it meets later. The end of each request is an `HttpRequest` event, and each request a span with
/// one span for each attempt. Attempts carry a `traceparent` header then, unless the request has one: what
/// the caller set stays. Redirects are within an attempt and carry on what it carries.
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

    fn instruments(&self) -> &'static [Instrument] {
        &[
            REQUESTS,
            ATTEMPTS,
            IN_FLIGHT,
            DISCARDED,
            AUTHORITIES,
            EVICTED,
            OBSERVER_PANICS,
        ]
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
            samples.record(&REQUESTS, requests, &[(names::OUTCOME, outcome)]);
        }
        for (outcome, responses) in [("drained", totals.drained), ("cut_off", totals.cut_off)] {
            samples.record(&DISCARDED, responses, &[(names::OUTCOME, outcome)]);
        }
        samples.record(&ATTEMPTS, totals.attempts, &[]);
        samples.record(&IN_FLIGHT, self.counters.in_flight(), &[]);
        samples.record(&AUTHORITIES, counted.known as u64, &[]);
        samples.record(&EVICTED, totals.evicted, &[]);
        samples.record(&OBSERVER_PANICS, totals.observer_panics, &[]);
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink.clone());
        sink.watch(&self.retry);
        for authority in self.authorities.all() {
            sink.watch(&authority.breaker);
            sink.watch(&authority.bulkhead);
        }
    }
}

/// Tells of a request that ended.
pub(crate) fn push(sinks: &EventSinks, finished: &Finished) {
    sinks.push(EventKind::HttpRequest, || {
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
