//! A pool: a bulkhead whose places each carry a resource.

mod builder;
mod checkout;
mod discards;
mod error;
mod hooks;
mod lend;
mod loan;
mod maintain;
mod obtain;
mod shared;
mod shelf;
mod snapshot;
mod stock;
mod weak;

use std::{fmt, sync::Arc};

pub use builder::PoolBuilder;
pub use checkout::Checkout;
pub use discards::Discards;
pub use error::PoolError;
pub use hooks::HookFuture;
pub use snapshot::PoolSnapshot;
pub use weak::WeakPool;

use crate::{bulkhead::Bulkhead, pool::shared::Shared, priority::Priority};

/// A bounded set of resources (connections, channels, sessions) that callers borrow one at a time.
///
/// It is a [`Bulkhead`] whose every permit comes with a resource: one that lay idle, if it is still
/// good, or a new one. There are never more resources than places. What was used last is lent
/// first, so that the ones too many grow old and go.
///
/// The pool runs no task of its own. Resources that lie idle too long are dropped when the pool is
/// next used, by [`maintain`](Self::maintain), or by [`clear_idle`](Self::clear_idle). A clone is
/// another handle to the same pool.
///
/// | the resource | goes back to the pool | is dropped |
/// |---|---|---|
/// | [`Checkout`] dropped | yes | |
/// | [`Checkout::discard`] | | yes |
/// | [`with_resource`](Self::with_resource) done | yes | |
/// | `with_resource` dropped half-way | | yes: its state is unknown |
/// | its user panics | if [`keep_after_panic`](PoolBuilder::keep_after_panic) says so | otherwise: its state is unknown |
/// | pool closed, or resource past its `max_age` | | yes |
///
/// # Check-in and hooks
///
/// A check-in is the drop of a [`Checkout`]: it does not wait and cannot fail. What has to be done
/// to a used resource before the next user gets it is done at the next checkout, by that caller and
/// in its place, in this order:
///
/// 1. [`is_valid`](PoolBuilder::is_valid) looks at it;
/// 2. [`recycle`](PoolBuilder::recycle) brings it back to its first state, if it was lent before;
/// 3. [`validate`](PoolBuilder::validate) tries it.
///
/// One that fails any of them, or takes longer than the hook's timeout, is dropped, and the next
/// idle one is tried; when there is none, a new one is made. Only a failure to make one is the
/// caller's error. A caller may meet several bad ones: its checkout can take the hooks' timeouts
/// times the idle resources, plus the `create_timeout`. Put a timeout of your own around a checkout
/// that may not.
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
    /// That of `shared`, with the priority of this handle.
    bulkhead: Bulkhead,
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
    pub(crate) fn new(shared: Arc<Shared<T, E>>, priority: Priority) -> Self {
        let bulkhead = shared.bulkhead.with_priority(priority);
        Self { shared, bulkhead }
    }

    /// Another handle to the same pool, for callers of this priority; see [`Priority`].
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        Self::new(Arc::clone(&self.shared), priority)
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
        &self.bulkhead
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
}

impl<T, E> Clone for Pool<T, E> {
    fn clone(&self) -> Self {
        self.with_priority(self.bulkhead.priority())
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
