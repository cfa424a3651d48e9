//! Several places at a time.

use std::sync::Arc;

use super::Bulkhead;
use crate::{permit::Permit, rejected::Rejected};

impl Bulkhead {
    /// Takes several places at a time, if they are free, without waiting. They come back together.
    ///
    /// For work that weighs more than other work: a report that opens five connections, a batch of a
    /// hundred rows.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire), and [`Reason::TooMany`](crate::Reason::TooMany) if there
    /// are not so many places at all, or none is asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Bulkhead, Reason};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::builder("reports").max_concurrent(8).build()?;
    /// let heavy = bulkhead.try_acquire_many(5)?;
    /// assert_eq!(heavy.weight(), 5);
    /// assert_eq!(bulkhead.snapshot().available, 3);
    /// let rejected = bulkhead.try_acquire_many(9).unwrap_err();
    /// assert_eq!(rejected.reason(), Reason::TooMany { wanted: 9, limit: 8 });
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire_many(&self, places: usize) -> Result<Permit, Rejected> {
        let places = self.gate.places(places)?;
        let since = self.gate.try_enter(places)?;
        Ok(Permit::new(Arc::clone(&self.gate), places, since))
    }

    /// Takes several places at a time, waiting in line for at most the checkout timeout.
    ///
    /// Each line is served strictly in order: one that waits for many places holds up those behind it
    /// until it has them all, so that it is not starved by a stream of small ones.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), and [`Reason::TooMany`](crate::Reason::TooMany) if there are not
    /// so many places at all, also when the bulkhead is made smaller meanwhile, or none is asked for.
    ///
    /// # Panics
    ///
    /// As `acquire` does.
    ///
    /// # Cancel safety
    ///
    /// As `acquire`.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn acquire_many(&self, places: usize) -> Result<Permit, Rejected> {
        let places = self.gate.places(places)?;
        self.take(places).await
    }

    /// [`acquire_many`](Self::acquire_many) for a thread.
    ///
    /// # Errors
    ///
    /// The same as for `acquire_many`.
    pub fn acquire_many_blocking(&self, places: usize) -> Result<Permit, Rejected> {
        let places = self.gate.places(places)?;
        self.take_blocking(places)
    }
}
