use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use crate::{
    permit::Permit,
    pool::{discards::Cause, loan::Loan},
};

/// A resource borrowed from a [`Pool`](crate::Pool). Derefs to it, and returns it when dropped.
///
/// Dropped while its thread panics, the resource is dropped too instead of returned: its state is
/// unknown, unless [`keep_after_panic`](crate::PoolBuilder::keep_after_panic) knows it. The state is
/// unknown too after a task that is cancelled half-way through using it, which the
/// checkout cannot see: use [`Pool::with_resource`](crate::Pool::with_resource) there, or
/// [`discard`](Self::discard) it.
#[must_use = "the resource goes back to the pool when the checkout is dropped"]
pub struct Checkout<T, E> {
    // In this order: the resource is back, or dead, before its place is free.
    loan: Loan<T, E>,
    permit: Permit,
}

impl<T, E> Checkout<T, E> {
    pub(crate) fn new(mut loan: Loan<T, E>, permit: Permit) -> Self {
        loan.mark_used();
        Self { loan, permit }
    }

    pub(crate) fn keep_on_drop(&mut self) {
        self.loan.keep_on_drop();
    }

    pub(crate) fn abandon_on_drop(&mut self) {
        self.loan.abandon_on_drop();
    }

    /// Time spent in line for the place; zero if one was free at once. Creating the resource is
    /// not part of it.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.permit.waited()
    }

    /// Drops the resource and frees its place, for a resource found broken.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("ids", || async { Ok::<_, std::io::Error>(7) }).build()?;
    /// pool.checkout().await?.discard();
    /// assert_eq!(pool.snapshot().idle, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn discard(mut self) {
        self.loan.discard_on_drop(Cause::Asked);
    }

    /// Takes the resource out of the pool for good and frees its place.
    #[must_use = "use `discard` to drop the resource"]
    pub fn into_inner(self) -> T {
        self.loan.into_inner()
    }
}

impl<T, E> Deref for Checkout<T, E> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.loan
    }
}

impl<T, E> DerefMut for Checkout<T, E> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.loan
    }
}

impl<T: fmt::Debug, E> fmt::Debug for Checkout<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("pool", &self.loan.shared().bulkhead.name())
            .field("resource", &**self)
            .field("waited", &self.waited())
            .finish()
    }
}
