//! The ways to a place under a key: its own first, then the outer one.

use std::{borrow::Borrow, fmt::Display, hash::Hash};

use crate::{
    bulkhead::Bulkhead,
    error::Error,
    keyed::{Keyed, permit::KeyedPermit},
    permit::Permit,
    rejected::Rejected,
};

impl<K: Hash + Eq + Clone + Display> Keyed<K> {
    /// Takes a place of this key, and an outer one if there is an outer bulkhead, without waiting.
    ///
    /// # Errors
    ///
    /// As [`Bulkhead::try_acquire`]; [`Rejected::name`] tells which of the two refused. If it was
    /// the outer one, the key's place is given back.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::Keyed;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tenants: Keyed<u32> = Keyed::builder("tenants")
    ///     .bulkhead(|each| each.max_concurrent(1))
    ///     .build()?;
    /// let permit = tenants.try_acquire(&7)?;
    /// assert_eq!(tenants.try_acquire(&7).unwrap_err().name(), "tenants/7");
    /// assert!(tenants.try_acquire(&8).is_ok());
    /// # drop(permit);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire<Q>(&self, key: &Q) -> Result<KeyedPermit, Rejected>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.enter(key, Bulkhead::try_acquire)
    }

    /// Takes a place of this key, and then an outer one if there is an outer bulkhead, waiting in line
    /// for each for at most its checkout timeout; so for both together at most the sum.
    ///
    /// # Errors
    ///
    /// As [`Bulkhead::acquire`]; [`Rejected::name`] tells which of the two refused. If it was the
    /// outer one, the key's place is given back.
    ///
    /// # Panics
    ///
    /// As [`Bulkhead::acquire`]: when it has to wait outside a tokio runtime with its time driver
    /// enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the line that it stands in at once, and gives back the key's
    /// place if it stood in the outer one. The key is looked up when the future is first polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Bulkhead, Keyed};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let all = Bulkhead::builder("all tenants").max_concurrent(100).build()?;
    /// let tenants: Keyed<u32> = Keyed::builder("tenants").outer(all.clone()).build()?;
    ///
    /// let permit = tenants.acquire(&7).await?;
    /// assert_eq!((tenants.get(&7).snapshot().busy, all.snapshot().busy), (1, 1));
    /// drop(permit);
    /// assert_eq!((tenants.get(&7).snapshot().busy, all.snapshot().busy), (0, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn acquire<Q>(&self, key: &Q) -> Result<KeyedPermit, Rejected>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let place = self.get(key).acquire().await?;
        let outer = match self.outer() {
            None => None,
            Some(outer) => Some(outer.acquire().await?),
        };
        Ok(KeyedPermit::new(place, outer))
    }

    /// [`acquire`](Self::acquire) for a thread: it parks while it waits in line. The timeouts are
    /// measured in real time.
    ///
    /// # Errors
    ///
    /// The same as for `acquire`.
    pub fn acquire_blocking<Q>(&self, key: &Q) -> Result<KeyedPermit, Rejected>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.enter(key, Bulkhead::acquire_blocking)
    }

    /// Runs an operation in a place of this key, and in an outer one if there is an outer bulkhead.
    /// It is started only once it has both, and both are given back when its future is done and
    /// dropped, the outer one first.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when there was no place (see [`acquire`](Self::acquire)), and
    /// [`Error::Operation`] with the operation's own error.
    ///
    /// # Panics
    ///
    /// As `acquire` does. A panic of the operation gives the places back and goes on unwinding.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the line, or drops the operation, and gives back what it held.
    /// The key is looked up when the future is first polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::Keyed;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hosts: Keyed<String> = Keyed::builder("hosts").build()?;
    /// let sum = hosts
    ///     .call("a.example", || async { Ok::<_, std::io::Error>(1 + 1) })
    ///     .await?;
    /// assert_eq!(sum, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn call<Q, F, Fut, T, E>(&self, key: &Q, operation: F) -> Result<T, Error<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let of_key = self.get(key);
        let Some(outer) = self.outer() else {
            return of_key.call(operation).await;
        };
        let _place = of_key.acquire().await?;
        outer.call(operation).await
    }

    /// [`call`](Self::call) for a thread.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when there was no place (see
    /// [`acquire_blocking`](Self::acquire_blocking)), and [`Error::Operation`] with the operation's
    /// own error.
    pub fn call_blocking<Q, F, T, E>(&self, key: &Q, operation: F) -> Result<T, Error<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Result<T, E>,
    {
        let _places = self.acquire_blocking(key)?;
        operation().map_err(Error::Operation)
    }

    fn enter<Q>(
        &self,
        key: &Q,
        door: impl Fn(&Bulkhead) -> Result<Permit, Rejected>,
    ) -> Result<KeyedPermit, Rejected>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let place = door(&self.get(key))?;
        let outer = self.outer().map(door).transpose()?;
        Ok(KeyedPermit::new(place, outer))
    }
}
