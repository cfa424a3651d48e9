//! Calls through the breaker of a key.

use std::borrow::Borrow;
use std::fmt::Display;
use std::future::Future;
use std::hash::Hash;

use crate::error::Error;
use crate::keyed::Keyed;

impl<K: Hash + Eq + Clone + Display> Keyed<K> {
    /// Runs the operation through the breaker of this key, as [`CircuitBreaker::call`](crate::CircuitBreaker::call).
    ///
    /// # Errors
    /// [`Error::Rejected`] if the key's breaker did not let the call through, [`Error::Operation`]
    /// with the operation's own error if it did.
    ///
    /// # Panics
    /// Only if the operation does: that counts as a failure and goes on unwinding.
    ///
    /// # Cancel safety
    /// As [`CircuitBreaker::call`](crate::CircuitBreaker::call). The key's breaker is looked up when the future is first polled.
    ///
    /// # Examples
    /// ```
    /// # use steadfast_breaker::Keyed;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let shards: Keyed<u32> = Keyed::builder("shards").build().unwrap();
    /// let answer = shards.call(&3, || async { Ok::<_, std::io::Error>(42) }).await;
    /// assert_eq!(answer.unwrap(), 42);
    /// # }
    /// ```
    pub async fn call<Q, T, E, F, Fut>(&self, key: &Q, operation: F) -> Result<T, Error<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.get(key).call(operation).await
    }

    /// The same without a runtime: runs the operation on this thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Panics
    /// Only if the operation does: that counts as a failure and goes on unwinding.
    pub fn call_blocking<Q, T, E, F>(&self, key: &Q, operation: F) -> Result<T, Error<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Result<T, E>,
    {
        self.get(key).call_blocking(operation)
    }
}
