//! Telemetry.
mod builder;
mod clock;
mod dispatcher;
mod error;
mod event;
mod filter;
mod guard;
mod handler;
mod instrument;
pub mod names;
mod own;
#[cfg(feature = "prometheus")]
mod prometheus;
mod registry;
mod sink;
mod snapshot;
mod source;
mod telemetry;
mod watch;

pub use builder::Builder;
pub use error::{AttachError, ConfigError, FieldError};
pub use event::{AmqpConnection, AmqpState, Detail, Event, EventKind, HttpRequest};
pub use filter::Filter;
pub use instrument::{Instrument, InstrumentKind};
pub use opentelemetry;
#[cfg(feature = "prometheus")]
#[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
pub use prometheus::PROMETHEUS_CONTENT_TYPE;
pub use sink::{EventSink, EventSinks};
pub use snapshot::{HandlerSnapshot, Snapshot};
pub use source::{Samples, Source};
pub use telemetry::{Telemetry, WeakTelemetry};
pub use watch::Watch;
