//! Which counters of a component its rates and charts are made of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use steadfast_telemetry::names::{
    ATTEMPT, BREAKER_CALLS, BREAKER_SLOW_CALLS, BUDGET_SPENT, BUDGET_SUPPRESSED, BULKHEAD_ACQUIRED,
    BULKHEAD_REJECTED, HEDGE_CALLS, HEDGE_ENDED, HEDGE_SENT, OUTCOME, POOL_CREATE_FAILURES,
    POOL_SERVED, RETRY_ATTEMPTS, RETRY_CALLS,
};
use steadfast_telemetry::{ComponentSnapshot, Instrument};

use super::kinds;

/// How many a kind has at most.
pub(crate) const MOST: usize = 4;

/// A sum over series of one counter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) metric: &'static str,
    only: Only,
    /// Whether it is part of what a chart shows as bad.
    pub(crate) bad: bool,
}

#[derive(Debug, Clone, Copy)]
enum Only {
    All,
    OneOf(&'static str, &'static [&'static str]),
    NoneOf(&'static str, &'static [&'static str]),
}

impl Tally {
    const fn all(instrument: &Instrument) -> Self {
        Self::named(instrument.name())
    }

    const fn named(metric: &'static str) -> Self {
        Self {
            metric,
            only: Only::All,
            bad: false,
        }
    }

    const fn one_of(mut self, attribute: &'static str, values: &'static [&'static str]) -> Self {
        self.only = Only::OneOf(attribute, values);
        self
    }

    const fn none_of(mut self, attribute: &'static str, values: &'static [&'static str]) -> Self {
        self.only = Only::NoneOf(attribute, values);
        self
    }

    const fn bad(mut self) -> Self {
        self.bad = true;
        self
    }

    pub(crate) fn counts(&self, attributes: &BTreeMap<Cow<'static, str>, String>) -> bool {
        let has = |attribute, values: &[&str]| {
            let has = attributes.get(attribute).map(String::as_str);
            has.is_some_and(|has| values.contains(&has))
        };
        match self.only {
            Only::All => true,
            Only::OneOf(attribute, values) => has(attribute, values),
            Only::NoneOf(attribute, values) => !has(attribute, values),
        }
    }
}

/// The counters of a kind. The first one is what a chart shows as its calls.
pub(crate) fn of_kind(kind: &str) -> &'static [Tally] {
    match kind {
        kinds::BREAKER => BREAKER,
        kinds::BULKHEAD => BULKHEAD,
        kinds::POOL => POOL,
        kinds::RETRY => RETRY,
        kinds::BUDGET => BUDGET,
        kinds::HEDGE => HEDGE,
        kinds::HTTP => HTTP,
        kinds::AMQP => AMQP,
        _ => &[],
    }
}

/// What each of them counts now; zero for those that the kind does not have.
pub(crate) fn read(component: &ComponentSnapshot) -> [f64; MOST] {
    let mut counts = [0.0; MOST];
    for (count, tally) in counts.iter_mut().zip(of_kind(&component.id.kind)) {
        *count = component
            .values
            .iter()
            .filter(|value| value.metric == tally.metric && tally.counts(&value.attributes))
            .map(|value| value.value.as_f64())
            .sum();
    }
    counts
}

/// Calls that were let through, failures, rejections, slow calls.
const BREAKER: &[Tally] = &[
    Tally::all(&BREAKER_CALLS).none_of(OUTCOME, &["rejected"]),
    Tally::all(&BREAKER_CALLS)
        .one_of(OUTCOME, &["failure"])
        .bad(),
    Tally::all(&BREAKER_CALLS)
        .one_of(OUTCOME, &["rejected"])
        .bad(),
    Tally::all(&BREAKER_SLOW_CALLS),
];

/// Places given, rejections.
const BULKHEAD: &[Tally] = &[
    Tally::all(&BULKHEAD_ACQUIRED),
    Tally::all(&BULKHEAD_REJECTED).bad(),
];

/// Resources lent, failures to make one.
const POOL: &[Tally] = &[
    Tally::all(&POOL_SERVED),
    Tally::all(&POOL_CREATE_FAILURES).bad(),
];

/// Calls, retries, calls given up.
const RETRY: &[Tally] = &[
    Tally::all(&RETRY_CALLS),
    Tally::all(&RETRY_ATTEMPTS).one_of(ATTEMPT, &["retry"]),
    Tally::all(&RETRY_CALLS)
        .one_of(
            OUTCOME,
            &["exhausted", "deadline", "budget", "retry_after_too_long"],
        )
        .bad(),
];

/// Attempts paid for, attempts refused.
const BUDGET: &[Tally] = &[
    Tally::all(&BUDGET_SPENT),
    Tally::all(&BUDGET_SUPPRESSED).bad(),
];

/// Calls, hedges sent, hedges that won.
const HEDGE: &[Tally] = &[
    Tally::all(&HEDGE_CALLS),
    Tally::all(&HEDGE_SENT),
    Tally::all(&HEDGE_ENDED).one_of(OUTCOME, &["won"]),
];

/// Requests, errors, attempts.
const HTTP: &[Tally] = &[
    Tally::named("resilience.http_client.requests"),
    Tally::named("resilience.http_client.requests")
        .none_of(OUTCOME, &["response", "abandoned", "invalid_request"])
        .bad(),
    Tally::named("resilience.http_client.attempts"),
];

/// Messages confirmed, and those that the broker or a queue did not take or of which nobody knows.
const AMQP: &[Tally] = &[
    Tally::named("amqp_resilient.publish.confirmed"),
    Tally::named("amqp_resilient.publish.returned").bad(),
    Tally::named("amqp_resilient.publish.nacked").bad(),
    Tally::named("amqp_resilient.publish.ambiguous").bad(),
];
