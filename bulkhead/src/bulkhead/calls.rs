//! Operations run in a place.

use super::Bulkhead;
#[cfg(feature = "tokio")]
use crate::calling::Calling;
use crate::{error::Error, gate::Entered, permit::Held, wait};

impl Bulkhead {
    /// Runs an operation in a place of its own. The operation is started only once it has the
    /// place, and the place is given back when the operation's future is done and dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when there was no place (see [`acquire`](Self::acquire)), and
    /// [`Error::Operation`] with the operation's own error.
    ///
    /// # Panics
    ///
    /// As `acquire` does. A panic of the operation gives the place back and goes on unwinding.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue, or drops the operation and gives its place back.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let sum = bulkhead.call(|| async { Ok::<_, std::io::Error>(1 + 1) }).await?;
    /// assert_eq!(sum, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Calling::new(&self.gate, self.priority, operation)
    }

    /// [`call`](Self::call) for a thread.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when there was no place (see
    /// [`acquire_blocking`](Self::acquire_blocking)), and [`Error::Operation`] with the operation's
    /// own error.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let sum = bulkhead.call_blocking(|| Ok::<_, std::io::Error>(1 + 1))?;
    /// assert_eq!(sum, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_blocking<F, T, E>(&self, operation: F) -> Result<T, Error<E>>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let since = match self.gate.enter(self.wanted(1), None)? {
            Entered::In(since) => since,
            Entered::Waits(spot) => {
                wait::as_thread(&self.gate, &spot)?;
                self.gate.hold_begins()
            }
        };
        let _held = Held::new(&self.gate, since);
        operation().map_err(Error::Operation)
    }
}
