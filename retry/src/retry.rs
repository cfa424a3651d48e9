//! The handle that users hold.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::backoff::Waits;
use crate::blocking;
use crate::budget::Budget;
use crate::builder::Builder;
#[cfg(feature = "tokio")]
use crate::calling::Calling;
use crate::classified::Classified;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::ConfigError;
use crate::exhausted::Exhausted;
use crate::failure::Failure;
use crate::history::History;
use crate::judge::ErrorsAreRetried;
use crate::observer::Observer;
use crate::scoped::Scoped;
use crate::shared::{Borrowed, Shared};
use crate::snapshot::Snapshot;
use crate::verdict::Verdict;
use crate::weak::WeakRetry;

/// Calls an operation again when it fails, with growing waits in between.
///
/// A handle: cloning it is cheap, and all clones share one set of counters. Calls share nothing
/// else, so one `Retry` serves any number of them at a time. See the [crate docs](crate) for the
/// whole picture.
#[derive(Clone)]
pub struct Retry {
    shared: Arc<Shared>,
}

impl Retry {
    /// Starts the description of a retry. The name appears in errors, events and snapshots.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Calls `operation` until it gives an `Ok` or the retry gives up.
    ///
    /// Every `Err` is retried; say otherwise with [`classify`](Self::classify). The closure runs once
    /// for each attempt and is told which one it is.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last error, for one of the [`Reason`](crate::Reason)s: `max_attempts`
    /// have been made, the time is over or would be before the next attempt, or the budget has nothing
    /// left.
    ///
    /// # Panics
    ///
    /// When the operation does; the panic is counted. Also, as [`tokio::time::sleep`] does, if it has
    /// to wait outside a tokio runtime or in one without a timer: for a backoff, or, where a limit of
    /// time or `attempt_timeout` may cut it off, for an attempt that is not ready at once. With a
    /// backoff of zero and no such limit it needs no runtime.
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
    #[inline]
    pub fn call<T, E, F, Fut>(
        &self,
        mut operation: F,
    ) -> impl Future<Output = Result<T, Box<Exhausted<E>>>>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let operation = move |attempt, _: &History<E>| operation(attempt);
        let nothing = |_: u32, _: &Failure<E>, _: Duration| ();
        Calling::new(self.shared(), None, operation, ErrorsAreRetried, nothing)
    }

    /// `call` for an operation that wants to know what went wrong before: beside the attempt it is
    /// lent the [`History`] of those before it, the errors among them.
    ///
    /// An [`Attempt`] is a plain value that a future can keep; the history is not, so what the future
    /// needs of it has to be taken out first. It is as long as the builder's
    /// [`history`](Builder::history) allows.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_retry::Retry;
    ///
    /// let retry = Retry::builder("inventory").build()?;
    /// let stock = retry
    ///     .call_with_history(|_attempt, history| {
    ///         // The second address, once the first one has refused.
    ///         let refused = history.last_error() == Some(&"connection refused");
    ///         async move { if refused { Ok(42) } else { Err("connection refused") } }
    ///     })
    ///     .await;
    /// assert_eq!(stock, Ok(42));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call_with_history<T, E, F, Fut>(
        &self,
        operation: F,
    ) -> impl Future<Output = Result<T, Box<Exhausted<E>>>>
    where
        F: FnMut(Attempt, &History<E>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let nothing = |_: u32, _: &Failure<E>, _: Duration| ();
        Calling::new(self.shared(), None, operation, ErrorsAreRetried, nothing)
    }

    /// `call` for code that blocks: waits by [`std::thread::sleep`].
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last error, as from `call`. An attempt is never cut off: one that ends
    /// after the time is over is the last, and accepted if it gave an `Ok`.
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
    /// assert_eq!(exhausted.into_last(), Some("busy"));
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn call_blocking<T, E>(
        &self,
        mut operation: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, Box<Exhausted<E>>> {
        self.call_blocking_with_history(move |attempt, _| operation(attempt))
    }

    /// [`call_with_history`](Self::call_with_history) for code that blocks.
    ///
    /// # Errors
    ///
    /// As [`call_blocking`](Self::call_blocking).
    ///
    /// # Panics
    ///
    /// When the operation does; the panic is counted.
    pub fn call_blocking_with_history<T, E>(
        &self,
        operation: impl FnMut(Attempt, &History<E>) -> Result<T, E>,
    ) -> Result<T, Box<Exhausted<E>>> {
        blocking::call(
            self.shared(),
            None,
            thread::sleep,
            operation,
            ErrorsAreRetried,
            |_, _, _| (),
        )
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
    /// assert_eq!(exhausted.into_last(), Some(Err("wrong password")));
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn classify<T, E, C>(&self, classifier: C) -> Classified<'_, T, E, C>
    where
        C: FnMut(&Result<T, E>) -> Verdict,
    {
        Classified::new(Borrowed::new(&self.shared), None, classifier)
    }

    /// Runs `hook` before each wait of the one call that follows, with the number of the attempt
    /// that failed, what it came to, and how long the wait will be.
    ///
    /// A panic of the hook is a panic of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Failure, Retry};
    ///
    /// let retry = Retry::builder("upload").max_attempts(3).base_backoff(Duration::ZERO).build()?;
    /// let mut log = Vec::new();
    /// let _ = retry
    ///     .on_retry(|attempt, last: &Failure<&str>, wait| log.push(format!("{attempt}: {last}, {wait:?}")))
    ///     .call_blocking(|_| Err::<(), _>("no route"));
    /// assert_eq!(log, ["1: no route, 0ns", "2: no route, 0ns"]);
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn on_retry<E, H>(&self, hook: H) -> Scoped<'_, E, H>
    where
        H: FnMut(u32, &Failure<E>, Duration),
    {
        Scoped::new(&self.shared).on_retry(hook)
    }

    /// Ends the one call that follows by this deadline, beside the limits that all calls have.
    ///
    /// An asynchronous attempt that is under way then is dropped; a wait that would reach the deadline
    /// is not begun; and if it has passed already, nothing is attempted.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::future::pending;
    /// use std::time::Duration;
    /// use steadfast_retry::{Deadline, Failure, Reason, Retry};
    ///
    /// let retry = Retry::builder("stock").build()?;
    /// let exhausted = retry
    ///     .deadline(Deadline::after(Duration::from_millis(800)))
    ///     .call(|_| pending::<Result<u32, &str>>())
    ///     .await
    ///     .unwrap_err();
    /// assert_eq!(exhausted.reason, Reason::Deadline);
    /// assert_eq!(exhausted.last, Failure::TimedOut { after: Duration::from_millis(800) });
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "tokio"))]
    /// # fn main() {}
    /// ```
    pub fn deadline<E>(&self, deadline: Deadline) -> Scoped<'_, E> {
        Scoped::new(&self.shared).deadline(deadline)
    }

    /// The waits that a call would make, as an endless iterator: each time another draw of jitter.
    #[must_use]
    pub fn backoff(&self) -> Waits {
        self.shared
            .policy()
            .backoff
            .waits_seeded(self.shared.sequence())
    }

    /// Goes over to other settings while in use, for all clones. Counts, observers, the seed of the jitter
    /// and the [deadline of all calls](Builder::deadline) stay as they are.
    ///
    /// # Calls in flight
    ///
    /// Each decision goes by one set of settings, the newest as it is made:
    ///
    /// - whether there is another attempt, after which wait, and whether the budget is asked: decided when an
    ///   attempt has failed. A wait that has begun is not cut short, and the attempt after it is made;
    /// - `attempt_timeout`: fixed for an attempt when it turns out not to be ready at once. One under way
    ///   keeps what it has;
    /// - `max_elapsed`: fixed for a call when it begins;
    /// - `history`: asked when an attempt is put down. What is more than that by then is dropped.
    ///
    /// A call that has a number of attempts of [its own](Scoped::max_attempts) keeps that.
    ///
    /// # The budget
    ///
    /// One that the settings describe is changed in place, as by [`Budget::reconfigure`], appears, or is not
    /// asked any more; it is still there then, for what it has granted, and goes on with its counts should it
    /// be wanted again. Calls that began without one are not recorded in it, but their retries are taken from
    /// it. One that was [brought along](Builder::budget) stays, and its settings are its own.
    ///
    /// # Cost
    ///
    /// Calls read the settings without a lock. All settings there have been stay in memory as long as the
    /// retry, less than a KiB each; the same as before add none.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with **every** setting that breaks its rule, `budget` among them if one was brought
    /// along; nothing has changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_retry::Retry;
    ///
    /// let retry = Retry::builder("payments").build()?;
    /// let mut config = retry.config().clone();
    /// config.max_attempts = 1; // no retries, for now
    /// retry.reconfigure(config)?;
    /// assert_eq!(retry.config().max_attempts, 1);
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config)
    }

    /// The settings, as plain data. They are the newest as this is called, and do not change under the
    /// reference.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.policy().config
    }

    /// The budget that retries are taken from, if there is one.
    #[must_use]
    pub fn budget(&self) -> Option<&Budget> {
        self.shared.budget_of(self.shared.policy())
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
            budget: self.budget().map(Budget::snapshot),
            totals: counters.totals(observers.panics()),
        }
    }

    /// Tells `observer` too, from now on. Observers cannot be taken away again.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        self.shared.observers.add(observer);
    }

    /// Asks every observer again whether it [wants to be told](Observer::wants_retries). For whoever owns
    /// one that has changed its mind.
    pub fn ask_observers(&self) {
        self.shared.observers.ask();
    }

    /// A handle that does not keep the retry alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakRetry {
        WeakRetry::new(Arc::downgrade(&self.shared))
    }
}

// What a panic can interrupt is settled in the same breath, so what is seen afterwards is whole.
impl UnwindSafe for Retry {}
impl RefUnwindSafe for Retry {}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { name, counters, .. } = &*self.shared;
        f.debug_struct("Retry")
            .field("name", name)
            .field("policy", self.shared.policy())
            .field("waiting", &counters.waiting())
            .finish_non_exhaustive()
    }
}
