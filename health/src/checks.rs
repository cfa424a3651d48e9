//! Ready-made checks for the other patterns, each behind the feature of its name.
//!
//! They hold what they watch weakly: once it is dropped the component is
//! [`Status::Unknown`](crate::Status::Unknown), and it is time to deregister it. They read a
//! snapshot and wait for nothing, so they look every [`INTERVAL`] unless told otherwise. All of
//! them are optional; call [`Check::required`](crate::Check::required) on one where an instance of
//! the service is of no use while it is unhealthy.

use std::time::Duration;

#[cfg(feature = "breaker")]
mod breaker;
#[cfg(feature = "breaker")]
mod breakers;
#[cfg(feature = "bulkhead")]
mod bulkhead;
#[cfg(feature = "pool")]
mod pool;

#[cfg(feature = "breaker")]
pub use breaker::breaker;
#[cfg(feature = "breaker")]
pub use breakers::breakers;
#[cfg(feature = "bulkhead")]
pub use bulkhead::bulkhead;
#[cfg(feature = "pool")]
pub use pool::pool;

/// How often a ready-made check looks: 5 s. A breaker that opened and closed again within the
/// monitor's usual 30 s would never be seen.
pub const INTERVAL: Duration = Duration::from_secs(5);
