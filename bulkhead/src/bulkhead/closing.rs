//! The end: nobody gets in any more, and the last one leaves.

use std::time::Duration;

use super::Bulkhead;
use crate::{error::StillBusy, wait};

impl Bulkhead {
    /// Refuses every caller from now on, and wakes those in line with
    /// [`Reason::Closed`](crate::Reason::Closed). Permits that are out stay good, as does a place
    /// that a waiter was handed before. Closing again does nothing; there is no way back.
    pub fn close(&self) {
        self.gate.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.gate.is_closed()
    }

    /// [Closes](Self::close) the bulkhead and waits until every permit has come back.
    ///
    /// # Errors
    ///
    /// [`StillBusy`] if that takes longer than `timeout`. The bulkhead stays closed.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its time driver enabled.
    ///
    /// # Cancel safety
    ///
    /// The bulkhead is closed at the first poll, and stays so if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let permit = bulkhead.try_acquire()?;
    /// let grace = Duration::from_secs(10);
    /// assert_eq!(bulkhead.close_and_wait(grace).await.unwrap_err().busy(), 1);
    /// drop(permit);
    /// bulkhead.close_and_wait(grace).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn close_and_wait(&self, timeout: Duration) -> Result<(), StillBusy> {
        self.gate.close();
        wait::drained_as_task(&self.gate, timeout).await
    }

    /// [`close_and_wait`](Self::close_and_wait) for a thread.
    ///
    /// # Errors
    ///
    /// The same as for `close_and_wait`.
    pub fn close_and_wait_blocking(&self, timeout: Duration) -> Result<(), StillBusy> {
        self.gate.close();
        wait::drained_as_thread(&self.gate, timeout)
    }
}
