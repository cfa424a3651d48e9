//! Every metric and attribute name, in one place: [`ALL`] is the table from which the README's are
//! written, and what is exported is held to.
//!
//! The names are OpenTelemetry's, with dots; Prometheus sees `resilience.retry.calls` as
//! `resilience_retry_calls_total`. Every series carries [`NAME`], except those about telemetry
//! itself and those of OpenTelemetry's own conventions.

mod breaker;
mod budget;
mod bulkhead;
mod health;
mod hedge;
mod http;
mod keyed;
mod messaging;
mod own;
mod pool;
mod retry;

pub use self::breaker::*;
pub use self::budget::*;
pub use self::bulkhead::*;
pub use self::health::*;
pub use self::hedge::*;
pub use self::http::*;
pub use self::keyed::*;
pub use self::messaging::*;
pub use self::own::*;
pub use self::pool::*;
pub use self::retry::*;
use crate::instrument::Instrument;

/// `resilience.name`: the component's name.
pub const NAME: &str = "resilience.name";
/// `resilience.instance`: `2` for a second live component of the same kind and name, and so on.
/// Absent on the first.
pub const INSTANCE: &str = "resilience.instance";
/// `resilience.outcome`: how a call, a checkout, a check or an event ended.
pub const OUTCOME: &str = "resilience.outcome";
/// `resilience.state`: a state or a status.
pub const STATE: &str = "resilience.state";
/// `resilience.mode`: who decides in a circuit breaker, it or an operator.
pub const MODE: &str = "resilience.mode";
/// `resilience.attempt`: `first`, `retry` or `hedge`.
pub const ATTEMPT: &str = "resilience.attempt";
/// `resilience.priority`: who is served first.
pub const PRIORITY: &str = "resilience.priority";
/// `resilience.reason`: why something came to its end.
pub const REASON: &str = "resilience.reason";
/// `resilience.component`: a health check's name.
pub const COMPONENT: &str = "resilience.component";
/// `resilience.probe`: `liveness` or `readiness`.
pub const PROBE: &str = "resilience.probe";
/// `resilience.event`: an [`EventKind`](crate::EventKind).
pub const EVENT: &str = "resilience.event";
/// `resilience.handler`: the id of an event handler.
pub const HANDLER: &str = "resilience.handler";
/// `error.type`: OpenTelemetry's own attribute; what kind of failure it was.
pub const ERROR_TYPE: &str = "error.type";

const GROUPS: &[&[Instrument]] = &[
    BREAKER,
    BREAKER_KEYED,
    RETRY,
    BUDGET,
    HEDGE,
    BULKHEAD,
    BULKHEAD_KEYED,
    POOL,
    HEALTH,
    TELEMETRY,
    HTTP,
    MESSAGING,
];

/// Every metric there is in this crate, whichever features are on. Crates that bring a
/// [`Source`](crate::Source) have more: `steadfast_http::metrics::ALL`, `steadfast_amqp::metrics::ALL`.
///
/// # Examples
/// ```
/// use steadfast_telemetry::names;
///
/// let mut all = names::ALL.iter();
/// assert!(all.any(|metric| metric.name() == "resilience.circuit_breaker.state"));
/// ```
pub const ALL: &[Instrument] = &flat::<{ count(GROUPS) }>(GROUPS);

/// These metrics as a Markdown table, as it is in the README of this crate.
///
/// # Examples
/// ```
/// use steadfast_telemetry::names;
///
/// let table = names::markdown(names::TELEMETRY);
/// assert!(table.starts_with("| metric | kind | unit | attributes | meaning |\n|---|"));
/// ```
#[must_use]
pub fn markdown(instruments: &[Instrument]) -> String {
    let head = "| metric | kind | unit | attributes | meaning |\n|---|---|---|---|---|\n";
    let rows = instruments.iter().map(|instrument| {
        let attributes: Vec<_> = instrument
            .attributes()
            .iter()
            .enumerate()
            .map(|(place, one)| [if place == 0 { " " } else { "; " }, &one.markdown()].concat())
            .collect();
        format!(
            "| `{}` | {} | `{}` |{} | {} |\n",
            instrument.name(),
            instrument.kind(),
            instrument.unit(),
            attributes.concat(),
            instrument.description()
        )
    });
    head.to_owned() + &rows.collect::<String>()
}

const fn count(groups: &[&[Instrument]]) -> usize {
    let (mut sum, mut group) = (0, 0);
    while group < groups.len() {
        sum += groups[group].len();
        group += 1;
    }
    sum
}

const fn flat<const N: usize>(groups: &[&[Instrument]]) -> [Instrument; N] {
    let mut all = [EVENTS; N];
    let (mut next, mut group) = (0, 0);
    while group < groups.len() {
        let mut place = 0;
        while place < groups[group].len() {
            all[next] = groups[group][place];
            (next, place) = (next + 1, place + 1);
        }
        group += 1;
    }
    all
}

/// The metrics of everything that the enabled features can watch. They are created with the
/// telemetry object, so that watching a component later never has to wait for a collection.
pub(crate) const PRESENT: &[&[Instrument]] = &[
    #[cfg(feature = "breaker")]
    BREAKER,
    #[cfg(feature = "breaker")]
    BREAKER_KEYED,
    #[cfg(feature = "retry")]
    RETRY,
    #[cfg(feature = "retry")]
    BUDGET,
    #[cfg(feature = "hedge")]
    HEDGE,
    #[cfg(feature = "bulkhead")]
    BULKHEAD,
    #[cfg(feature = "bulkhead")]
    BULKHEAD_KEYED,
    #[cfg(feature = "pool")]
    POOL,
    #[cfg(feature = "health")]
    HEALTH,
    TELEMETRY,
];
