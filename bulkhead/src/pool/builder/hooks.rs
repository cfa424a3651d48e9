use std::time::Duration;

use crate::pool::{builder::PoolBuilder, hooks::HookFuture};

impl<T, E> PoolBuilder<T, E> {
    /// How long `create` may take before it is dropped. Longer than zero.
    ///
    /// Default 5 s: a TCP connect that lost two packets still makes it.
    pub fn create_timeout(mut self, timeout: Duration) -> Self {
        self.hooks.create_timeout = timeout;
        self
    }

    /// Looks at an idle resource before it is lent again; `false` drops it and tries the next. Runs
    /// first of the hooks, on the caller's task outside all locks, so keep it to a look: is the
    /// connection still open?
    ///
    /// Default: every resource is valid.
    pub fn is_valid(mut self, is_valid: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.hooks.is_valid = Some(Box::new(is_valid));
        self
    }

    /// Tries an idle resource before it is lent again, for instance with a ping; `false` drops it
    /// and tries the next. Runs last of the hooks, in the caller's place, within
    /// [`validate_timeout`](Self::validate_timeout). A new resource is not tried.
    ///
    /// It costs each checkout a round trip and an allocation. Where a dead connection can be told by
    /// looking at it, [`is_valid`](Self::is_valid) is free.
    ///
    /// Default: every resource passes.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Connection;
    /// # impl Connection {
    /// #     async fn open() -> Result<Self, std::io::Error> { Ok(Self) }
    /// #     async fn ping(&mut self) -> Result<(), std::io::Error> { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("db", Connection::open)
    ///     .validate(|connection| Box::pin(async move { connection.ping().await.is_ok() }))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn validate<F>(mut self, validate: F) -> Self
    where
        F: for<'a> Fn(&'a mut T) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.hooks.validate = Some(Box::new(validate));
        self
    }

    /// How long `validate` may take before it and its resource are dropped. Longer than zero.
    ///
    /// Default 1 s: a healthy server answers a ping in far less, and a new resource is the better
    /// choice then.
    pub fn validate_timeout(mut self, timeout: Duration) -> Self {
        self.hooks.validate_timeout = timeout;
        self
    }

    /// Brings a used resource back to its first state: rolls back, resets the session, empties the
    /// buffer. `false` drops it and tries the next. Runs after `is_valid` and before `validate`,
    /// within [`recycle_timeout`](Self::recycle_timeout), and only for resources that were lent
    /// before.
    ///
    /// It runs at the **next** checkout, in that caller's place, so that a check-in does not wait
    /// and cannot fail. Until then the resource lies idle as its last user left it: a lock that it
    /// holds on the server, say, it holds as long. Let users free such things themselves.
    ///
    /// Default: nothing is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Connection;
    /// # impl Connection {
    /// #     async fn open() -> Result<Self, std::io::Error> { Ok(Self) }
    /// #     async fn reset(&mut self) -> Result<(), std::io::Error> { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("db", Connection::open)
    ///     .recycle(|connection| Box::pin(async move { connection.reset().await.is_ok() }))
    ///     .recycle_timeout(Duration::from_millis(500))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn recycle<F>(mut self, recycle: F) -> Self
    where
        F: for<'a> Fn(&'a mut T) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.hooks.recycle = Some(Box::new(recycle));
        self
    }

    /// How long `recycle` may take before it and its resource are dropped. Longer than zero.
    ///
    /// Default 1 s, for the same reason as [`validate_timeout`](Self::validate_timeout).
    pub fn recycle_timeout(mut self, timeout: Duration) -> Self {
        self.hooks.recycle_timeout = timeout;
        self
    }

    /// Says whether a resource whose user panicked may be lent again. It is asked while the panic
    /// unwinds, about a checkout that is dropped by it and about an operation of
    /// [`with_resource`](crate::Pool::with_resource), also one that lay half-way when a panic around
    /// it dropped it. A panic of its own is caught and means no.
    ///
    /// Default: none is kept, because its state is unknown.
    ///
    /// # Examples
    ///
    /// A buffer is as good as before; `recycle` empties it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Pool;
    ///
    /// let pool = Pool::builder("buffers", || async { Ok::<_, std::io::Error>(Vec::<u8>::new()) })
    ///     .recycle(|buffer| Box::pin(async move { buffer.clear(); true }))
    ///     .keep_after_panic(|_| true)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_after_panic(mut self, keep: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.hooks.keep_after_panic = Some(Box::new(keep));
        self
    }
}
