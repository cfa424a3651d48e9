//! What can be watched.

#[cfg(feature = "breaker")]
mod breaker;
#[cfg(feature = "retry")]
mod budget;
#[cfg(feature = "bulkhead")]
mod bulkhead;
#[cfg(feature = "health")]
mod health;
#[cfg(feature = "hedge")]
mod hedge;
#[cfg(feature = "breaker")]
mod keyed_breaker;
#[cfg(feature = "bulkhead")]
mod keyed_bulkhead;
#[cfg(feature = "pool")]
mod pool;
#[cfg(feature = "retry")]
mod retry;

use std::sync::Arc;

use crate::source::Source;
use crate::telemetry::Telemetry;

/// Something that [`Telemetry::watch`] takes: the patterns, and handles of components that bring
/// their own [`Source`].
pub trait Watch {
    /// Tells `telemetry` what to watch: usually its shared [`Source`], and components inside it.
    fn watched_by(&self, telemetry: &Telemetry);
}

impl<S: Source> Watch for Arc<S> {
    fn watched_by(&self, telemetry: &Telemetry) {
        telemetry.watch_source(self);
    }
}
