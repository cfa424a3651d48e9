//! The handle that users hold.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::backoff::{Draws, Waits};
use crate::blocking;
use crate::builder::Builder;
#[cfg(feature = "tokio")]
use crate::call;
use crate::error::Exhausted;
use crate::observer::{Observer, Observers};
use crate::policy::Policy;
use crate::run::End;
use crate::scoped::{Classified, OnRetry};
use crate::snapshot::{Counters, Snapshot};
use crate::verdict::Verdict;

/// Calls an operation again when it fails, with growing waits in between.
///
/// A handle: cloning it is cheap, and all clones share one set of counters. Calls share nothing
/// else, so one `Retry` serves any number of them at a time. See the [crate docs](crate) for the
/// whole picture.
#[derive(Clone)]
pub struct Retry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    pub(crate) counters: Counters,
    pub(crate) observers: Observers,
    /// How many sequences of backoffs have been drawn, so that no two are the same.
    sequences: AtomicU64,
}

impl Shared {
    /// A sequence of draws unlike that of any other call.
    pub(crate) fn draws(&self) -> Draws {
        let sequence = self.sequences.fetch_add(1, Ordering::Relaxed);
        Draws::new(self.policy.seed ^ sequence.wrapping_mul(SPREAD))
    }
}

/// Spreads the numbers 0, 1, 2 ... over all 64 bits. Odd, so that no two of them meet.
const SPREAD: u64 = 0xD1B5_4A32_D192_ED03;

