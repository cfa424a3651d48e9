//! A pool: a bulkhead whose places each carry a resource.

mod builder;
mod checkout;
mod error;
mod loan;
mod shared;
mod shelf;
mod snapshot;

use std::{
    fmt,
    sync::{Arc, Weak},
};

pub use builder::PoolBuilder;
pub use checkout::Checkout;
pub use error::PoolError;
pub use snapshot::PoolSnapshot;

use crate::{bulkhead::Bulkhead, pool::shared::Shared};

/// A bounded set of resources (connections, channels, sessions) that callers borrow one at a time.
///
/// It is a [`Bulkhead`] whose every permit comes with a resource: one that lay idle, if it is still
/// good, or a new one. There are never more resources than places. What was used last is lent
/// first, so that the ones too many grow old and go.
///
/// The pool runs no task of its own. Resources that lie idle too long are dropped when the pool is
/// next used, or by [`clear_idle`](Self::clear_idle). A clone is another handle to the same pool.
///
/// | the resource | goes back to the pool | is dropped |
/// |---|---|---|
/// | [`Checkout`] dropped | yes | |
/// | [`Checkout`] dropped while its thread panics | | yes |
/// | [`Checkout::discard`] | | yes |
/// | [`with_resource`](Self::with_resource) done | yes | |
/// | `with_resource` dropped half-way, or panicking | | yes: its state is unknown |
/// | pool closed, or resource past its `max_age` | | yes |
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast_bulkhead::Pool;
///
/// let pool = Pool::builder("buffers", || async { Ok::<_, std::io::Error>(Vec::<u8>::new()) })
///     .max_concurrent(4)
///     .build()?;
///
/// pool.with_resource(async |buffer: &mut Vec<u8>| buffer.push(1)).await?;
/// let mut buffer = pool.checkout().await?;
/// buffer.push(2);
/// assert_eq!(*buffer, [1, 2]);
/// # Ok(())
/// # }
/// ```
pub struct Pool<T, E> {
    shared: Arc<Shared<T, E>>,
}

impl<T: 'static, E: 'static> Pool<T, E> {
    /// Begins a pool whose resources come from `create`. It is called only when a place was got and
    /// no idle resource was good, never more than `max_concurrent` times at once.
    pub fn builder<F, Fut>(name: impl Into<Arc<str>>, create: F) -> PoolBuilder<T, E>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        PoolBuilder::new(name.into(), create)
    }
}

impl<T, E> Pool<T, E> {
    pub(crate) fn new(shared: Shared<T, E>) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Borrows a resource until the [`Checkout`] is dropped. Waits in line as
    /// [`Bulkhead::acquire`] does, then lends an idle resource or creates one.
    ///
    /// # Errors
    ///
    /// [`PoolError::Rejected`] when there was no place, [`PoolError::Create`] or
    /// [`PoolError::CreateTimeout`] when no resource could be made. The place is free again then.
    ///
    /// # Panics
    ///
    /// When it has to wait or to create outside a tokio runtime with its time driver enabled. A
    /// panic of `create` or `is_valid` passes through and frees the place.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue, or drops the future of `create` and frees the place.
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
        let permit = self.shared.bulkhead.acquire().await?;
        let loan = match self.shared.reuse() {
            Some(loan) => loan,
            None => self.shared.create().await?,
        };
        Ok(Checkout::new(loan, permit))
    }

    /// Runs an operation with a borrowed resource.
    ///
    /// Prefer it to [`checkout`](Self::checkout) for work that can be cancelled: when the future
    /// is dropped half-way, or the operation panics, nobody knows in what state the resource was
    /// left (half a request on the wire?), so it is dropped instead of lent again.
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
        checkout.keep_on_drop(false);
        let result = operation(&mut checkout).await;
        checkout.keep_on_drop(true);
        Ok(result)
    }

    /// Drops all idle resources, for instance after their server was replaced. Those that are lent
    /// out are not affected.
    pub fn clear_idle(&self) {
        self.shared.clear_idle();
    }

    /// Refuses every checkout from now on, wakes those in line, and drops the idle resources. Those
    /// that are lent out stay good and are dropped when they come back.
    pub fn close(&self) {
        self.shared.bulkhead.close();
        self.shared.close_shelf();
    }

    /// The bulkhead in front of the resources. A permit taken from it directly holds a place
    /// without a resource; closing it refuses checkouts but keeps the idle resources, so close the
    /// pool instead.
    #[must_use]
    pub fn bulkhead(&self) -> &Bulkhead {
        &self.shared.bulkhead
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.bulkhead.name()
    }

    /// The pool as it is now.
    #[must_use]
    pub fn snapshot(&self) -> PoolSnapshot {
        self.shared.snapshot()
    }

    /// A handle that does not keep the pool alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakPool<T, E> {
        WeakPool {
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl<T, E> Clone for Pool<T, E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T, E> fmt::Debug for Pool<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("bulkhead", self.bulkhead())
            .field("idle", &self.snapshot().idle)
            .finish()
    }
}

/// A handle to a [`Pool`] that does not keep it alive, for whoever only watches it.
pub struct WeakPool<T, E> {
    shared: Weak<Shared<T, E>>,
}

impl<T, E> WeakPool<T, E> {
    /// The pool, unless all its handles and checkouts are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Pool<T, E>> {
        self.shared.upgrade().map(|shared| Pool { shared })
    }
}

impl<T, E> Clone for WeakPool<T, E> {
    fn clone(&self) -> Self {
        Self {
            shared: Weak::clone(&self.shared),
        }
    }
}

impl<T, E> fmt::Debug for WeakPool<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakPool")
    }
}
