use crate::pool::{Pool, PoolError, checkout::Checkout};

impl<T, E> Pool<T, E> {
    /// Borrows a resource until the [`Checkout`] is dropped. Waits in line as
    /// [`Bulkhead::acquire`](crate::Bulkhead::acquire) does, then lends an idle resource that the
    /// hooks find good, or creates one. One that [`maintain`](Self::maintain) is creating is taken
    /// over; if that fails, the checkout creates its own.
    ///
    /// # Errors
    ///
    /// [`PoolError::Rejected`] when there was no place, [`PoolError::Create`] or
    /// [`PoolError::CreateTimeout`] when no resource could be made. The place is free again then.
    ///
    /// # Panics
    ///
    /// When it has to wait, to create, or to run an asynchronous hook outside a tokio runtime with
    /// its time driver enabled. A panic of `create` or a hook passes through and frees the place.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue, or drops the future of `create` or of the hook and
    /// frees the place. The resource that a hook was looking at is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("ids", || async { Ok::<_, std::io::Error>(7) }).build()?;
    /// let id = pool.checkout().await?;
    /// assert_eq!(*id, 7);
    /// assert_eq!(pool.snapshot().bulkhead.busy, 1);
    ///
    /// drop(id);
    /// assert_eq!(pool.snapshot().idle, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn checkout(&self) -> Result<Checkout<T, E>, PoolError<E>> {
        let permit = self.bulkhead.acquire().await?;
        let loan = self.shared.obtain().await?;
        Ok(Checkout::new(loan, permit))
    }

    /// Borrows an idle resource if there is one that is good, and a free place. It neither stands in
    /// line nor creates: for work that is only worth doing when it costs nothing, such as a
    /// prefetch.
    ///
    /// The hooks run as for [`checkout`](Self::checkout), because a resource that was not recycled
    /// is not fit to be lent. Without `recycle` and `validate` there is nothing to wait for, and the
    /// future is ready when it is first polled.
    ///
    /// # Errors
    ///
    /// [`PoolError::Rejected`] when there was no free place, [`PoolError::NoneIdle`] when no idle
    /// resource was good.
    ///
    /// # Panics
    ///
    /// When it has to run an asynchronous hook outside a tokio runtime with its time driver enabled.
    /// A panic of a hook passes through and frees the place.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future frees the place and drops the resource that a hook was looking at.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::{Pool, PoolError};
    ///
    /// let pool = Pool::builder("ids", || async { Ok::<_, std::io::Error>(7) }).build()?;
    /// let none = pool.try_checkout().await.unwrap_err();
    /// assert!(matches!(none, PoolError::NoneIdle { .. }));
    ///
    /// drop(pool.checkout().await?);
    /// assert_eq!(*pool.try_checkout().await?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_checkout(&self) -> Result<Checkout<T, E>, PoolError<E>> {
        let permit = self.bulkhead.try_acquire()?;
        let loan = self.shared.obtain_idle().await?;
        Ok(Checkout::new(loan, permit))
    }

    /// Runs an operation with a borrowed resource.
    ///
    /// Prefer it to [`checkout`](Self::checkout) for work that can be cancelled: when the future
    /// is dropped half-way, or the operation panics, nobody knows in what state the resource was
    /// left (half a request on the wire?), so it is dropped instead of lent again. After a panic
    /// [`keep_after_panic`](crate::PoolBuilder::keep_after_panic) may say otherwise.
    ///
    /// # Errors
    ///
    /// As [`checkout`](Self::checkout). What the operation returns comes back as it is.
    ///
    /// # Panics
    ///
    /// As `checkout`; a panic of the operation passes through.
    ///
    /// # Cancel safety
    ///
    /// As `checkout` until the operation starts; from then on the resource is lost to the pool.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("logs", || async { Ok::<_, std::io::Error>(String::new()) })
    ///     .build()?;
    /// let length = pool
    ///     .with_resource(async |log: &mut String| {
    ///         log.push_str("hello");
    ///         log.len()
    ///     })
    ///     .await?;
    /// assert_eq!(length, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn with_resource<F, R>(&self, operation: F) -> Result<R, PoolError<E>>
    where
        F: AsyncFnOnce(&mut T) -> R,
    {
        let mut checkout = self.checkout().await?;
        checkout.abandon_on_drop();
        let result = operation(&mut checkout).await;
        checkout.keep_on_drop();
        Ok(result)
    }

    /// Drops the idle resources past `max_age` or `max_idle`, then creates new ones until
    /// [`min_idle`](crate::PoolBuilder::min_idle) lie idle or every place has its resource. Call it
    /// when it suits you: once before traffic comes, then on an interval a few times shorter than
    /// `max_idle`. Nobody has to; checkouts do without.
    ///
    /// It never stands in the way of a checkout. It takes no place of the bulkhead, creates one
    /// resource after the other, and a checkout that finds none idle takes over the one that is
    /// being created. While one call creates, others only drop what is past its time. It drops idle
    /// resources too when the bulkhead was made smaller than their number.
    ///
    /// On a closed pool it does nothing.
    ///
    /// # Errors
    ///
    /// [`PoolError::Create`] or [`PoolError::CreateTimeout`] with the first resource that could not
    /// be made. It tries no more then: a server that is down is best asked again later.
    ///
    /// # Panics
    ///
    /// When it has to create outside a tokio runtime with its time driver enabled. A panic of
    /// `create` passes through.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the future of `create`; what was made before stays. Keep polling a
    /// future that you keep, or the resource it was making is only finished by a checkout.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("ids", || async { Ok::<_, std::io::Error>(7) })
    ///     .min_idle(3)
    ///     .build()?;
    /// pool.maintain().await?;
    /// assert_eq!(pool.snapshot().idle, 3);
    ///
    /// // Ends with the pool.
    /// let weak = pool.downgrade();
    /// tokio::spawn(async move {
    ///     while let Some(pool) = weak.upgrade() {
    ///         // A failure is counted in the snapshot, and tried again.
    ///         let _ = pool.maintain().await;
    ///         drop(pool);
    ///         tokio::time::sleep(Duration::from_secs(10)).await;
    ///     }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub async fn maintain(&self) -> Result<(), PoolError<E>> {
        self.shared.maintain().await
    }
}
