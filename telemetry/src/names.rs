//! Every metric and attribute name, in one place. The README has the same as tables.
//!
//! The names are OpenTelemetry's, with dots; Prometheus sees `resilience.retry.calls` as
//! `resilience_retry_calls_total`. Every series carries [`NAME`], except those about telemetry
//! itself and those of OpenTelemetry's own conventions.

mod breaker;
mod bulkhead;
mod health;
mod http;
mod messaging;
mod own;
mod pool;
mod retry;

pub use self::breaker::*;
pub use self::bulkhead::*;
pub use self::health::*;
pub use self::http::*;
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
/// `resilience.attempt`: `first` or `retry`.
pub const ATTEMPT: &str = "resilience.attempt";
/// `resilience.component`: a health check's name.
pub const COMPONENT: &str = "resilience.component";
/// `resilience.probe`: `liveness`, `readiness` or `startup`.
pub const PROBE: &str = "resilience.probe";
/// `resilience.event`: an [`EventKind`](crate::EventKind).
pub const EVENT: &str = "resilience.event";
/// `resilience.handler`: the id of an event handler.
pub const HANDLER: &str = "resilience.handler";
/// `error.type`: OpenTelemetry's own attribute; what kind of failure it was.
pub const ERROR_TYPE: &str = "error.type";

/// The metrics of everything that the enabled features can watch. They are created with the
/// telemetry object, so that watching a component later never has to wait for a collection.
pub(crate) const PRESENT: &[&[Instrument]] = &[
    #[cfg(feature = "breaker")]
    BREAKER,
    #[cfg(feature = "retry")]
    RETRY,
    #[cfg(feature = "bulkhead")]
    BULKHEAD,
    #[cfg(feature = "pool")]
    POOL,
    #[cfg(feature = "health")]
    HEALTH,
    TELEMETRY,
];
