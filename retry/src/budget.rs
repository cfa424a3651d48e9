//! How many retries and hedges there may be, for all calls together.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use self::shared::Shared;
use crate::clock;
use crate::error::ConfigError;

mod builder;
mod config;
#[cfg(test)]
mod model;
mod observer;
mod permit;
mod shared;
mod snapshot;
mod spent;
mod state;
#[cfg(test)]
mod threads;
mod weak;
mod window;

pub use self::builder::BudgetBuilder;
pub use self::config::BudgetConfig;
pub use self::observer::BudgetObserver;
pub use self::permit::BudgetPermit;
pub use self::snapshot::{BudgetSnapshot, BudgetTotals, Suppressed};
pub use self::spent::{BudgetSpent, SpentReason};
pub use self::weak::WeakBudget;

/// How many retries and hedges there may be, for all calls together.
///
/// `max_attempts` limits one call. It does not limit the load: when a dependency fails every call,
/// five attempts are five times the traffic, at the moment it can bear it least, and the retries then
/// keep it down after the cause is gone. No number of attempts is right, for it must be high for one
/// lost packet and low for an outage. A budget looks at all calls instead: a retry is allowed for
/// every few **calls**, so a few failures are all retried, and an outage is met with little more than
/// the usual traffic.
///
/// # The rule
///
/// One more is granted if
///
/// ```text
/// spent + waiting + 1  <=  share * calls + min_per_second * window
/// ```
///
/// - `calls`: those [recorded](Self::record_call) in the window, whether they succeeded or not;
/// - `spent`: the retries and hedges sent in the window;
/// - `waiting`: those granted that are not sent yet, because they are in a backoff. They count however
///   long that lasts, since they all may come due at once.
///
/// The window slides in tenths: what is older than the window never counts, what is younger than nine
/// tenths of it always does. So there is no boundary at which the allowance is there twice. Check and
/// count are one step under one lock: no number of threads gets one more than the rule says.
///
/// # Usage
///
/// Share one budget between all that call the same dependency: clones share everything. Where layers
/// retry inside each other, the outermost counts the calls, and the inner ones get a
/// [`spending_only`](Self::spending_only) handle.
///
/// ```
/// use steadfast_retry::{Budget, Extra, SpentReason};
///
/// let budget = Budget::builder("payments").share(0.2).min_per_second(0.0).build()?;
/// for _ in 0..10 {
///     budget.record_call(); // once for each call, not for its retries
/// }
/// let first = budget.try_acquire(Extra::Retry)?;
/// first.spend(); // as it is sent
/// let second = budget.try_acquire(Extra::Hedge)?;
///
/// let refused = budget.try_acquire(Extra::Retry).unwrap_err();
/// assert_eq!(refused.reason(), SpentReason::Waiting);
/// drop(second); // not needed after all: given back
/// assert!(budget.try_acquire(Extra::Retry).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Sources
///
/// The rule is that of Finagle's [`RetryBudget`], as a sliding window in place of a leaky bucket, with
/// what waits counted too. Why there should be one: Google's [SRE book, chapter 22][sre], on retries
/// and per-client retry budgets. gRPC's [retry throttling][A6] pursues the same end by another rule, a
/// ratio of failures to successes, which this is not.
///
/// [`RetryBudget`]: https://twitter.github.io/finagle/docs/com/twitter/finagle/service/RetryBudget.html
/// [sre]: https://sre.google/sre-book/addressing-cascading-failures/
/// [A6]: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
///
/// # Cost
///
/// A call recorded and a retry granted each take one short lock, the same whatever the traffic, and
/// no allocation; a permit is a clone of an `Arc`. The memory is fixed: ten buckets of two counts.
#[derive(Clone)]
pub struct Budget {
    shared: Arc<Shared>,
    /// Whether this handle's calls are recorded, or those of an outer layer.
    counts_calls: bool,
}

/// What is sent on top of a call's first attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extra {
    /// Another attempt after a failed one.
    Retry,
    /// Another attempt while one is still under way.
    Hedge,
}

impl fmt::Display for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry => "retry",
            Self::Hedge => "hedge",
        })
    }
}

impl Budget {
    /// Starts the description of a budget. The name appears in errors and snapshots.
    pub fn builder(name: impl Into<Arc<str>>) -> BudgetBuilder {
        BudgetBuilder::new(name.into())
    }

    /// The settings must obey their rules.
    fn new(name: Arc<str>, config: BudgetConfig) -> Self {
        Self {
            shared: Arc::new(Shared::new(name, config, clock::now())),
            counts_calls: true,
        }
    }

    /// Counts one call: its first attempt, whatever becomes of it, and not its retries and hedges.
    ///
    /// Does nothing on a [`spending_only`](Self::spending_only) handle.
    pub fn record_call(&self) {
        if self.counts_calls {
            self.record_call_at(clock::now());
        }
    }