impl Retry {
    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Starts the description of a retry. The name appears in errors, events and snapshots.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(name: Arc<str>, policy: Policy, observers: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            shared: Arc::new(Shared {
                name,
                policy,
                counters: Counters::default(),
                observers: Observers::new(observers),
                sequences: AtomicU64::new(0),
            }),
        }
    }

    /// Calls `operation` until it gives an `Ok` or the retry gives up.
    ///
    /// Every `Err` is retried; say otherwise with [`classify`](Self::classify). The closure runs once
    /// for each attempt and is told which one it is.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last error, when `max_attempts` have been made or the next wait would
    /// pass `max_elapsed`.
    ///
    /// # Panics
    ///
    /// When the operation does; the panic is counted. Also, as [`tokio::time::sleep`] does, if it has
    /// to wait outside a tokio runtime or in one without a timer. A call that never waits, because
    /// its backoff is zero, needs no runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt or the wait it is in, at once; the call is counted as
    /// abandoned. What the attempt has done by then stays done. A future dropped before its first
    /// poll has not begun and counts as nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_retry::Retry;
    ///
    /// let retry = Retry::builder("inventory").max_attempts(3).build()?;
    /// let stock = retry
    ///     .call(|attempt| async move {
    ///         if attempt.number() < 3 { Err("connection reset") } else { Ok(42) }
    ///     })
    ///     .await;
    /// assert_eq!(stock, Ok(42));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call<T, E, F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, Exhausted<E>>>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let shared = &self.shared;
        call::call(
            shared,
            operation,
            errors_are_retried,
            |_, _, _| (),
            by_error,
        )
    }

    /// `call` for code that blocks: waits by [`std::thread::sleep`].
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last error, when `max_attempts` have been made or the next wait would
    /// pass `max_elapsed`.
    ///
    /// # Panics
    ///
    /// When the operation does; the panic is counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Reason, Retry};
    ///
    /// let retry = Retry::builder("lock file")
    ///     .max_attempts(2)
    ///     .base_backoff(Duration::from_millis(1))
    ///     .build()?;
    /// let exhausted = retry.call_blocking(|_| Err::<(), _>("busy")).unwrap_err();
    /// assert_eq!(exhausted.attempts, 2);
    /// assert_eq!(exhausted.reason, Reason::Attempts);
    /// assert_eq!(exhausted.into_last(), "busy");
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn call_blocking<T, E>(
        &self,
        operation: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, Exhausted<E>> {
        by_error(blocking::call(
            &self.shared,
            thread::sleep,
            operation,
            errors_are_retried,
            |_, _, _| (),
        ))
    }

    /// Judges results by `classifier` instead of retrying every `Err`.
    ///
    /// The classifier sees the whole `Result` of each attempt and answers with a [`Verdict`], which
    /// has more examples. It applies to the one call that follows.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Reason, Retry, Verdict};
    ///
    /// let retry = Retry::builder("login").base_backoff(Duration::ZERO).build()?;
    /// let exhausted = retry
    ///     .classify(|result: &Result<(), &str>| match result {
    ///         Ok(()) => Verdict::Accept,
    ///         Err("wrong password") => Verdict::Stop,
    ///         Err(_) => Verdict::Retry,
    ///     })
    ///     .call_blocking(|attempt| {
    ///         Err(if attempt.is_retry() { "wrong password" } else { "timed out" })
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(exhausted.reason, Reason::NotRetryable);
    /// assert_eq!(exhausted.attempts, 2);
    /// assert_eq!(exhausted.into_result(), Err("wrong password"));
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn classify<T, E, C>(&self, classifier: C) -> Classified<'_, T, E, C>
    where
        C: FnMut(&Result<T, E>) -> Verdict,
    {
        Classified::new(&self.shared, classifier)
    }

    /// Runs `hook` before each wait of the one call that follows, with the number of the attempt
    /// that failed, its error, and how long the wait will be.
    ///
    /// A panic of the hook is a panic of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Retry;
    ///
    /// let retry = Retry::builder("upload").max_attempts(3).base_backoff(Duration::ZERO).build()?;
    /// let mut log = Vec::new();
    /// let _ = retry
    ///     .on_retry(|attempt, error: &&str, wait| log.push(format!("{attempt}: {error}, {wait:?}")))
    ///     .call_blocking(|_| Err::<(), _>("no route"));
    /// assert_eq!(log, ["1: no route, 0ns", "2: no route, 0ns"]);
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn on_retry<E, H>(&self, hook: H) -> OnRetry<'_, E, H>
    where
        H: FnMut(u32, &E, Duration),
    {
        OnRetry::new(&self.shared, hook)
    }

    /// The waits that a call would make, as an endless iterator: each time another draw of jitter.
    #[must_use]
    pub fn backoff(&self) -> Waits {
        Waits::new(self.shared.policy.backoff, self.shared.draws())
    }

    /// The name given to the builder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What the retry is doing and has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Shared {
            name,
            counters,
            observers,
            ..
        } = &*self.shared;
        Snapshot {
            name: name.clone(),
            waiting: counters.waiting(),
            totals: counters.totals(observers.panics()),
        }
    }

    /// Tells `observer` too, from now on. Observers cannot be taken away again.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        self.shared.observers.add(observer);
    }

    /// A handle that does not keep the retry alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakRetry {
        WeakRetry {
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            name,
            policy,
            counters,
            ..
        } = &*self.shared;
        f.debug_struct("Retry")
            .field("name", name)
            .field("policy", policy)
            .field("waiting", &counters.waiting())
            .finish_non_exhaustive()
    }
}

/// A [`Retry`] that may be gone: what watches it should hold this one.
#[derive(Debug, Clone)]
pub struct WeakRetry {
    shared: Weak<Shared>,
}

impl WeakRetry {
    /// The retry, if any handle to it is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<Retry> {
        let shared = self.shared.upgrade()?;
        Some(Retry { shared })
    }
}

/// The classifier of calls that were given none.
pub(crate) fn errors_are_retried<T, E>(result: &Result<T, E>) -> Verdict {
    match result {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::Retry,
    }
}

/// The end of a call that accepts every `Ok`, and so is given up on an `Err` only.
pub(crate) fn by_error<T, E>(end: End<T, E>) -> Result<T, Exhausted<E>> {
    end.or_else(|exhausted| exhausted.transpose())
}
