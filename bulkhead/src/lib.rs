//! Bounded concurrency with a bounded first-in, first-out queue.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod bulkhead;
mod clock;
mod error;
mod gate;
mod observer;
mod permit;
#[cfg(feature = "tokio")]
mod pool;
mod queue;
mod snapshot;
mod state;
mod ticket;
mod wait;

pub use builder::Builder;
pub use bulkhead::{Bulkhead, WeakBulkhead};
pub use error::{ConfigError, Error, FieldError, Reason, Rejected};
pub use observer::{Acquired, Observer, Queued};
pub use permit::Permit;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use pool::{Checkout, Pool, PoolBuilder, PoolError, PoolSnapshot, WeakPool};
pub use snapshot::{Snapshot, Totals};