    /// Asks for one retry or hedge. The permit counts as waiting until it is
    /// [spent](BudgetPermit::spend), and is given back if it is dropped before.
    ///
    /// # Errors
    ///
    /// [`BudgetSpent`] if the rule does not allow one more; it is counted as suppressed.
    pub fn try_acquire(&self, extra: Extra) -> Result<BudgetPermit, BudgetSpent> {
        self.try_acquire_at(extra, clock::now())
    }

    pub(crate) fn try_acquire_at(
        &self,
        extra: Extra,
        now: Instant,
    ) -> Result<BudgetPermit, BudgetSpent> {
        self.take_at(extra, now)?;
        Ok(BudgetPermit::new(self.clone(), extra))
    }

    /// [`record_call`](Self::record_call) with the time as an argument.
    #[inline]
    pub(crate) fn record_call_at(&self, now: Instant) {
        if self.counts_calls {
            self.shared.record_call(now);
        }
    }

    /// [`try_acquire`](Self::try_acquire) without a permit: whoever is granted one must call
    /// [`spend_at`](Self::spend_at) or [`give_back`](Self::give_back) exactly once, also when dropped.
    #[inline]
    pub(crate) fn take_at(&self, extra: Extra, now: Instant) -> Result<(), BudgetSpent> {
        self.shared.take(extra, now)
    }

    /// What was taken is being sent.
    #[inline]
    pub(crate) fn spend_at(&self, extra: Extra, now: Instant) {
        self.shared.spend(extra, now);
    }

    /// What was taken is not sent.
    #[inline]
    pub(crate) fn give_back(&self) {
        self.shared.give_back();
    }

    /// A handle of the same budget for an inner layer: its [`record_call`](Self::record_call) does
    /// nothing, because the outer layer counts the call already. Clones of it are alike.
    ///
    /// Without it a call that passes through two layers would count twice, and allow twice the
    /// retries.
    #[must_use]
    pub fn spending_only(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            counts_calls: false,
        }
    }

    /// The name given to the builder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> BudgetConfig {
        self.shared.config()
    }

    /// Goes over to other settings while in use, for all clones. Counts, and what was granted and is not yet
    /// sent, stay.
    ///
    /// So does what the window holds. Only if its length changes something may be lost, for it is kept by
    /// tenths of the window: a call then counts as made at the beginning of its tenth, and a retry or hedge
    /// as sent at the end of it, until they are out of the new window. Hence a change never allows one too
    /// many. What was out of the old window does not come back with a longer one.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with **every** setting that breaks its rule; nothing has changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_retry::{Budget, Extra};
    ///
    /// let budget = Budget::builder("payments").min_per_second(0.0).build()?;
    /// (0..20).for_each(|_| budget.record_call());
    /// let mut config = budget.config();
    /// config.share = 0.05;
    /// budget.reconfigure(config)?;
    /// budget.try_acquire(Extra::Retry)?.spend();
    /// assert!(budget.try_acquire(Extra::Retry).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reconfigure(&self, config: BudgetConfig) -> Result<(), ConfigError> {
        let fields = config.broken_fields();
        if !fields.is_empty() {
            let name = Arc::clone(&self.shared.name);
            return Err(ConfigError::new("budget", name, fields));
        }
        self.reconfigure_at(config, clock::now());
        Ok(())
    }

    fn reconfigure_at(&self, config: BudgetConfig, now: Instant) {
        self.shared.reconfigure(config, now);
    }

    /// What the budget allows now and has done.
    #[must_use]
    pub fn snapshot(&self) -> BudgetSnapshot {
        self.snapshot_at(clock::now())
    }

    fn snapshot_at(&self, now: Instant) -> BudgetSnapshot {
        self.shared.snapshot(now)
    }

    /// Adds an observer, which is told of everything from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use steadfast_retry::{Budget, BudgetObserver, BudgetSpent, Extra};
    ///
    /// struct Log;
    ///
    /// impl BudgetObserver for Log {
    ///     fn suppressed(&self, spent: &BudgetSpent) {
    ///         eprintln!("{spent}");
    ///     }
    /// }
    ///
    /// let budget = Budget::builder("payments").share(0.0).min_per_second(0.0).build()?;
    /// budget.add_observer(Arc::new(Log));
    /// assert!(budget.try_acquire(Extra::Retry).is_err());
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn add_observer(&self, observer: Arc<dyn BudgetObserver>) {
        self.shared.observers.add(observer);
    }

    /// A handle that does not keep the budget alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakBudget {
        WeakBudget::new(Arc::downgrade(&self.shared), self.counts_calls)
    }
}

// What a panic can interrupt is settled in the same breath, so what is seen afterwards is whole.
impl UnwindSafe for Budget {}
impl RefUnwindSafe for Budget {}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("name", &self.shared.name)
            .field("config", &self.config())
            .field("counts_calls", &self.counts_calls)
            .finish_non_exhaustive()
    }
}
