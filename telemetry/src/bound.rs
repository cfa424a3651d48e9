//! Series that are recorded into again and again. With feature `bound` they are kept, and their
//! instruments with the attributes bound to them, so that a record takes no look-up and no allocation.
//! Without it nothing is kept, and the SDK looks up the attributes of each record.

#[cfg(not(feature = "bound"))]
mod off;
#[cfg(feature = "bound")]
mod on;

#[cfg(not(feature = "bound"))]
pub(crate) use self::off::{Cache, Handles};
#[cfg(feature = "bound")]
pub(crate) use self::on::{Cache, Handles};
