//! Bounded concurrency with a bounded first-in, first-out queue.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod bulkhead;
mod clock;
mod error;
mod gate;
mod observer;
mod permit;
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
pub use snapshot::{Snapshot, Totals};
